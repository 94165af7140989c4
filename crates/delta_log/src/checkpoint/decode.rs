//! The values and levels of a column chunk's pages, decoded without trust.
//!
//! Parquet's own decoders panic where a page ends too early; these end with an error. They know
//! plain values, dictionaries, differences, split streams, and levels as runs.
//!
//! Source: Apache Parquet format, "Encodings".

mod delta;
mod value;

use bytes::{Buf, Bytes};
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader};
use parquet::errors::ParquetError;
use parquet::schema::types::ColumnDescriptor;
pub(super) use value::{Fixed, Int96, PlainValue};

/// What Parquet stores of a leaf column in one row group.
pub(super) struct Leaf<T> {
    /// The definition level of a value that is there.
    pub max_definition: i16,
    /// 0 for a column without lists, 1 for one with a list.
    pub max_repetition: i16,
    /// For each entry how much of its path is there.
    pub definitions: Vec<i16>,
    /// For each entry whether it starts a row (0).
    pub repetitions: Vec<i16>,
    /// The values that are there.
    pub values: Vec<T>,
}

/// Why a page cannot be decoded.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The page cannot be read or unpacked.
    #[error(transparent)]
    Parquet(#[from] ParquetError),
    /// A page without the values that it promises.
    #[error("page {page_idx}: {part} end too early")]
    Short {
        /// The page of the chunk, from 0.
        page_idx: usize,
        /// What ends.
        part: &'static str,
    },
    /// A value that is in no dictionary.
    #[error("page {page_idx}: a value is not in the dictionary")]
    NotInDictionary {
        /// The page of the chunk, from 0.
        page_idx: usize,
    },
    /// An encoding that the page's part cannot have.
    #[error("page {page_idx}: {part} in encoding {encoding}")]
    Encoding {
        /// The page of the chunk, from 0.
        page_idx: usize,
        /// What is encoded.
        part: &'static str,
        /// The encoding's name in Parquet.
        encoding: Encoding,
    },
}

/// Decodes all pages of a column chunk.
///
/// # Errors
/// [`DecodeError`] names the page.
pub(super) fn leaf<T: PlainValue>(
    descriptor: &ColumnDescriptor,
    mut pages: Box<dyn PageReader>,
) -> Result<Leaf<T>, DecodeError> {
    let mut leaf = Leaf {
        max_definition: descriptor.max_def_level(),
        max_repetition: descriptor.max_rep_level(),
        definitions: Vec::new(),
        repetitions: Vec::new(),
        values: Vec::new(),
    };
    let length = usize::try_from(descriptor.type_length()).unwrap_or(0);
    let mut dictionary = Vec::new();
    let mut page_idx = 0;
    while let Some(page) = pages.get_next_page()? {
        match page {
            Page::DictionaryPage { mut buf, num_values, encoding, .. } => {
                if !matches!(encoding, Encoding::PLAIN | Encoding::PLAIN_DICTIONARY) {
                    return Err(DecodeError::Encoding { page_idx, part: "dictionary", encoding });
                }
                let short = || DecodeError::Short { page_idx, part: "dictionary values" };
                let values = T::take_plain(&mut buf, length, num_values as usize);
                dictionary = values.ok_or_else(short)?;
            }
            Page::DataPage {
                mut buf,
                num_values,
                encoding,
                def_level_encoding,
                rep_level_encoding,
                ..
            } => {
                let repetitions =
                    prefixed(&mut buf, leaf.max_repetition, rep_level_encoding, page_idx)?;
                let definitions =
                    prefixed(&mut buf, leaf.max_definition, def_level_encoding, page_idx)?;
                let levels = Levels { repetitions, definitions, n_values: num_values as usize };
                let values = Values { bytes: buf, encoding, length, dictionary: &dictionary };
                leaf.take_page(&levels, values, page_idx)?;
            }
            Page::DataPageV2 {
                mut buf,
                num_values,
                encoding,
                def_levels_byte_len,
                rep_levels_byte_len,
                ..
            } => {
                let repetitions = split(&mut buf, rep_levels_byte_len, page_idx)?;
                let definitions = split(&mut buf, def_levels_byte_len, page_idx)?;
                let levels = Levels { repetitions, definitions, n_values: num_values as usize };
                let values = Values { bytes: buf, encoding, length, dictionary: &dictionary };
                leaf.take_page(&levels, values, page_idx)?;
            }
        }
        page_idx += 1;
    }
    Ok(leaf)
}

/// The levels of one page, encoded.
struct Levels {
    repetitions: Bytes,
    definitions: Bytes,
    n_values: usize,
}

/// The values of one page, encoded.
struct Values<'a, T> {
    bytes: Bytes,
    encoding: Encoding,
    /// Of each value, where it is fixed.
    length: usize,
    dictionary: &'a [T],
}

impl<T: PlainValue> Leaf<T> {
    fn take_page(
        &mut self,
        levels: &Levels,
        values: Values<'_, T>,
        page_idx: usize,
    ) -> Result<(), DecodeError> {
        let level = |bytes: &Bytes, max_level: i16, levels: &Levels| {
            let runs = hybrid(bytes, bit_width(max_level), levels.n_values);
            let runs = runs.ok_or(DecodeError::Short { page_idx, part: "levels" })?;
            Ok::<_, DecodeError>(runs.into_iter().map(|level| i16::try_from(level).unwrap_or(-1)))
        };
        self.repetitions.extend(level(&levels.repetitions, self.max_repetition, levels)?);
        let n_before = self.definitions.len();
        self.definitions.extend(level(&levels.definitions, self.max_definition, levels)?);
        let definitions = self.definitions.iter().skip(n_before);
        let n_present = definitions.filter(|level| **level == self.max_definition).count();
        let short = || DecodeError::Short { page_idx, part: "values" };
        let Values { mut bytes, encoding, length, dictionary } = values;
        if n_present == 0 {
            return Ok(());
        }
        match encoding {
            Encoding::PLAIN => {
                self.values.extend(T::take_plain(&mut bytes, length, n_present).ok_or_else(short)?);
            }
            Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY => {
                let bit_width = bytes.try_get_u8().map_err(|_| short())?;
                self.values.reserve(n_present);
                for idx in hybrid(&bytes, bit_width, n_present).ok_or_else(short)? {
                    let value = usize::try_from(idx).ok().and_then(|idx| dictionary.get(idx));
                    let value = value.ok_or(DecodeError::NotInDictionary { page_idx })?;
                    self.values.push(value.clone());
                }
            }
            encoding => {
                let values = T::take_encoded(&mut bytes, length, n_present, encoding);
                let values = values.map_err(|encoding| DecodeError::Encoding {
                    page_idx,
                    part: "values",
                    encoding,
                })?;
                self.values.extend(values.ok_or_else(short)?);
            }
        }
        Ok(())
    }
}

/// Bits that a level up to `max_level` takes.
fn bit_width(max_level: i16) -> u8 {
    u8::try_from(u16::BITS - max_level.unsigned_abs().leading_zeros()).unwrap_or(0)
}

/// The levels of a data page v1, which are after their length; nothing where all are 0.
fn prefixed(
    bytes: &mut Bytes,
    max_level: i16,
    encoding: Encoding,
    page_idx: usize,
) -> Result<Bytes, DecodeError> {
    if max_level == 0 {
        return Ok(Bytes::new());
    }
    if encoding != Encoding::RLE {
        return Err(DecodeError::Encoding { page_idx, part: "levels", encoding });
    }
    let short = DecodeError::Short { page_idx, part: "levels" };
    match bytes.try_get_u32_le() {
        Ok(length) => split(bytes, length, page_idx),
        Err(_) => Err(short),
    }
}

fn split(bytes: &mut Bytes, length: u32, page_idx: usize) -> Result<Bytes, DecodeError> {
    match usize::try_from(length) {
        Ok(length) if length <= bytes.len() => Ok(bytes.split_to(length)),
        _ => Err(DecodeError::Short { page_idx, part: "levels" }),
    }
}

/// `n_values` numbers of `bit_width` bits from runs and bit-packed groups; `None` when the bytes
/// end before. Numbers of no bits are 0 and take no bytes.
fn hybrid(bytes: &[u8], bit_width: u8, n_values: usize) -> Option<Vec<u32>> {
    if bit_width == 0 {
        return Some(vec![0; n_values]);
    }
    if bit_width > 32 {
        return None;
    }
    let width = usize::from(bit_width);
    let mut values = Vec::with_capacity(n_values);
    let mut rest = bytes;
    while values.len() < n_values {
        let n_left = n_values - values.len();
        let head = varint(&mut rest)?;
        let count = usize::try_from(head >> 1).ok()?;
        if head & 1 == 0 {
            let value = rest.split_off(..width.div_ceil(8))?;
            let value = value.iter().rev().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
            // A run of nothing would make no progress.
            if count == 0 {
                return None;
            }
            values.resize(values.len() + count.min(n_left), value);
        } else {
            // Groups of eight; the last one may be cut off behind the values that count.
            let n_packed = count.checked_mul(8)?.min(n_left);
            let n_bytes = count.checked_mul(width)?.min(rest.len());
            let packed = rest.split_off(..n_bytes)?;
            if n_packed == 0 || n_packed.checked_mul(width)? > n_bytes.checked_mul(8)? {
                return None;
            }
            unpack(packed, width, n_packed, &mut values);
        }
    }
    Some(values)
}

/// Appends `n_values` numbers of `width` bits, lowest bits first. `packed` has enough of them.
fn unpack(packed: &[u8], width: usize, n_values: usize, values: &mut Vec<u32>) {
    let mask = (1_u64 << width) - 1;
    let (mut bits, mut n_bits) = (0_u64, 0);
    let mut bytes = packed.iter();
    for _ in 0..n_values {
        while n_bits < width {
            bits |= u64::from(*bytes.next().unwrap_or(&0)) << n_bits;
            n_bits += 8;
        }
        values.push((bits & mask) as u32);
        bits >>= width;
        n_bits -= width;
    }
}

/// An unsigned LEB128 number of at most 32 bits.
fn varint(rest: &mut &[u8]) -> Option<u32> {
    let mut value = 0_u64;
    for shift in (0..35).step_by(7) {
        let byte = *rest.split_off_first()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return u32::try_from(value).ok();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(bytes: &[u8], bit_width: u8, n_values: usize, expected: Option<&[u32]>) {
        assert_eq!(hybrid(bytes, bit_width, n_values).as_deref(), expected, "{bytes:?}");
    }

    #[test]
    fn runs_and_groups() {
        check(&[], 0, 3, Some(&[0, 0, 0]));
        check(&[], 1, 0, Some(&[]));
        // A run of 4, cut at 3.
        check(&[8, 1], 1, 3, Some(&[1, 1, 1]));
        check(&[4, 0x34, 0x12], 16, 2, Some(&[0x1234, 0x1234]));
        // The numbers 0 to 7 in 3 bits, the example of the format's specification.
        check(&[3, 0x88, 0xc6, 0xfa], 3, 8, Some(&[0, 1, 2, 3, 4, 5, 6, 7]));
        // A group whose end is missing, as some writers leave it.
        check(&[3, 0x88], 3, 2, Some(&[0, 1]));
        check(&[3, 0x88], 3, 3, None);
        check(&[4, 1, 3, 0b10], 1, 4, Some(&[1, 1, 0, 1]));
        check(&[3, 255, 255, 255, 255], 32, 1, Some(&[u32::MAX]));
        check(&[8], 1, 3, None);
        check(&[0, 1], 1, 1, None);
        check(&[1, 1], 1, 1, None);
        check(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 1, 1, None);
        check(&[8, 1], 33, 1, None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_numbers_or_nothing(
            bytes in prop::collection::vec(any::<u8>(), 0..40),
            bit_width in 0_u8..=40,
            n_values in 0_usize..100,
        ) {
            if let Some(values) = hybrid(&bytes, bit_width, n_values) {
                prop_assert_eq!(values.len(), n_values);
            }
        }
    }
}
