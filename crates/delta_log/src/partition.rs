//! The partition values of a file, which the log has as text, to typed values.

mod instant;

use arrow_array::types::{Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, BinaryArray, BooleanArray, Date32Array, Decimal128Array,
    PrimitiveArray, StringArray, TimestampMicrosecondArray, new_null_array,
};
use arrow_schema::{DataType, TimeUnit};
use std::str::FromStr;
use std::sync::Arc;

/// Why a partition value is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartitionError {
    /// The text is no value of the type.
    #[error("partition value `{value}` is not a {data_type}")]
    Value {
        /// The text in the log.
        value: String,
        /// The type of the column.
        data_type: DataType,
    },
    /// A column of that type cannot partition a table.
    #[error("a column of type {data_type} cannot be a partition column")]
    Type {
        /// The type of the column.
        data_type: DataType,
    },
}

/// The value of a partition column as an array of length 1, of exactly `data_type`.
///
/// `value` is as in [`crate::Add::partition_values`]; `None` and the empty text are null, also of a
/// string column. A timestamp without a zone is taken as UTC, and one without a time as midnight:
/// so a column is written that was one of dates.
///
/// # Errors
/// [`PartitionError`] when the text is not a value of `data_type`, also when it would have to be
/// rounded to be one, or when the type cannot partition.
///
/// Source: Delta protocol, "Partition Value Serialization".
pub fn partition_array(
    data_type: &DataType,
    value: Option<&str>,
) -> Result<ArrayRef, PartitionError> {
    if data_type.is_nested() {
        return Err(PartitionError::Type { data_type: data_type.clone() });
    }
    let Some(text) = value.filter(|text| !text.is_empty()) else {
        return Ok(new_null_array(data_type, 1));
    };
    let error = || PartitionError::Value { value: text.to_owned(), data_type: data_type.clone() };
    let array: Option<ArrayRef> = match data_type {
        DataType::Utf8 => array(StringArray::from(vec![text])),
        DataType::Binary => array(BinaryArray::from_vec(vec![&binary(text)])),
        DataType::Boolean => boolean(text).and_then(|value| array(BooleanArray::from(vec![value]))),
        DataType::Int8 => primitive::<Int8Type>(text),
        DataType::Int16 => primitive::<Int16Type>(text),
        DataType::Int32 => primitive::<Int32Type>(text),
        DataType::Int64 => primitive::<Int64Type>(text),
        DataType::Float32 => primitive::<Float32Type>(text),
        DataType::Float64 => primitive::<Float64Type>(text),
        DataType::Date32 => {
            instant::date_days(text).and_then(|days| array(Date32Array::from(vec![days])))
        }
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let us = match zone {
                Some(_) => instant::timestamp_us(text),
                None => instant::local_timestamp_us(text),
            };
            us.and_then(|us| {
                array(TimestampMicrosecondArray::from(vec![us]).with_timezone_opt(zone.clone()))
            })
        }
        DataType::Decimal128(precision, scale) => decimal(text, *precision, *scale).and_then(|v| {
            let decimals = Decimal128Array::from(vec![v]);
            array(decimals.with_precision_and_scale(*precision, *scale).ok()?)
        }),
        _ => return Err(PartitionError::Type { data_type: data_type.clone() }),
    };
    array.ok_or_else(error)
}

fn array(array: impl Array + 'static) -> Option<ArrayRef> {
    Some(Arc::new(array))
}

fn primitive<T: ArrowPrimitiveType<Native: FromStr>>(text: &str) -> Option<ArrayRef> {
    array(PrimitiveArray::<T>::from_value(text.parse().ok()?, 1))
}

/// The bytes of a text that is `\u0001\u00ff` throughout, one byte each, else those of the text
/// itself: the protocol asks for the former, Spark writes the latter.
fn binary(text: &str) -> Vec<u8> {
    let (groups, rest) = text.as_bytes().as_chunks::<6>();
    let bytes = groups.iter().map(|group| {
        let digits = str::from_utf8(group).ok()?.strip_prefix("\\u00")?;
        let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        u8::from_str_radix(digits, 16).ok().filter(|_| is_hex)
    });
    let bytes = if rest.is_empty() { bytes.collect() } else { None };
    bytes.unwrap_or_else(|| text.as_bytes().to_vec())
}

fn boolean(text: &str) -> Option<bool> {
    let is = |word| text.eq_ignore_ascii_case(word);
    if is("true") { Some(true) } else { is("false").then_some(false) }
}

/// The unscaled value of a decimal such as `-12.30` or `1.2E-3`, where it fits without rounding.
fn decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (sign, number) = match number.strip_prefix('-') {
        Some(number) => (-1, number),
        None => (1, number.strip_prefix('+').unwrap_or(number)),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = || whole.bytes().chain(fraction.bytes());
    if digits().next().is_none() || !digits().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    // Leading zeros say nothing; what is left of them must fit the precision.
    let n_zeros = digits().take_while(|digit| *digit == b'0').count();
    let significant: Vec<u8> = digits().skip(n_zeros).collect();
    if significant.is_empty() {
        return Some(0);
    }
    // The power of ten of the last digit, in units of the scale.
    let mut power = i64::from(exponent) - i64::try_from(fraction.len()).ok()? + i64::from(scale);
    let mut significant = significant.as_slice();
    while let (true, [rest @ .., b'0']) = (power < 0, significant) {
        significant = rest;
        power += 1;
    }
    let power = u32::try_from(power).ok().filter(|power| *power <= 38)?;
    if significant.len() + power as usize > usize::from(precision) {
        return None;
    }
    let value = significant.iter().try_fold(0_i128, |value, digit| {
        value.checked_mul(10)?.checked_add(i128::from(digit - b'0'))
    })?;
    value.checked_mul(10_i128.checked_pow(power)?)?.checked_mul(sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value as Rust shows it, `null`, or `refused`.
    #[track_caller]
    fn check(data_type: &DataType, value: Option<&str>, expected: &str) {
        let found = match partition_array(data_type, value) {
            Err(_) => "refused".to_owned(),
            Ok(array) => {
                assert_eq!((array.len(), array.data_type()), (1, data_type));
                let text = format!("{array:?}");
                let value = text.split("[\n").nth(1).unwrap().trim_end_matches("]");
                value.trim().trim_end_matches(',').to_owned()
            }
        };
        assert_eq!(found, expected, "{data_type} {value:?}");
    }

    fn utc() -> DataType {
        DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
    }

    fn local() -> DataType {
        DataType::Timestamp(TimeUnit::Microsecond, None)
    }

    #[test]
    fn nothing_and_the_empty_text_are_null() {
        for data_type in [
            DataType::Utf8,
            DataType::Binary,
            DataType::Boolean,
            DataType::Int8,
            DataType::Int64,
            DataType::Float64,
            DataType::Date32,
            DataType::Decimal128(10, 2),
            utc(),
            local(),
        ] {
            check(&data_type, None, "null");
            check(&data_type, Some(""), "null");
        }
    }

    #[test]
    fn values() {
        check(&DataType::Utf8, Some("São Paulo"), "\"São Paulo\"");
        check(&DataType::Binary, Some("\u{1}\u{2}"), "[1, 2]");
        check(&DataType::Binary, Some("\\u0001\\u00fF"), "[1, 255]");
        check(&DataType::Binary, Some("\\u00+1"), "[92, 117, 48, 48, 43, 49]");
        check(&DataType::Binary, Some("\\u00011"), "[92, 117, 48, 48, 48, 49, 49]");
        check(&DataType::Boolean, Some("true"), "true");
        check(&DataType::Boolean, Some("False"), "false");
        check(&DataType::Boolean, Some("1"), "refused");
        check(&DataType::Int8, Some("-128"), "-128");
        check(&DataType::Int8, Some("128"), "refused");
        check(&DataType::Int16, Some("32767"), "32767");
        check(&DataType::Int32, Some("7.0"), "refused");
        check(&DataType::Int64, Some("-9223372036854775808"), "-9223372036854775808");
        check(&DataType::Float32, Some("0.5"), "0.5");
        check(&DataType::Float64, Some("1.0E10"), "10000000000.0");
        check(&DataType::Float64, Some("NaN"), "NaN");
        check(&DataType::Float64, Some("-Infinity"), "-inf");
        check(&DataType::Float64, Some("much"), "refused");
        check(&DataType::Date32, Some("1970-01-02"), "1970-01-02");
        check(&DataType::Date32, Some("2021-02-29"), "refused");
        check(&local(), Some("1970-01-01 00:00:01.5"), "1970-01-01T00:00:01.500");
        check(&local(), Some("1970-01-01T00:00:01Z"), "refused");
        check(&local(), Some("1970-01-02"), "1970-01-02T00:00:00");
        check(&DataType::Null, Some("x"), "refused");
        check(&DataType::new_list(DataType::Int8, true), None, "refused");
    }

    #[test]
    fn decimals_are_exact() {
        let money = DataType::Decimal128(5, 2);
        check(&money, Some("123.45"), "12345");
        check(&money, Some("-.5"), "-50");
        check(&money, Some("+007"), "700");
        check(&money, Some("999.990"), "99999");
        check(&money, Some("1.2E2"), "12000");
        check(&money, Some("0E-18"), "0");
        check(&money, Some("1E-2"), "1");
        check(&money, Some("1000"), "refused");
        check(&money, Some("0.001"), "refused");
        check(&money, Some("1E99999999999"), "refused");
        check(&money, Some("1E2147483647"), "refused");
        check(&money, Some("."), "refused");
        check(&money, Some("1,5"), "refused");
        let nines = "9".repeat(38);
        check(&DataType::Decimal128(38, 0), Some(&nines), &nines);
        check(&DataType::Decimal128(38, 0), Some(&format!("{nines}0")), "refused");
    }
}
