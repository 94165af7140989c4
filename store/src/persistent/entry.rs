//! What one file of the cache on disk holds, and what it is called.

use crate::Validator;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use std::sync::Arc;

/// The layout of names and entries. Files of another layout are removed.
pub const LAYOUT: &str = "2";

/// An absent length, and no text.
const NONE: u64 = u64::MAX;

/// A file of a store: its text tells it from any other, its hash names entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileKey {
    /// Store, path and identity.
    pub text: String,
    /// A hash of the text; entries hold the text, so that two files of one hash are told apart.
    pub hash: u64,
}

impl FileKey {
    /// The key of that text.
    pub fn new(text: String) -> FileKey {
        // FNV-1a.
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
        FileKey { text, hash }
    }
}

/// Which part of a file an entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// Bytes from this one on.
    Range(u64),
    /// All of it.
    Whole,
    /// Length and age.
    Facts,
    /// Of a folder: which files of it are known.
    Listing,
}

/// The name of an entry whose payload has so many bytes.
pub fn name(hash: u64, slot: Slot, n_bytes: u64) -> String {
    let slot = match slot {
        Slot::Range(start) => format!("r{start:x}"),
        Slot::Whole => "w".to_owned(),
        Slot::Facts => "f".to_owned(),
        Slot::Listing => "l".to_owned(),
    };
    format!("{LAYOUT}-{hash:016x}-{slot}-{n_bytes:x}")
}

/// Hash, slot and length in a name; `None` if it is of another layout or not ours.
pub fn parse_name(name: &str) -> Option<(u64, Slot, u64)> {
    let mut words = name.split('-');
    let (layout, hash, slot, n_bytes) =
        (words.next()?, words.next()?, words.next()?, words.next()?);
    if layout != LAYOUT || words.next().is_some() {
        return None;
    }
    let hex = |text: &str| u64::from_str_radix(text, 16).ok();
    let slot = match slot {
        "w" => Slot::Whole,
        "f" => Slot::Facts,
        "l" => Slot::Listing,
        range => Slot::Range(hex(range.strip_prefix('r')?)?),
    };
    Some((hex(hash)?, slot, hex(n_bytes)?))
}

/// What is kept of a part of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The bytes.
    pub bytes: Bytes,
    /// What the server told of the file.
    pub validator: Validator,
    /// When it came from the server: seconds since 1970, UTC.
    pub saved_utc_s: i64,
}

impl Stored {
    /// The file of this entry: a checksum over all that follows, what it is an entry of, the bytes.
    pub fn encode(&self, key: &FileKey) -> Bytes {
        let mut body = BytesMut::with_capacity(self.bytes.len() + key.text.len() + 128);
        body.put_u32(0);
        body.put_i64(self.saved_utc_s);
        put_text(&mut body, Some(&key.text));
        put_text(&mut body, self.validator.etag.as_deref());
        put_text(&mut body, self.validator.modified.as_deref());
        body.put_u64(self.validator.size_bytes.unwrap_or(NONE));
        body.put_u64(self.bytes.len() as u64);
        body.put_slice(&self.bytes);
        let checksum = crc32fast::hash(body.get(4..).unwrap_or_default());
        if let Some(mut head) = body.get_mut(..4) {
            head.put_u32(checksum);
        }
        body.freeze()
    }

    /// The entry in a file; `None` if anything of it is not right, or it is of another key.
    pub fn decode(file: &Bytes, key: &FileKey) -> Option<Stored> {
        let mut rest = file.clone();
        let checksum = rest.try_get_u32().ok()?;
        if crc32fast::hash(&rest) != checksum {
            return None;
        }
        let saved_utc_s = rest.try_get_i64().ok()?;
        if take_text(&mut rest)?.as_deref() != Some(key.text.as_str()) {
            return None;
        }
        let etag = take_text(&mut rest)?;
        let modified = take_text(&mut rest)?;
        let size_bytes = rest.try_get_u64().ok().map(|size| (size != NONE).then_some(size))?;
        let n_bytes = rest.try_get_u64().ok()?;
        let validator = Validator { etag, modified, size_bytes };
        (rest.len() as u64 == n_bytes).then_some(Stored { bytes: rest, validator, saved_utc_s })
    }
}

fn put_text(body: &mut BytesMut, text: Option<&str>) {
    body.put_u64(text.map_or(NONE, |text| text.len() as u64));
    body.put_slice(text.unwrap_or_default().as_bytes());
}

/// A text or the mark of none; the outer `None` when it is cut off.
fn take_text(rest: &mut Bytes) -> Option<Option<Arc<str>>> {
    let n_bytes = rest.try_get_u64().ok()?;
    if n_bytes == NONE {
        return Some(None);
    }
    if n_bytes > rest.len() as u64 {
        return None;
    }
    let text = rest.split_to(n_bytes as usize);
    std::str::from_utf8(&text).ok().map(|text| Some(Arc::from(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stored(bytes: &[u8]) -> Stored {
        let validator =
            Validator { etag: Some("\"x\"".into()), modified: None, size_bytes: Some(9) };
        Stored { bytes: Bytes::copy_from_slice(bytes), validator, saved_utc_s: -5 }
    }

    #[test]
    fn names_are_read_back() {
        for slot in [Slot::Range(0), Slot::Range(u64::MAX), Slot::Whole, Slot::Facts, Slot::Listing]
        {
            assert_eq!(parse_name(&name(7, slot, 300)), Some((7, slot, 300)));
        }
        for other in ["", "1-0000000000000007-w-0", "2-7", "2-7-x0-0", "2-7-w-0-0", "recency"] {
            assert_eq!(parse_name(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn an_entry_is_read_back_and_no_damaged_one_is(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
            at in any::<prop::sample::Index>(),
            flip in 1..=255_u8,
        ) {
            let (key, stored) = (FileKey::new("a".to_owned()), stored(&bytes));
            let file = stored.encode(&key);
            prop_assert_eq!(Stored::decode(&file, &key), Some(stored));
            prop_assert_eq!(Stored::decode(&file, &FileKey::new("b".to_owned())), None);
            let mut damaged = file.to_vec();
            let at = at.index(damaged.len());
            damaged[at] ^= flip;
            prop_assert_eq!(Stored::decode(&damaged.into(), &key), None);
            prop_assert_eq!(Stored::decode(&file.slice(..at), &key), None);
        }
    }
}
