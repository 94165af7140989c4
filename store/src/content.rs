//! What was read, and what tells one content of a file from another under the same name.

use bytes::Bytes;
use std::ops::Range;
use std::sync::Arc;

/// What is asked of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// All of it, which is at most so many bytes.
    Whole {
        /// The most that is read.
        max_bytes: u64,
    },
    /// The bytes of a range, which is not empty: exactly so many.
    Range(Range<u64>),
}

/// Bytes of a file, and which content of it they are of.
#[derive(Debug, Clone)]
pub struct Content {
    /// The bytes.
    pub bytes: Bytes,
    /// What the server tells of the whole file.
    pub validator: Validator,
}

/// What a server tells of a file's content. Empty where it tells nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validator {
    /// The entity tag, without the mark of a weak one.
    pub etag: Option<Arc<str>>,
    /// When it was last modified, as the server writes it.
    pub modified: Option<Arc<str>>,
    /// Length of the whole file.
    pub size_bytes: Option<u64>,
}

impl Validator {
    /// What shows that `later` is of another content than this one; `None` when nothing does.
    ///
    /// Equal tags outweigh times: servers that share one file may have copied it at different times.
    pub fn difference(&self, later: &Validator) -> Option<String> {
        if let (Some(a), Some(b)) = (self.size_bytes, later.size_bytes)
            && a != b
        {
            return Some(format!("it had {a} bytes and has {b}"));
        }
        match (&self.etag, &later.etag) {
            (Some(a), Some(b)) if a == b => return None,
            (Some(a), Some(b)) => return Some(format!("its ETag was {a} and is {b}")),
            _ => {}
        }
        match (&self.modified, &later.modified) {
            (Some(a), Some(b)) if a != b => Some(format!("it was of {a} and is of {b}")),
            _ => None,
        }
    }

    /// Whether a tag or a time is known, so that a change would show.
    pub fn is_telling(&self) -> bool {
        self.etag.is_some() || self.modified.is_some()
    }

    /// This one, with what only `other` knows.
    pub fn or(self, other: &Validator) -> Validator {
        Validator {
            etag: self.etag.or_else(|| other.etag.clone()),
            modified: self.modified.or_else(|| other.modified.clone()),
            size_bytes: self.size_bytes.or(other.size_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validator(etag: &str, modified: &str, size_bytes: u64) -> Validator {
        let text = |text: &str| (!text.is_empty()).then(|| Arc::from(text));
        Validator {
            etag: text(etag),
            modified: text(modified),
            size_bytes: (size_bytes > 0).then_some(size_bytes),
        }
    }

    #[test]
    fn a_change_shows_where_both_tell() {
        let check = |a: (&str, &str, u64), b: (&str, &str, u64), differs: bool| {
            let difference = validator(a.0, a.1, a.2).difference(&validator(b.0, b.1, b.2));
            assert_eq!(difference.is_some(), differs, "{a:?} {b:?} {difference:?}");
        };
        check(("x", "", 0), ("x", "", 0), false);
        check(("x", "", 0), ("y", "", 0), true);
        check(("x", "mon", 0), ("x", "tue", 0), false);
        check(("", "mon", 0), ("y", "tue", 0), true);
        check(("", "", 5), ("", "", 6), true);
        check(("x", "", 5), ("x", "", 6), true);
        check(("x", "mon", 5), ("", "", 0), false);
    }
}
