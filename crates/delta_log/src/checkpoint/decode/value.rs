//! Single values of the Parquet types that a checkpoint's columns may have.

use super::delta;
use bytes::{Buf, Bytes};
use parquet::basic::{Encoding, Type as PhysicalType};

/// Microseconds in a day.
const DAY_US: i64 = 86_400_000_000;

/// The Julian day of 1970-01-01.
const UNIX_EPOCH_JULIAN_DAY: i64 = 2_440_588;

/// A value that a column of a checkpoint may have.
pub(in crate::checkpoint) trait PlainValue: Clone {
    /// The Parquet type of such a column.
    const PHYSICAL: PhysicalType;

    /// Takes a value from the start of `bytes`; `None` when they end in it. `length` is that of
    /// every value of a column of fixed length.
    fn pop(bytes: &mut Bytes, length: usize) -> Option<Self>;

    /// Takes `n_values` values, one after the other.
    fn take_plain(bytes: &mut Bytes, length: usize, n_values: usize) -> Option<Vec<Self>> {
        (0..n_values).map(|_| Self::pop(bytes, length)).collect()
    }

    /// Takes `n_values` values in an encoding other than plain and by dictionary. `Err` when the
    /// type has no such encoding.
    fn take_encoded(
        bytes: &mut Bytes,
        length: usize,
        n_values: usize,
        encoding: Encoding,
    ) -> Result<Option<Vec<Self>>, Encoding> {
        let _ = (bytes, length, n_values);
        Err(encoding)
    }
}

impl PlainValue for i32 {
    const PHYSICAL: PhysicalType = PhysicalType::INT32;

    fn pop(bytes: &mut Bytes, _length: usize) -> Option<i32> {
        bytes.try_get_i32_le().ok()
    }

    fn take_encoded(
        bytes: &mut Bytes,
        _length: usize,
        n_values: usize,
        encoding: Encoding,
    ) -> Result<Option<Vec<i32>>, Encoding> {
        match encoding {
            // Writers wrap around in the width of the type.
            Encoding::DELTA_BINARY_PACKED => Ok(delta::integers(bytes, n_values)
                .map(|values| values.into_iter().map(|value| value as i32).collect())),
            Encoding::BYTE_STREAM_SPLIT => {
                Ok(streams(bytes, n_values).map(|it| it.map(i32::from_le_bytes).collect()))
            }
            encoding => Err(encoding),
        }
    }
}

impl PlainValue for i64 {
    const PHYSICAL: PhysicalType = PhysicalType::INT64;

    fn pop(bytes: &mut Bytes, _length: usize) -> Option<i64> {
        bytes.try_get_i64_le().ok()
    }

    fn take_encoded(
        bytes: &mut Bytes,
        _length: usize,
        n_values: usize,
        encoding: Encoding,
    ) -> Result<Option<Vec<i64>>, Encoding> {
        match encoding {
            Encoding::DELTA_BINARY_PACKED => Ok(delta::integers(bytes, n_values)),
            Encoding::BYTE_STREAM_SPLIT => {
                Ok(streams(bytes, n_values).map(|it| it.map(i64::from_le_bytes).collect()))
            }
            encoding => Err(encoding),
        }
    }
}

impl PlainValue for f32 {
    const PHYSICAL: PhysicalType = PhysicalType::FLOAT;

    fn pop(bytes: &mut Bytes, _length: usize) -> Option<f32> {
        bytes.try_get_f32_le().ok()
    }

    fn take_encoded(
        bytes: &mut Bytes,
        _length: usize,
        n_values: usize,
        encoding: Encoding,
    ) -> Result<Option<Vec<f32>>, Encoding> {
        match encoding {
            Encoding::BYTE_STREAM_SPLIT => {
                Ok(streams(bytes, n_values).map(|it| it.map(f32::from_le_bytes).collect()))
            }
            encoding => Err(encoding),
        }
    }
}

impl PlainValue for f64 {
    const PHYSICAL: PhysicalType = PhysicalType::DOUBLE;

    fn pop(bytes: &mut Bytes, _length: usize) -> Option<f64> {
        bytes.try_get_f64_le().ok()
    }

    fn take_encoded(
        bytes: &mut Bytes,
        _length: usize,
        n_values: usize,
        encoding: Encoding,
    ) -> Result<Option<Vec<f64>>, Encoding> {
        match encoding {
            Encoding::BYTE_STREAM_SPLIT => {
                Ok(streams(bytes, n_values).map(|it| it.map(f64::from_le_bytes).collect()))
            }
            encoding => Err(encoding),
        }
    }
}

impl PlainValue for bool {
    const PHYSICAL: PhysicalType = PhysicalType::BOOLEAN;

    fn pop(bytes: &mut Bytes, _length: usize) -> Option<bool> {
        bytes.try_get_u8().ok().map(|byte| byte & 1 == 1)
    }

    /// Plain booleans are bits, lowest first.
    fn take_plain(bytes: &mut Bytes, _length: usize, n_values: usize) -> Option<Vec<bool>> {
        if n_values.div_ceil(8) > bytes.len() {
            return None;
        }
        let bits = bytes.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
        Some(bits.take(n_values).collect())
    }

    fn take_encoded(
        bytes: &mut Bytes,
        _length: usize,
        n_values: usize,
        encoding: Encoding,
    ) -> Result<Option<Vec<bool>>, Encoding> {
        match encoding {
            Encoding::RLE => {
                let runs = bytes.get(4..).and_then(|bytes| super::hybrid(bytes, 1, n_values));
                Ok(runs.map(|runs| runs.into_iter().map(|bit| bit == 1).collect()))
            }
            encoding => Err(encoding),
        }
    }
}

/// A text, as a slice of its page.
impl PlainValue for Bytes {
    const PHYSICAL: PhysicalType = PhysicalType::BYTE_ARRAY;

    fn pop(bytes: &mut Bytes, _length: usize) -> Option<Bytes> {
        let length = usize::try_from(bytes.try_get_u32_le().ok()?).ok()?;
        (length <= bytes.len()).then(|| bytes.split_to(length))
    }

    fn take_encoded(
        bytes: &mut Bytes,
        _length: usize,
        n_values: usize,
        encoding: Encoding,
    ) -> Result<Option<Vec<Bytes>>, Encoding> {
        match encoding {
            Encoding::DELTA_LENGTH_BYTE_ARRAY => Ok(delta::slices(bytes, n_values)),
            Encoding::DELTA_BYTE_ARRAY => Ok(delta::texts(bytes, n_values)),
            encoding => Err(encoding),
        }
    }
}

/// Bytes of the column's fixed length.
#[derive(Debug, Clone)]
pub(in crate::checkpoint) struct Fixed(pub Bytes);

impl PlainValue for Fixed {
    const PHYSICAL: PhysicalType = PhysicalType::FIXED_LEN_BYTE_ARRAY;

    fn pop(bytes: &mut Bytes, length: usize) -> Option<Fixed> {
        (length <= bytes.len()).then(|| Fixed(bytes.split_to(length)))
    }
}

/// A timestamp in the old form of 96 bits, as UTC microseconds.
#[derive(Debug, Clone, Copy)]
pub(in crate::checkpoint) struct Int96(pub i64);

impl PlainValue for Int96 {
    const PHYSICAL: PhysicalType = PhysicalType::INT96;

    fn pop(bytes: &mut Bytes, _length: usize) -> Option<Int96> {
        let ns_of_day = bytes.try_get_i64_le().ok()?;
        let julian_day = i64::from(bytes.try_get_i32_le().ok()?);
        let days = julian_day - UNIX_EPOCH_JULIAN_DAY;
        Some(Int96(days.saturating_mul(DAY_US).saturating_add(ns_of_day.div_euclid(1000))))
    }
}

/// Values of `N` bytes whose first bytes come first, then all second ones, and so on.
fn streams<const N: usize>(
    bytes: &Bytes,
    n_values: usize,
) -> Option<impl Iterator<Item = [u8; N]>> {
    if n_values.checked_mul(N)? > bytes.len() {
        return None;
    }
    let bytes = bytes.clone();
    let byte = move |stream: usize, idx: usize| {
        bytes.get(stream * n_values + idx).copied().unwrap_or_default()
    };
    Some((0..n_values).map(move |idx| std::array::from_fn(|stream| byte(stream, idx))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_values() {
        let mut bytes = Bytes::from_static(&[2, 0, 0, 0, b'a', b'b', 9, 0, 0, 0, b'c']);
        assert_eq!(Bytes::pop(&mut bytes, 0).as_deref(), Some(b"ab".as_slice()));
        assert_eq!(Bytes::pop(&mut bytes, 0), None);
        let mut bytes = Bytes::from_static(&[255, 255, 255, 255, 1, 0, 0, 0, 0, 0, 0, 0, 7]);
        assert_eq!(i32::pop(&mut bytes, 0), Some(-1));
        assert_eq!(i64::pop(&mut bytes, 0), Some(1));
        assert_eq!(i32::pop(&mut bytes, 0), None);
        let mut bytes = Bytes::from_static(&[0b101, 1]);
        assert_eq!(bool::take_plain(&mut bytes, 0, 3), Some(vec![true, false, true]));
        assert_eq!(bool::take_plain(&mut bytes, 0, 17), None);
        let mut bytes = Bytes::from_static(&[1, 2, 3, 4, 5]);
        assert_eq!(Fixed::pop(&mut bytes, 4).map(|it| it.0.len()), Some(4));
        assert!(Fixed::pop(&mut bytes, 4).is_none());
        // 1970-01-02 00:00:00.000001, by its nanoseconds and its Julian day.
        let mut bytes = Bytes::from_static(&[0xe8, 3, 0, 0, 0, 0, 0, 0, 0x8d, 0x3d, 0x25, 0]);
        assert_eq!(Int96::pop(&mut bytes, 0).map(|it| it.0), Some(DAY_US + 1));
    }

    #[test]
    fn split_streams() {
        let mut bytes = Bytes::from_static(&[1, 2, 0, 0, 0, 0, 0, 1]);
        let take =
            |bytes: &mut Bytes, n| i32::take_encoded(bytes, 0, n, Encoding::BYTE_STREAM_SPLIT);
        assert_eq!(take(&mut bytes, 2), Ok(Some(vec![1, 0x0100_0002])));
        assert_eq!(take(&mut bytes, 3), Ok(None));
    }
}
