//! The rows of a data file that are deleted: where they are written, and the bytes to row indexes.

mod base85;
mod rows;

use crate::action::RawDeletionVector;
use crate::{FilePath, PathError};
use bytes::Bytes;
use roaring::{RoaringBitmap, RoaringTreemap};
pub use rows::DeletedRows;
use std::io;
use std::ops::Range;

/// The first four bytes of the portable form: a 64-bit Roaring bitmap.
const PORTABLE_MAGIC: u32 = 1_681_511_377;

/// The first four bytes of the form that Delta wrote before it had the portable one: one 32-bit
/// Roaring bitmap for each upper half of a row index, from 0 on without gaps. Its magic number and
/// its sizes are in either byte order; the protocol's own example of an inline vector has them
/// with the highest byte first.
const NATIVE_MAGIC: u32 = 1_681_511_376;

/// The size before the bytes of a vector in a file, and the checksum after them.
const FRAME_BYTES: u64 = 8;

/// The version byte of a file of deletion vectors: what lies at 0, so no vector does.
const FIRST_OFFSET: i64 = 1;

/// Where the deleted rows of a data file are written, and how many they are.
///
/// The statistics of the file count deleted rows too: so many rows fewer than
/// [`crate::Stats::num_records`] are left, and its bounds may be those of deleted rows.
///
/// Source: Delta protocol, "Deletion Vectors".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletionVector {
    /// Where the bytes are.
    pub storage: DvStorage,
    /// The size of the serialised vector in bytes: without its frame, and decoded from base85.
    pub size_bytes: u64,
    /// The number of deleted rows.
    pub cardinality: u64,
}

/// Where the bytes of a deletion vector are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DvStorage {
    /// In the log itself, here decoded from base85; of exactly [`DeletionVector::size_bytes`].
    Inline(Bytes),
    /// In a file that may hold many vectors.
    File {
        /// The file.
        path: FilePath,
        /// The byte in the file where the frame of the vector starts.
        offset: u64,
    },
}

/// What is wrong in a deletion vector.
#[derive(Debug, thiserror::Error)]
pub enum DvError {
    /// A storage type other than `u`, `p` and `i`.
    #[error("deletion vector: storage type `{found}` is none of `u`, `p`, `i`")]
    StorageType {
        /// The storage type.
        found: String,
    },
    /// A field that the vector cannot do without.
    #[error("deletion vector: `{field}` is missing")]
    Missing {
        /// The field's name in the protocol.
        field: &'static str,
    },
    /// A number out of its range.
    #[error("deletion vector: `{field}` is {found}, not {min} to 2^{max_bits} - 1")]
    Number {
        /// The field's name in the protocol.
        field: &'static str,
        /// The number.
        found: i64,
        /// The least one that is right.
        min: i64,
        /// The power of two that is above the greatest one.
        max_bits: u32,
    },
    /// A vector in the log has no offset.
    #[error("deletion vector: an inline one has `offset` {found}, and should have none")]
    InlineOffset {
        /// The offset.
        found: i64,
    },
    /// Text that is not base85.
    #[error("deletion vector: `{text}` is not base85 of {size_bytes} bytes")]
    Base85 {
        /// The beginning of the text.
        text: String,
        /// The bytes that it should be.
        size_bytes: u64,
    },
    /// The path of the vector's file is not one.
    #[error("deletion vector: {0}")]
    Path(#[from] PathError),
    /// Storage type `p` is for absolute paths.
    #[error("deletion vector: path `{path}` is not absolute")]
    NotAbsolute {
        /// The path.
        path: String,
    },
    /// A vector in a file was to be decoded without its bytes.
    #[error("deletion vector: the bytes of `{path}` are needed")]
    BytesNeeded {
        /// The file.
        path: String,
    },
    /// Other bytes than [`DeletionVector::byte_range`] asks for.
    #[error("deletion vector: {found} bytes were read of {expected}")]
    Length {
        /// The bytes there are.
        found: usize,
        /// The bytes that the range has.
        expected: u64,
    },
    /// The size in the file is not the one in the log.
    #[error("deletion vector: {found} bytes by its file, {expected} by the log")]
    Size {
        /// The size in the file.
        found: u32,
        /// The size in the log.
        expected: u64,
    },
    /// The bytes are not those that were written.
    #[error("deletion vector: CRC-32 of its bytes is {found:08x}, its file says {expected:08x}")]
    Checksum {
        /// The checksum of the bytes.
        found: u32,
        /// The checksum in the file.
        expected: u32,
    },
    /// Neither of the two forms.
    #[error("deletion vector: magic number {found} is neither {PORTABLE_MAGIC} nor {NATIVE_MAGIC}")]
    Magic {
        /// The first four bytes.
        found: u32,
    },
    /// The bytes end too early.
    #[error("deletion vector: it ends within its {part}")]
    CutOff {
        /// What is cut off.
        part: &'static str,
    },
    /// Bytes after the last bitmap.
    #[error("deletion vector: {n_bytes} bytes are left after its last bitmap")]
    LeftOver {
        /// The bytes left.
        n_bytes: usize,
    },
    /// The bitmaps of a portable vector are in the order of their keys.
    #[error("deletion vector: bitmap {key} follows bitmap {before}")]
    Order {
        /// The key.
        key: u32,
        /// The key before it.
        before: u32,
    },
    /// A bitmap is broken.
    #[error("deletion vector: bitmap {key}: {source}")]
    Bitmap {
        /// The upper half of the row indexes in it.
        key: u32,
        /// What the decoder says.
        source: io::Error,
    },
    /// Another number of rows than the log says.
    #[error("deletion vector: {found} rows, {expected} by the log")]
    Cardinality {
        /// The rows there are.
        found: u64,
        /// The rows that the log says.
        expected: u64,
    },
}

impl DeletionVector {
    /// Reads the fields of the log.
    ///
    /// # Errors
    /// [`DvError`] names the field and the rule that it breaks.
    ///
    /// Source: Delta protocol, "Deletion Vector Descriptor Schema" and "Derived Fields".
    pub(crate) fn read(raw: &RawDeletionVector) -> Result<DeletionVector, DvError> {
        let size_bytes = field("sizeInBytes", raw.size_in_bytes, 0, 31)?;
        let cardinality = field("cardinality", raw.cardinality, 0, 63)?;
        let text = raw.path_or_inline_dv.as_str();
        let path = match raw.storage_type.as_str() {
            "i" => {
                if let Some(found) = raw.offset {
                    return Err(DvError::InlineOffset { found });
                }
                let bytes = inline(text, size_bytes)?;
                return Ok(DeletionVector {
                    storage: DvStorage::Inline(bytes),
                    size_bytes,
                    cardinality,
                });
            }
            "u" => relative(text)?,
            "p" => match FilePath::parse(text)? {
                path @ FilePath::Absolute(_) => path,
                FilePath::Relative(path) => return Err(DvError::NotAbsolute { path }),
            },
            found => return Err(DvError::StorageType { found: found.to_owned() }),
        };
        // A file of one vector may leave the offset out.
        let offset = raw.offset.or(Some(FIRST_OFFSET));
        let offset = field("offset", offset, FIRST_OFFSET, 31)?;
        Ok(DeletionVector { storage: DvStorage::File { path, offset }, size_bytes, cardinality })
    }

    /// The file and the bytes of it that [`DeletionVector::decode`] needs: 4 bytes of size, the
    /// vector, 4 bytes of checksum. `None` when the vector is in the log.
    pub fn byte_range(&self) -> Option<(FilePath, Range<u64>)> {
        match &self.storage {
            DvStorage::Inline(_) => None,
            DvStorage::File { path, offset } => {
                let end = offset.saturating_add(self.size_bytes).saturating_add(FRAME_BYTES);
                Some((path.clone(), *offset..end))
            }
        }
    }

    /// The deleted rows. `bytes` are those of [`DeletionVector::byte_range`], `None` when there is
    /// no range.
    ///
    /// Takes memory in proportion to the bytes, whatever they say.
    ///
    /// # Errors
    /// [`DvError`] when the bytes are not the vector that the log describes: size, checksum, form,
    /// order and number of rows are checked.
    ///
    /// Source: Delta protocol, "Deletion Vector Format" and "Deletion Vector File Storage Format".
    pub fn decode(&self, bytes: Option<&[u8]>) -> Result<DeletedRows, DvError> {
        let vector = match (&self.storage, bytes) {
            (DvStorage::Inline(vector), _) => vector,
            (DvStorage::File { .. }, Some(bytes)) => unframe(bytes, self.size_bytes)?,
            (DvStorage::File { path, .. }, None) => {
                return Err(DvError::BytesNeeded { path: path.as_str().to_owned() });
            }
        };
        let mut rest = vector;
        let magic = take(&mut rest, "magic number")?;
        let rows = match (u32::from_le_bytes(magic), u32::from_be_bytes(magic)) {
            (PORTABLE_MAGIC, _) => portable(rest)?,
            (NATIVE_MAGIC, _) => native(rest, u32::from_le_bytes)?,
            (_, NATIVE_MAGIC) => native(rest, u32::from_be_bytes)?,
            (found, _) => return Err(DvError::Magic { found }),
        };
        let rows = DeletedRows::new(rows);
        match rows.len() == self.cardinality {
            true => Ok(rows),
            false => Err(DvError::Cardinality { found: rows.len(), expected: self.cardinality }),
        }
    }
}

fn field(field: &'static str, value: Option<i64>, min: i64, max_bits: u32) -> Result<u64, DvError> {
    let found = value.ok_or(DvError::Missing { field })?;
    let error = DvError::Number { field, found, min, max_bits };
    match u64::try_from(found) {
        Ok(number) if found >= min && number >> max_bits == 0 => Ok(number),
        _ => Err(error),
    }
}

/// An inline vector. Some writers fill its last group of four bytes.
fn inline(text: &str, size_bytes: u64) -> Result<Bytes, DvError> {
    let size = usize::try_from(size_bytes).ok();
    let bytes = base85::decode(text).zip(size).and_then(|(mut bytes, size)| {
        let fits = size <= bytes.len() && bytes.len() < size.saturating_add(4);
        bytes.truncate(size);
        fits.then_some(bytes)
    });
    bytes.map(Bytes::from).ok_or_else(|| not_base85(text, size_bytes))
}

/// The path that is written as a prefix and the base85 of a UUID.
fn relative(text: &str) -> Result<FilePath, DvError> {
    const UUID_BYTES: usize = 16;
    let (prefix, uuid) = text
        .len()
        .checked_sub(UUID_BYTES / 4 * 5)
        .and_then(|n_prefix| text.split_at_checked(n_prefix))
        .and_then(|(prefix, uuid)| Some((prefix, base85::decode(uuid)?)))
        .ok_or_else(|| not_base85(text, UUID_BYTES as u64))?;
    if prefix.starts_with('/') || prefix.split('/').any(|segment| segment == "..") {
        return Err(PathError::Outside { path: text.to_owned() }.into());
    }
    let hex: Vec<String> = uuid.iter().map(|byte| format!("{byte:02x}")).collect();
    let group = |bytes: Range<usize>| hex.get(bytes).unwrap_or_default().concat();
    let uuid = [group(0..4), group(4..6), group(6..8), group(8..10), group(10..16)].join("-");
    let separator = if prefix.is_empty() { "" } else { "/" };
    Ok(FilePath::Relative(format!("{prefix}{separator}deletion_vector_{uuid}.bin")))
}

fn not_base85(text: &str, size_bytes: u64) -> DvError {
    DvError::Base85 { text: text.chars().take(40).collect(), size_bytes }
}

/// The vector within its frame in a file.
fn unframe(bytes: &[u8], size_bytes: u64) -> Result<&[u8], DvError> {
    let expected = size_bytes.saturating_add(FRAME_BYTES);
    if bytes.len() as u64 != expected {
        return Err(DvError::Length { found: bytes.len(), expected });
    }
    let mut rest = bytes;
    let found = u32::from_be_bytes(take(&mut rest, "size")?);
    if u64::from(found) != size_bytes {
        return Err(DvError::Size { found, expected: size_bytes });
    }
    let (vector, checksum) = rest.split_last_chunk().ok_or(DvError::CutOff { part: "checksum" })?;
    let (found, expected) = (crc32fast::hash(vector), u32::from_be_bytes(*checksum));
    match found == expected {
        true => Ok(vector),
        false => Err(DvError::Checksum { found, expected }),
    }
}

/// `n` bitmaps, each after its key. The decoder of a bitmap reads its sizes before it allocates,
/// 256 KiB at most ahead of the bytes, and checks the order of what is in it.
fn portable(mut rest: &[u8]) -> Result<RoaringTreemap, DvError> {
    let n_bitmaps = u64::from_le_bytes(take(&mut rest, "number of bitmaps")?);
    let mut bitmaps: Vec<(u32, RoaringBitmap)> = Vec::new();
    for _ in 0..n_bitmaps {
        let key = u32::from_le_bytes(take(&mut rest, "keys")?);
        if let Some(&(before, _)) = bitmaps.last()
            && before >= key
        {
            return Err(DvError::Order { key, before });
        }
        bitmaps.push((key, bitmap(key, &mut rest)?));
    }
    ended(rest)?;
    Ok(RoaringTreemap::from_bitmaps(bitmaps))
}

/// `n` bitmaps, each after its size in bytes; `number` gives the byte order of both.
fn native(mut rest: &[u8], number: fn([u8; 4]) -> u32) -> Result<RoaringTreemap, DvError> {
    let n_bitmaps = number(take(&mut rest, "number of bitmaps")?);
    let mut bitmaps = Vec::new();
    for key in 0..n_bitmaps {
        let size = number(take(&mut rest, "sizes")?);
        let (mut bytes, after) = usize::try_from(size)
            .ok()
            .and_then(|size| rest.split_at_checked(size))
            .ok_or(DvError::CutOff { part: "bitmaps" })?;
        bitmaps.push((key, bitmap(key, &mut bytes)?));
        ended(bytes)?;
        rest = after;
    }
    ended(rest)?;
    Ok(RoaringTreemap::from_bitmaps(bitmaps))
}

fn bitmap(key: u32, rest: &mut &[u8]) -> Result<RoaringBitmap, DvError> {
    RoaringBitmap::deserialize_from(rest).map_err(|source| DvError::Bitmap { key, source })
}

fn take<const N: usize>(rest: &mut &[u8], part: &'static str) -> Result<[u8; N], DvError> {
    let (taken, after) = rest.split_first_chunk().ok_or(DvError::CutOff { part })?;
    *rest = after;
    Ok(*taken)
}

fn ended(rest: &[u8]) -> Result<(), DvError> {
    match rest.len() {
        0 => Ok(()),
        n_bytes => Err(DvError::LeftOver { n_bytes }),
    }
}

#[cfg(test)]
mod tests;
