//! Values of a header as values of a column: the column's type decides what a text is.

use arrow::compute::kernels::cast_utils::parse_decimal;
use arrow::datatypes::{DataType, Decimal128Type};
use chrono::NaiveDate;
use datafusion::common::ScalarValue;

/// Whether a column of this type can be compared with what a header says.
pub(super) fn is_comparable(of: &DataType) -> bool {
    use DataType::*;
    match of {
        Boolean | Utf8 | Date32 | Timestamp(..) | Decimal128(..) => true,
        other => other.is_integer() || other.is_floating(),
    }
}

/// `text` as a value of type `of`, to the last digit; `None` when it is none.
///
/// Types are those that the lake stores. A time without a zone is UTC in a column that has one.
pub(super) fn value(text: &str, of: &DataType) -> Option<ScalarValue> {
    if *of == DataType::Utf8 {
        return Some(ScalarValue::from(text));
    }
    let text = text.trim();
    match of {
        DataType::Boolean => match text {
            "true" => Some(ScalarValue::from(true)),
            "false" => Some(ScalarValue::from(false)),
            _ => None,
        },
        DataType::Decimal128(precision, scale) => {
            let value = decimal(text, *precision, *scale)?;
            Some(ScalarValue::Decimal128(Some(value), *precision, *scale))
        }
        DataType::Float32 => {
            let value: f32 = text.parse().ok()?;
            value.is_finite().then(|| ScalarValue::from(value))
        }
        DataType::Float64 => {
            let value: f64 = text.parse().ok()?;
            value.is_finite().then(|| ScalarValue::from(value))
        }
        DataType::Date32 => {
            let date: NaiveDate = text.parse().ok()?;
            let days = date.signed_duration_since(NaiveDate::default()).num_days();
            Some(ScalarValue::Date32(Some(i32::try_from(days).ok()?)))
        }
        whole if whole.is_integer() => {
            let value: i64 = text.parse().ok()?;
            typed(ScalarValue::from(value), of)
        }
        DataType::Timestamp(..) => typed(ScalarValue::from(text), of),
        _ => None,
    }
}

fn typed(value: ScalarValue, of: &DataType) -> Option<ScalarValue> {
    value.cast_to(of).ok().filter(|value| !value.is_null())
}

/// The digits of `text` with `scale` of them behind the point; `None` when that would lose one.
fn decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let kept = fraction.trim_end_matches('0');
    if kept.len() > usize::try_from(scale).ok()? {
        return None;
    }
    let end = text.len() - (fraction.len() - kept.len());
    let exact = text.get(..end)?.trim_end_matches('.');
    parse_decimal::<Decimal128Type>(exact, precision, scale).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::TimeUnit;

    #[test]
    fn a_text_is_what_the_type_makes_of_it() {
        let check = |text: &str, of: &DataType, expected: Option<&str>| {
            let found = value(text, of);
            if let Some(found) = &found {
                assert_eq!(&found.data_type(), of, "{text}");
            }
            let found = found.map(|found| found.to_string());
            assert_eq!(found.as_deref(), expected, "{text} as {of}");
        };
        let money = DataType::Decimal128(10, 2);
        check("0", &money, Some("0.00"));
        check("-12.5", &money, Some("-12.50"));
        check("+12.500", &money, Some("12.50"));
        check("99999999.99", &money, Some("99999999.99"));
        for text in ["12.345", "100000000", "1e3", "", ".", "-", ".5", "1.2.3", "x", "NaN"] {
            check(text, &money, None);
        }
        check("true", &DataType::Boolean, Some("true"));
        check("yes", &DataType::Boolean, None);
        check(" 7 ", &DataType::Int32, Some("7"));
        check("3000000000", &DataType::Int32, None);
        check("3000000000", &DataType::Int64, Some("3000000000"));
        check("1.0", &DataType::Int64, None);
        check("0.5", &DataType::Float64, Some("0.5"));
        check("1e3", &DataType::Float64, Some("1000"));
        for text in ["NaN", "inf", "1e999", "half"] {
            check(text, &DataType::Float64, None);
        }
        check("1e39", &DataType::Float32, None);
        check(" a b ", &DataType::Utf8, Some(" a b "));
        check("2024-02-29", &DataType::Date32, Some("2024-02-29"));
        check("2023-02-29", &DataType::Date32, None);
        check("2024-02-29T10:00", &DataType::Date32, None);
        let plain = DataType::Timestamp(TimeUnit::Microsecond, None);
        let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        check("1970-01-01", &plain, Some("0"));
        check("1970-01-01 00:00:01.5", &plain, Some("1500000"));
        check("1970-01-01T01:00:00+01:00", &utc, Some("0"));
        check("1970-01-01T00:00:00Z", &utc, Some("0"));
        check("soon", &utc, None);
        check("x", &DataType::Binary, None);
    }
}
