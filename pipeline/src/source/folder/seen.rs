//! The files of a folder that were taken, as the next build finds them.

use super::fingerprint::Stat;
use super::{NewFile, Span};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// The files that were taken, by their path below the folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Seen(pub(super) BTreeMap<String, SeenFile>);

/// A file that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SeenFile {
    /// How many of its bytes were taken.
    pub(super) size_bytes: u64,
    /// When it was written last, in microseconds since 1970 UTC.
    pub(super) modified_us: u64,
    /// When the system last wrote it or anything about it, which no program sets; `None` when it was too fresh for a
    /// later change to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) changed_us: Option<u64>,
    /// Its number on its disk, which it keeps where it is moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) inode: Option<u64>,
    /// SHA-256 of the bytes that were taken.
    pub(super) hash: String,
    /// SHA-256 of what they hold, when they are packed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) unpacked_hash: Option<String>,
    /// How they became rows; `None` where the release that took them did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reading: Option<Reading>,
}

/// How bytes become rows of given columns. Which columns these are, and of which types, is a matter of the model's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reading {
    /// A hash of the format and the dialect.
    pub(super) dialect: String,
    /// The columns of one type that is written in several ways, and how it is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) moments: BTreeMap<String, String>,
}

impl Reading {
    /// Whether a column that both have becomes other values.
    fn is_other(&self, now: &Reading) -> bool {
        let is_same =
            |(name, of): (&String, &String)| now.moments.get(name).is_none_or(|now| now == of);
        self.dialect != now.dialect || !self.moments.iter().all(is_same)
    }
}

impl SeenFile {
    /// Whether a file of `stat` need not be read to know that it is this one.
    pub(super) fn is_at_rest(&self, stat: &Stat) -> bool {
        let is_same = (self.size_bytes, self.modified_us) == (stat.size_bytes, stat.modified_us);
        // Releases that did not say how they read kept no other time.
        is_same
            && (self.reading.is_none() || self.changed_us.is_some_and(|at| at == stat.changed_us))
    }

    /// What the file holds, however it is packed.
    pub(super) fn content(&self) -> &str {
        self.unpacked_hash.as_deref().unwrap_or(&self.hash)
    }
}

impl Seen {
    /// How many files were taken.
    pub(crate) fn n_files(&self) -> usize {
        self.0.len()
    }

    /// Those of `files` only, and those that hold the same bytes: what a table is made of that is made anew.
    pub(crate) fn only(&self, files: &[NewFile]) -> Seen {
        let known = files.iter().filter_map(|file| self.0.get(&file.name));
        let contents: BTreeSet<&str> = known.map(SeenFile::content).collect();
        let kept = self.0.iter().filter(|(_, file)| contents.contains(file.content()));
        Seen(kept.map(|(name, file)| (name.clone(), file.clone())).collect())
    }

    /// Of each content of `delivered`, names and paths, the first file that was taken, as far as it was.
    pub(super) fn one_of_each(&self, delivered: &[(String, PathBuf)]) -> Vec<NewFile> {
        let mut contents = BTreeSet::new();
        let mut files = Vec::new();
        for (name, path) in delivered {
            let Some(file) = self.0.get(name) else { continue };
            if contents.insert(file.content()) {
                let span = Span { from_bytes: 0, until_bytes: file.size_bytes };
                files.push(NewFile { name: name.clone(), path: path.clone(), span });
            }
        }
        files
    }

    /// Their paths below the folder.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    /// Whether some were read otherwise than by `reading`.
    pub(super) fn is_read_otherwise(&self, reading: &Reading) -> bool {
        self.0.values().filter_map(|file| file.reading.as_ref()).any(|own| own.is_other(reading))
    }

    /// The same, read by `reading`.
    pub(super) fn read_by(self, reading: &Reading) -> Seen {
        let read = |file| SeenFile { reading: Some(reading.clone()), ..file };
        Seen(self.0.into_iter().map(|(name, file)| (name, read(file))).collect())
    }
}
