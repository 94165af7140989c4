//! A column cast to another type, and the rows whose value is not the same any more.

use crate::source::ColumnType;
use crate::source::exact::{self, NumberStyle};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::compute::kernels::cmp::distinct;
use arrow::compute::{CastOptions, cast_with_options, nullif};
use arrow::datatypes::DataType;
use datafusion::error::DataFusionError;

/// The values of a column in another type.
pub(super) struct Fitted {
    /// Null where the value does not fit.
    pub(super) values: ArrayRef,
    /// The rows, from 0, whose value does not fit.
    pub(super) misfits: Vec<usize>,
}

/// Casts `array` to the type `to`. Arrow rounds and cuts where the new type holds less; what does not come back
/// when it is cast again does not fit: also a time with digits below a microsecond, which no table of a lake holds.
///
/// # Errors
/// When no value of the one type gives one of the other.
pub(super) fn cast(array: &ArrayRef, to: &ColumnType) -> Result<Fitted, DataFusionError> {
    let lenient = CastOptions { safe: true, ..CastOptions::default() };
    let from = array.data_type();
    let is_read_as_text = is_text(from) || (to.is_epoch_ms() && from.is_integer());
    let values = if is_read_as_text {
        let text = cast_with_options(array, &DataType::Utf8, &lenient)?;
        exact::values(text.as_string(), to, NumberStyle::default())
    } else {
        cast_with_options(array, to.arrow(), &lenient)?
    };
    let lost: BooleanArray = if is_read_as_text || is_exact(from, to.arrow()) {
        let is_lost = |idx| values.is_null(idx) && array.is_valid(idx);
        (0..array.len()).map(|idx| Some(is_lost(idx))).collect()
    } else {
        distinct(&cast_with_options(&values, from, &lenient)?, array)?
    };
    if lost.true_count() == 0 {
        return Ok(Fitted { values, misfits: Vec::new() });
    }
    let misfits = (0..lost.len()).filter(|idx| lost.value(*idx)).collect();
    Ok(Fitted { values: nullif(&values, &lost)?, misfits })
}

/// Whether a value that is cast is either the same or null.
fn is_exact(from: &DataType, to: &DataType) -> bool {
    from == to || is_text(to) || matches!(from, DataType::Dictionary(_, _))
}

fn is_text(of: &DataType) -> bool {
    matches!(of, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Float64Array, Int64Array, StringArray, TimestampNanosecondArray};
    use arrow::util::display::array_value_to_string;
    use std::sync::Arc;

    #[test]
    fn nothing_is_rounded_or_cut() {
        let check = |array: ArrayRef, to: &str, expected: &[&str], misfits: &[usize]| {
            let fitted = cast(&array, &to.parse().unwrap()).unwrap();
            let shown = (0..array.len()).map(|idx| array_value_to_string(&fitted.values, idx));
            assert_eq!(shown.collect::<Result<Vec<_>, _>>().unwrap(), expected, "{to}");
            assert_eq!(fitted.misfits, misfits, "{to}");
        };
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.5), Some(2.0), None]));
        check(Arc::clone(&floats), "bigint", &["", "2", ""], &[0]);
        check(Arc::clone(&floats), "decimal(10, 2)", &["1.50", "2.00", ""], &[]);
        check(Arc::clone(&floats), "decimal(10, 0)", &["", "2", ""], &[0]);
        let prices: ArrayRef = Arc::new(Float64Array::from(vec![0.1, 19.99, 1.005]));
        check(prices, "decimal(10, 2)", &["0.10", "19.99", ""], &[2]);
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![7, 1 << 40]));
        check(numbers, "int", &["7", ""], &[1]);
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["7", "x"]));
        check(texts, "bigint", &["7", ""], &[1]);
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["1.5", "1.005"]));
        check(texts, "decimal(10, 2)", &["1.50", ""], &[1]);
        let times: ArrayRef =
            Arc::new(TimestampNanosecondArray::from(vec![1_500_000_000, 1_500_000_001]));
        check(times, "timestamp", &["1970-01-01T00:00:01.500Z", ""], &[1]);
        let epoch: ArrayRef = Arc::new(Int64Array::from(vec![1_500]));
        check(epoch, "timestamp_ms", &["1970-01-01T00:00:01.500Z"], &[]);
        assert!(cast(&floats, &"date".parse().unwrap()).is_err());
    }
}
