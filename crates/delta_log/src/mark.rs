//! By what a log is known again: the beginnings of two of its commits. Version numbers start anew with
//! every table that is made in a folder, and tables that are made alike bear the same id.

use std::hash::{DefaultHasher, Hash, Hasher};

/// So much of a commit is looked at: it holds when the commit was made, and names of files.
const MARKED_BYTES: usize = 64 << 10;

/// The beginning of one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CommitMark {
    pub version: u64,
    n_bytes: usize,
    hash: u64,
}

impl CommitMark {
    /// The mark of the commit of `version`; `bytes` may be its first 64 KiB.
    pub fn of(version: u64, bytes: &[u8]) -> CommitMark {
        let start = bytes.get(..MARKED_BYTES).unwrap_or(bytes);
        let mut hasher = DefaultHasher::new();
        start.hash(&mut hasher);
        CommitMark { version, n_bytes: start.len(), hash: hasher.finish() }
    }

    /// Whether `bytes` are the commit's, or its first 64 KiB.
    pub fn is_of(&self, bytes: &[u8]) -> bool {
        *self == CommitMark::of(self.version, bytes)
    }
}

/// The first and the last commit that were read of a log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    pub first: Option<CommitMark>,
    pub last: Option<CommitMark>,
}

impl Marks {
    /// Takes a commit that was read.
    pub fn note(&mut self, version: u64, bytes: &[u8]) {
        let mark = CommitMark::of(version, bytes);
        if self.first.is_none_or(|first| version < first.version) {
            self.first = Some(mark);
        }
        if self.last.is_none_or(|last| version >= last.version) {
            self.last = Some(mark);
        }
    }

    /// The marks of a log whose last commit is that of `version`, the last one in front; none when
    /// that commit was not read.
    pub fn up_to(&self, version: u64) -> Vec<CommitMark> {
        let Some(last) = self.last.filter(|last| last.version == version) else {
            return Vec::new();
        };
        let first = self.first.filter(|first| first.version != version);
        std::iter::once(last).chain(first).collect()
    }
}
