//! What the page headers of a column chunk promise, checked before a decoder believes them.
//!
//! A decoder allocates what a header says. The sizes in a header are bounded here by the bytes that
//! are really there, so that a small broken file cannot ask for gigabytes.

use parquet::basic::Compression;
use parquet::file::metadata::ColumnChunkMetaData;
use std::io::Read;

/// The most that one page may unpack to, in bytes. Writers aim at one mebibyte.
const MAX_PAGE_BYTES: u64 = 128 << 20;

/// The most that one packed byte may unpack to, in bytes, beyond [`FREE_PAGE_BYTES`].
const MAX_RATIO: u64 = 1024;

/// What every page may unpack to, in bytes, however small it is packed.
const FREE_PAGE_BYTES: u64 = 64 << 10;

/// How deep thrift structures nest in a page header, generously.
const MAX_DEPTH: u8 = 8;

/// The rules that the pages of a column chunk can break.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The chunk does not lie within the file.
    #[error("the column chunk does not lie within the file")]
    Outside,
    /// The header of a page cannot be read.
    #[error("no page header at byte {offset}")]
    Header {
        /// Where the header starts in the file.
        offset: usize,
    },
    /// A page does not lie within its chunk.
    #[error("the page at byte {offset} does not lie within its column chunk")]
    Overlong {
        /// Where the page's header starts in the file.
        offset: usize,
    },
    /// A page says that it unpacks to more than it can.
    #[error("the page at byte {offset} says that {packed} bytes unpack to {unpacked}")]
    Unpacked {
        /// Where the page's header starts in the file.
        offset: usize,
        /// Bytes in the file.
        packed: u64,
        /// Bytes in memory.
        unpacked: u64,
    },
    /// A page unpacks to more than it says.
    #[error("the page at byte {offset} unpacks to more than the {unpacked} bytes that it says")]
    Burst {
        /// Where the page's header starts in the file.
        offset: usize,
        /// Bytes in memory, as the header says.
        unpacked: u64,
    },
    /// The levels of a page do not lie within it.
    #[error("the levels of the page at byte {offset} do not lie within it")]
    Levels {
        /// Where the page's header starts in the file.
        offset: usize,
    },
    /// A page in an encoding that this crate does not know.
    #[error("the page at byte {offset} is in encoding {encoding}")]
    Encoding {
        /// Where the page's header starts in the file.
        offset: usize,
        /// The encoding's name in Parquet.
        encoding: String,
    },
    /// A chunk says that it has more values than a checkpoint of that size can.
    #[error("a column chunk says that it has {n_values} values")]
    Values {
        /// The number of values so far.
        n_values: u64,
    },
}

/// Checks every page of `chunk`; it may have `max_values` values.
///
/// # Errors
/// [`PageError`] names the rule and the byte in `file`.
///
/// Source: Apache Parquet format, `PageHeader` in the thrift compact protocol.
pub(super) fn check(
    file: &[u8],
    chunk: &ColumnChunkMetaData,
    max_values: u64,
) -> Result<(), PageError> {
    let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
    let start = usize::try_from(start).map_err(|_| PageError::Outside)?;
    let length = usize::try_from(chunk.compressed_size()).map_err(|_| PageError::Outside)?;
    let end = start.checked_add(length).ok_or(PageError::Outside)?;
    let bytes = file.get(start..end).ok_or(PageError::Outside)?;
    let mut place = 0;
    let mut n_values = 0_u64;
    while place < bytes.len() {
        let offset = start + place;
        let mut thrift = Thrift { bytes, place };
        let header = thrift.page_header().ok_or(PageError::Header { offset })?;
        let packed = usize::try_from(header.packed).map_err(|_| PageError::Header { offset })?;
        let unpacked = u64::try_from(header.unpacked).map_err(|_| PageError::Header { offset })?;
        place = thrift.place.saturating_add(packed);
        if place > bytes.len() {
            return Err(PageError::Overlong { offset });
        }
        let body = bytes.get(thrift.place..place).unwrap_or_default();
        let packed = packed as u64;
        if unpacked > MAX_PAGE_BYTES || unpacked > packed * MAX_RATIO + FREE_PAGE_BYTES {
            return Err(PageError::Unpacked { offset, packed, unpacked });
        }
        let levels = header.level_bytes.and_then(|length| usize::try_from(length).ok());
        let values = body.get(levels.unwrap_or(0)..).unwrap_or_default();
        if !unpacks_within(chunk.compression(), values, unpacked) {
            return Err(PageError::Burst { offset, unpacked });
        }
        if header.level_bytes.is_none_or(|length| length > packed.min(unpacked)) {
            return Err(PageError::Levels { offset });
        }
        if let Some(encoding) = unreadable_encoding(header.encoding) {
            return Err(PageError::Encoding { offset, encoding });
        }
        let page_values =
            u64::try_from(header.n_values).map_err(|_| PageError::Header { offset })?;
        n_values = n_values.saturating_add(page_values);
        if n_values > max_values {
            return Err(PageError::Values { n_values });
        }
    }
    Ok(())
}

/// Whether a decoder that takes no limit gives at most `max_bytes`. The others are given the size
/// that the header says and keep to it.
fn unpacks_within(codec: Compression, packed: &[u8], max_bytes: u64) -> bool {
    match codec {
        Compression::GZIP(_) => {
            n_read(flate2::read::MultiGzDecoder::new(packed), max_bytes) <= max_bytes
        }
        Compression::BROTLI(_) => {
            let decoder = brotli_decompressor::Decompressor::new(packed, BROTLI_BUFFER_BYTES);
            n_read(decoder, max_bytes) <= max_bytes
        }
        // Old writers put a frame here, whose decoder takes no limit; one byte makes 255 at most.
        Compression::LZ4 if packed.starts_with(&LZ4_FRAME) => {
            packed.len() as u64 * 255 <= MAX_PAGE_BYTES
        }
        _ => true,
    }
}

const BROTLI_BUFFER_BYTES: usize = 4096;

/// What an LZ4 frame begins with.
const LZ4_FRAME: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];

/// How many bytes can be read, counted to one more than `max_bytes`. A stream that breaks is read
/// as far as it goes.
fn n_read(reader: impl Read, max_bytes: u64) -> u64 {
    let mut reader = reader.take(max_bytes.saturating_add(1));
    let mut buffer = [0; 8192];
    let mut n_bytes = 0;
    while let Ok(n_here @ 1..) = reader.read(&mut buffer) {
        n_bytes += n_here as u64;
    }
    n_bytes
}

/// The name of that encoding, unless it is one that can be read.
fn unreadable_encoding(encoding: i64) -> Option<String> {
    match encoding {
        // PLAIN, PLAIN_DICTIONARY, RLE, DELTA_BINARY_PACKED, DELTA_LENGTH_BYTE_ARRAY,
        // DELTA_BYTE_ARRAY, RLE_DICTIONARY, BYTE_STREAM_SPLIT.
        0 | 2 | 3 | 5..=9 => None,
        other => Some(format!("number {other}")),
    }
}

/// The fields of a `PageHeader` that decide over memory.
#[derive(Debug, PartialEq, Eq)]
struct PageHeader {
    unpacked: i64,
    packed: i64,
    n_values: i64,
    encoding: i64,
    /// Of both kinds of levels together, which only a data page v2 says; `None` when it says
    /// nonsense.
    level_bytes: Option<u64>,
}

/// A reader of the thrift compact protocol; `None` where the bytes end or do not make sense.
struct Thrift<'a> {
    bytes: &'a [u8],
    place: usize,
}

impl Thrift<'_> {
    fn page_header(&mut self) -> Option<PageHeader> {
        let mut header =
            PageHeader { unpacked: 0, packed: 0, n_values: 0, encoding: 0, level_bytes: Some(0) };
        let mut field_id = 0;
        while let Some(kind) = self.field(&mut field_id)? {
            match (field_id, kind) {
                (2, 5) => header.unpacked = self.integer()?,
                (3, 5) => header.packed = self.integer()?,
                // A data page and a dictionary page count their values first.
                (5 | 7, 12) => [_, header.n_values, header.encoding, ..] = self.integers()?,
                (8, 12) => {
                    let [_, n_values, _, _, encoding, definitions, repetitions] =
                        self.integers()?;
                    header.n_values = n_values;
                    header.encoding = encoding;
                    header.level_bytes = u64::try_from(definitions)
                        .ok()
                        .zip(u64::try_from(repetitions).ok())
                        .map(|(definitions, repetitions)| definitions.saturating_add(repetitions));
                }
                _ => self.skip(kind, MAX_DEPTH)?,
            }
        }
        Some(header)
    }

    /// The fields 1 to 6 of a structure that are 32-bit integers, each at its number.
    fn integers(&mut self) -> Option<[i64; 7]> {
        let mut found = [0; 7];
        let mut field_id = 0;
        while let Some(kind) = self.field(&mut field_id)? {
            let place = usize::try_from(field_id).ok().and_then(|place| found.get_mut(place));
            match (place, kind) {
                (Some(place), 5) => *place = self.integer()?,
                _ => self.skip(kind, MAX_DEPTH)?,
            }
        }
        Some(found)
    }

    /// The type of the next field, `Some(None)` at the end of the structure.
    fn field(&mut self, field_id: &mut i64) -> Option<Option<u8>> {
        let head = self.byte()?;
        let kind = head & 0x0f;
        if kind == 0 {
            return Some(None);
        }
        *field_id = match head >> 4 {
            0 => self.integer()?,
            delta => field_id.checked_add(i64::from(delta))?,
        };
        Some(Some(kind))
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.place)?;
        self.place += 1;
        Some(byte)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// A zigzag integer.
    fn integer(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    fn advance(&mut self, length: u64) -> Option<()> {
        self.place = self.place.checked_add(usize::try_from(length).ok()?)?;
        (self.place <= self.bytes.len()).then_some(())
    }

    fn skip(&mut self, kind: u8, depth: u8) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match kind {
            1 | 2 => Some(()),
            3 => self.advance(1),
            4..=6 => self.varint().map(|_| ()),
            7 => self.advance(8),
            8 => {
                let length = self.varint()?;
                self.advance(length)
            }
            9 | 10 => {
                let head = self.byte()?;
                let length = match head >> 4 {
                    15 => self.varint()?,
                    length => u64::from(length),
                };
                for _ in 0..length {
                    self.skip_element(head & 0x0f, depth)?;
                }
                Some(())
            }
            11 => {
                let length = self.varint()?;
                let kinds = if length > 0 { self.byte()? } else { 0 };
                for _ in 0..length {
                    self.skip_element(kinds >> 4, depth)?;
                    self.skip_element(kinds & 0x0f, depth)?;
                }
                Some(())
            }
            12 => {
                let mut field_id = 0;
                while let Some(kind) = self.field(&mut field_id)? {
                    self.skip(kind, depth)?;
                }
                Some(())
            }
            _ => None,
        }
    }

    /// In a collection a boolean takes a byte; every element takes one at least, so that a false
    /// length ends with the bytes.
    fn skip_element(&mut self, kind: u8, depth: u8) -> Option<()> {
        match kind {
            1 | 2 => self.advance(1),
            _ => self.skip(kind, depth),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: Option<(i64, i64, i64)>) {
        let found = Thrift { bytes, place: 0 }.page_header();
        let found = found.map(|header| (header.packed, header.unpacked, header.n_values));
        assert_eq!(found, expected, "{bytes:?}");
    }

    #[test]
    fn what_unpacks_to_more_than_it_says_is_found() {
        use std::io::Write;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&[0; 100_000]).unwrap();
        let gzip = gzip.finish().unwrap();
        let codec = Compression::GZIP(Default::default());
        assert!(unpacks_within(codec, &gzip, 100_000));
        assert!(!unpacks_within(codec, &gzip, 99_999));
        assert!(unpacks_within(codec, b"no gzip", 0));
    }

    #[test]
    fn page_headers() {
        // type 0, unpacked 10, packed 7, data page of 3 values with two more fields.
        check(&[0x15, 0, 0x15, 20, 0x15, 14, 0x2c, 0x15, 6, 0x15, 0, 0, 0], Some((7, 10, 3)));
        // A dictionary page with a list and a map that nobody knows.
        check(
            &[
                0x15, 4, 0x15, 2, 0x15, 2, 0x4c, 0x15, 8, 0, 0x29, 0x21, 1, 2, 0x1b, 1, 0x55, 2, 4,
                0,
            ],
            Some((1, 1, 4)),
        );
        check(&[], None);
        check(&[0x15], None);
        check(&[0x19, 0xf5, 0xff, 0xff, 0xff, 0xff, 0x7f], None);
        check(&[0x1c; 64], None);
        check(&[0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], None);
        check(&[0x1d, 0], None);
    }
}
