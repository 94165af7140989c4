//! Values as bytes, and the bytes as 64 bits: alike on every platform.

use super::DistinctError;
use arrow::array::{Array, ArrayData, ArrayRef, AsArray};
use arrow::datatypes::{ArrowNativeType, DataType, i256};
use twox_hash::XxHash64;

/// Part of what is stored: a sketch of another seed cannot be merged.
const SEED: u64 = 0;

/// The one bit pattern of what is no number.
const NOT_A_NUMBER: u64 = 0x7ff8_0000_0000_0000;

/// Whether values of the type can be counted.
///
/// # Errors
/// [`DistinctError::Type`] when not.
pub(super) fn check_type(found: &DataType) -> Result<(), DistinctError> {
    use DataType as T;
    match found {
        T::Null | T::Boolean | T::Float32 | T::Float64 => Ok(()),
        whole if whole.is_integer() => Ok(()),
        T::Date32 | T::Date64 | T::Time32(_) | T::Time64(_) => Ok(()),
        T::Timestamp(..) | T::Duration(_) => Ok(()),
        decimal if decimal.is_decimal() => Ok(()),
        T::Utf8 | T::LargeUtf8 | T::Utf8View => Ok(()),
        T::Binary | T::LargeBinary | T::BinaryView | T::FixedSizeBinary(_) => Ok(()),
        other => Err(DistinctError::Type { found: other.clone() }),
    }
}

/// Sets `hashes` to those of the values of `column`; what stands at its nulls means nothing.
///
/// # Errors
/// [`DistinctError::Type`] for a type that [`check_type`] refuses.
pub(super) fn hash(column: &ArrayRef, hashes: &mut Vec<u64>) -> Result<(), DistinctError> {
    use DataType as T;
    hashes.clear();
    let values = column.to_data();
    match column.data_type() {
        T::Null => hashes.resize(column.len(), 0),
        T::Boolean => {
            hashes.extend(column.as_boolean().values().iter().map(|value| of_word(value.into())));
        }
        T::Int8 => words(&values, hashes, |value: i8| i64::from(value) as u64),
        T::Int16 => words(&values, hashes, |value: i16| i64::from(value) as u64),
        T::Int32 | T::Date32 | T::Time32(_) => {
            words(&values, hashes, |value: i32| i64::from(value) as u64);
        }
        T::Int64 | T::Date64 | T::Time64(_) | T::Timestamp(..) | T::Duration(_) => {
            words(&values, hashes, |value: i64| value as u64);
        }
        T::UInt8 => words(&values, hashes, |value: u8| value.into()),
        T::UInt16 => words(&values, hashes, |value: u16| value.into()),
        T::UInt32 => words(&values, hashes, |value: u32| value.into()),
        T::UInt64 => words(&values, hashes, |value: u64| value),
        T::Float32 => words(&values, hashes, |value: f32| float_bits(value.into())),
        T::Float64 => words(&values, hashes, float_bits),
        T::Decimal32(..) => decimals(&values, hashes, |value: i32| value.into()),
        T::Decimal64(..) => decimals(&values, hashes, |value: i64| value.into()),
        T::Decimal128(..) => decimals(&values, hashes, |value: i128| value),
        T::Decimal256(..) => {
            let values = numbers::<i256>(&values);
            hashes.extend(values.iter().map(|value| of_bytes(&value.to_le_bytes())));
        }
        T::Utf8 => texts(hashes, column.as_string::<i32>().iter()),
        T::LargeUtf8 => texts(hashes, column.as_string::<i64>().iter()),
        T::Utf8View => texts(hashes, column.as_string_view().iter()),
        T::Binary => texts(hashes, column.as_binary::<i32>().iter()),
        T::LargeBinary => texts(hashes, column.as_binary::<i64>().iter()),
        T::BinaryView => texts(hashes, column.as_binary_view().iter()),
        T::FixedSizeBinary(_) => texts(hashes, column.as_fixed_size_binary().iter()),
        other => return Err(DistinctError::Type { found: other.clone() }),
    }
    Ok(())
}

/// The values of a column of fixed width.
fn numbers<T: ArrowNativeType>(values: &ArrayData) -> &[T] {
    &values.buffer::<T>(0)[..values.len()]
}

fn words<T: ArrowNativeType>(values: &ArrayData, hashes: &mut Vec<u64>, bits: fn(T) -> u64) {
    hashes.extend(numbers::<T>(values).iter().map(|value| of_word(bits(*value))));
}

fn decimals<T: ArrowNativeType>(values: &ArrayData, hashes: &mut Vec<u64>, wide: fn(T) -> i128) {
    let values = numbers::<T>(values).iter();
    hashes.extend(values.map(|value| of_bytes(&wide(*value).to_le_bytes())));
}

fn texts<V: AsRef<[u8]>>(hashes: &mut Vec<u64>, values: impl Iterator<Item = Option<V>>) {
    hashes.extend(values.map(|value| value.map_or(0, |value| of_bytes(value.as_ref()))));
}

fn float_bits(value: f64) -> u64 {
    match value {
        _ if value.is_nan() => NOT_A_NUMBER,
        // Of both signs.
        0.0 => 0,
        _ => value.to_bits(),
    }
}

fn of_word(word: u64) -> u64 {
    of_bytes(&word.to_le_bytes())
}

fn of_bytes(bytes: &[u8]) -> u64 {
    XxHash64::oneshot(SEED, bytes)
}
