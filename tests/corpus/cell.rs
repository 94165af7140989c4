//! One value as text that does not depend on how Arrow holds it: two readers that read the same
//! value write the same text.
//!
//! Integers are written regardless of width, decimals without trailing zeros, floats by their bits
//! with one NaN, timestamps as UTC microseconds whatever their unit and zone, binaries as hex, structs
//! by field name, maps sorted by key. Dictionaries, runs and views are what they stand for.

use arrow::array::{
    Array, AsArray, Decimal32Array, Decimal64Array, downcast_dictionary_array, downcast_run_array,
};
use arrow::datatypes::{
    ArrowNativeType, DataType, Date32Type, Date64Type, Decimal128Type, Decimal256Type, Float16Type,
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType,
    Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use std::fmt::Write;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// Appends the text of the value at `row_idx`, which is within the array.
pub fn write(array: &dyn Array, row_idx: usize, out: &mut String) {
    if array.is_null(row_idx) || array.data_type() == &DataType::Null {
        out.push_str("null");
        return;
    }
    macro_rules! plain {
        ($type:ty) => {{
            let _ = write!(out, "{}", array.as_primitive::<$type>().value(row_idx));
        }};
    }
    macro_rules! ticks {
        ($type:ty) => {
            array.as_primitive::<$type>().value(row_idx)
        };
    }
    match array.data_type() {
        DataType::Boolean => {
            out.push_str(if array.as_boolean().value(row_idx) { "true" } else { "false" });
        }
        DataType::Int8 => plain!(Int8Type),
        DataType::Int16 => plain!(Int16Type),
        DataType::Int32 => plain!(Int32Type),
        DataType::Int64 => plain!(Int64Type),
        DataType::UInt8 => plain!(UInt8Type),
        DataType::UInt16 => plain!(UInt16Type),
        DataType::UInt32 => plain!(UInt32Type),
        DataType::UInt64 => plain!(UInt64Type),
        DataType::Float16 => float(f64::from(ticks!(Float16Type)), out),
        DataType::Float32 => float(f64::from(ticks!(Float32Type)), out),
        DataType::Float64 => float(ticks!(Float64Type), out),
        DataType::Utf8 => text(array.as_string::<i32>().value(row_idx), out),
        DataType::LargeUtf8 => text(array.as_string::<i64>().value(row_idx), out),
        DataType::Utf8View => text(array.as_string_view().value(row_idx), out),
        DataType::Binary => hex(array.as_binary::<i32>().value(row_idx), out),
        DataType::LargeBinary => hex(array.as_binary::<i64>().value(row_idx), out),
        DataType::BinaryView => hex(array.as_binary_view().value(row_idx), out),
        DataType::FixedSizeBinary(_) => hex(array.as_fixed_size_binary().value(row_idx), out),
        DataType::Decimal32(..) => match array.as_any().downcast_ref::<Decimal32Array>() {
            Some(array) => decimal(&array.value_as_string(row_idx), out),
            None => shown(array, row_idx, out),
        },
        DataType::Decimal64(..) => match array.as_any().downcast_ref::<Decimal64Array>() {
            Some(array) => decimal(&array.value_as_string(row_idx), out),
            None => shown(array, row_idx, out),
        },
        DataType::Decimal128(..) => {
            decimal(&array.as_primitive::<Decimal128Type>().value_as_string(row_idx), out);
        }
        DataType::Decimal256(..) => {
            decimal(&array.as_primitive::<Decimal256Type>().value_as_string(row_idx), out);
        }
        DataType::Date32 => {
            let _ = write!(out, "date {}", ticks!(Date32Type));
        }
        DataType::Date64 => {
            let _ = write!(out, "date {}", ticks!(Date64Type).div_euclid(DAY_MS));
        }
        DataType::Timestamp(unit, _) => {
            let (value, ns) = match unit {
                TimeUnit::Second => (ticks!(TimestampSecondType), 1_000_000_000),
                TimeUnit::Millisecond => (ticks!(TimestampMillisecondType), 1_000_000),
                TimeUnit::Microsecond => (ticks!(TimestampMicrosecondType), 1_000),
                TimeUnit::Nanosecond => (ticks!(TimestampNanosecondType), 1),
            };
            instant("at", i128::from(value) * ns, out);
        }
        DataType::Time32(TimeUnit::Second) => {
            instant("time", i128::from(ticks!(Time32SecondType)) * 1_000_000_000, out);
        }
        DataType::Time32(_) => {
            instant("time", i128::from(ticks!(Time32MillisecondType)) * 1_000_000, out);
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            instant("time", i128::from(ticks!(Time64MicrosecondType)) * 1_000, out);
        }
        DataType::Time64(_) => instant("time", i128::from(ticks!(Time64NanosecondType)), out),
        DataType::List(_) => list(array.as_list::<i32>().value(row_idx).as_ref(), out),
        DataType::LargeList(_) => list(array.as_list::<i64>().value(row_idx).as_ref(), out),
        DataType::ListView(_) => list(array.as_list_view::<i32>().value(row_idx).as_ref(), out),
        DataType::LargeListView(_) => {
            list(array.as_list_view::<i64>().value(row_idx).as_ref(), out);
        }
        DataType::FixedSizeList(..) => {
            list(array.as_fixed_size_list().value(row_idx).as_ref(), out);
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row_idx);
            let mut pairs: Vec<String> = (0..entries.len())
                .map(|entry_idx| {
                    let mut pair = String::new();
                    for (column_idx, column) in entries.columns().iter().enumerate() {
                        pair.push_str(if column_idx > 0 { ": " } else { "" });
                        write(column.as_ref(), entry_idx, &mut pair);
                    }
                    pair
                })
                .collect();
            pairs.sort_unstable();
            let _ = write!(out, "map({})", pairs.join(", "));
        }
        DataType::Struct(fields) => {
            let columns = array.as_struct();
            let mut order: Vec<usize> = (0..fields.len()).collect();
            order.sort_by_key(|idx| fields[*idx].name());
            out.push('{');
            for (position, idx) in order.into_iter().enumerate() {
                let _ = write!(
                    out,
                    "{}{}: ",
                    [", ", ""][usize::from(position == 0)],
                    fields[idx].name()
                );
                write(columns.column(idx).as_ref(), row_idx, out);
            }
            out.push('}');
        }
        DataType::Dictionary(..) => downcast_dictionary_array!(
            array => {
                let key = array.keys().value(row_idx).as_usize();
                write(array.values().as_ref(), key, out);
            }
            _ => shown(array, row_idx, out)
        ),
        DataType::RunEndEncoded(..) => downcast_run_array!(
            array => {
                let value_idx = array.get_physical_index(row_idx);
                write(array.values().as_ref(), value_idx, out);
            }
            _ => shown(array, row_idx, out)
        ),
        _ => shown(array, row_idx, out),
    }
}

fn float(value: f64, out: &mut String) {
    // Debug writes the shortest text that reads back as the same bits, and tells -0.0 from 0.0.
    let _ = match value.is_nan() {
        true => write!(out, "NaN"),
        false => write!(out, "{value:?}f"),
    };
}

fn text(value: &str, out: &mut String) {
    let _ = write!(out, "{value:?}");
}

fn hex(bytes: &[u8], out: &mut String) {
    out.push_str("0x");
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
}

fn decimal(value: &str, out: &mut String) {
    let value = match value.contains('.') {
        true => value.trim_end_matches('0').trim_end_matches('.'),
        false => value,
    };
    out.push_str(if value == "-0" { "0" } else { value });
    out.push('d');
}

/// Microseconds, with a fraction where there are nanoseconds.
fn instant(kind: &str, ns: i128, out: &mut String) {
    let _ = write!(out, "{kind} {}", ns.div_euclid(1000));
    if ns.rem_euclid(1000) != 0 {
        let _ = write!(out, ".{:03}", ns.rem_euclid(1000));
    }
}

fn list(items: &dyn Array, out: &mut String) {
    out.push('[');
    for idx in 0..items.len() {
        if idx > 0 {
            out.push_str(", ");
        }
        write(items, idx, out);
    }
    out.push(']');
}

/// What Arrow shows, for types that no table has.
fn shown(array: &dyn Array, row_idx: usize, out: &mut String) {
    let options = FormatOptions::default();
    let value = ArrayFormatter::try_new(array, &options)
        .and_then(|formatter| formatter.value(row_idx).try_to_string());
    match value {
        Ok(value) => out.push_str(&value),
        Err(error) => {
            let _ = write!(out, "<{}: {error}>", array.data_type());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{
        ArrayRef, Decimal128Array, DictionaryArray, Float32Array, Float64Array, Int8Array,
        Int64Array, StringArray, StringViewArray, StructArray, TimestampMicrosecondArray,
        TimestampNanosecondArray, UInt32Array,
    };
    use arrow::datatypes::{Field, Int8Type};
    use std::sync::Arc;

    fn texts(array: &dyn Array) -> Vec<String> {
        (0..array.len())
            .map(|row_idx| {
                let mut out = String::new();
                write(array, row_idx, &mut out);
                out
            })
            .collect()
    }

    #[test]
    fn the_same_value_is_the_same_text() {
        let check = |a: &dyn Array, b: &dyn Array| assert_eq!(texts(a), texts(b), "{a:?} {b:?}");
        check(&Int8Array::from(vec![Some(5), None]), &Int64Array::from(vec![Some(5), None]));
        check(&UInt32Array::from(vec![7]), &Int64Array::from(vec![7]));
        let decimals = |values: Vec<i128>, precision, scale| {
            Decimal128Array::from(values).with_precision_and_scale(precision, scale).unwrap()
        };
        check(&decimals(vec![150, -20, 0], 10, 2), &decimals(vec![15000, -2000, 0], 12, 4));
        check(&StringArray::from(vec!["a\"b"]), &StringViewArray::from(vec!["a\"b"]));
        let words: DictionaryArray<Int8Type> =
            vec![Some("x"), None, Some("x")].into_iter().collect();
        check(&words, &StringArray::from(vec![Some("x"), None, Some("x")]));
        check(
            &TimestampMicrosecondArray::from(vec![-1]).with_timezone("UTC"),
            &TimestampNanosecondArray::from(vec![-1000]),
        );
        check(&Float32Array::from(vec![0.5, f32::NAN]), &Float64Array::from(vec![0.5, -f64::NAN]));
    }

    #[test]
    fn different_values_are_different_texts() {
        let check = |a: &dyn Array, b: &dyn Array| assert_ne!(texts(a), texts(b), "{a:?} {b:?}");
        check(&Float64Array::from(vec![0.0]), &Float64Array::from(vec![-0.0]));
        check(&Int64Array::from(vec![5]), &StringArray::from(vec!["5"]));
        check(&Int64Array::from(vec![5]), &Float64Array::from(vec![5.0]));
        check(&StringArray::from(vec![Some("null")]), &StringArray::from(vec![None::<&str>]));
        check(
            &TimestampMicrosecondArray::from(vec![1]),
            &TimestampNanosecondArray::from(vec![1001]),
        );
    }

    #[test]
    fn structs_go_by_field_name() {
        let one: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        let two: ArrayRef = Arc::new(Int64Array::from(vec![2]));
        let field = |name: &str| Arc::new(Field::new(name, DataType::Int64, true));
        let ab =
            StructArray::from(vec![(field("a"), Arc::clone(&one)), (field("b"), Arc::clone(&two))]);
        let ba = StructArray::from(vec![(field("b"), two), (field("a"), one)]);
        assert_eq!(texts(&ab), texts(&ba));
    }
}
