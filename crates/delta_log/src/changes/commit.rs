//! One commit, as its changes need it: removes with all their fields, and files of changes.

use super::{ChangedFile, ChangedRows};
use crate::action::{CommitTime, RawDeletionVector, RawMetadata};
use crate::{CommitError, CommitRule, DeletionVector, FilePath, Protocol};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// What a commit has of interest.
#[derive(Debug, Default)]
pub(super) struct Commit {
    pub protocol: Option<Protocol>,
    pub metadata: Option<RawMetadata>,
    pub time: CommitTime,
    /// In the order of the lines.
    pub files: Vec<ChangedFile>,
}

/// One line. Fields that are not named here are actions or properties that do not matter.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    add: Option<FileJson>,
    remove: Option<FileJson>,
    cdc: Option<FileJson>,
    meta_data: Option<RawMetadata>,
    protocol: Option<Protocol>,
    commit_info: Option<CommitInfoJson>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileJson {
    path: String,
    partition_values: Option<BTreeMap<String, Option<String>>>,
    size: Option<u64>,
    data_change: Option<bool>,
    deletion_vector: Option<RawDeletionVector>,
}

/// Free-form provenance: a value of an unexpected type is no reason to refuse the table.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommitInfoJson {
    timestamp: Option<Value>,
    in_commit_timestamp: Option<Value>,
}

/// Reads the commit of `version`.
///
/// Where the writer recorded changes, they are the changes; else files that were added and removed
/// are, but for those that only hold other rows anew.
///
/// # Errors
/// [`CommitError`] names the line and the rule that it breaks.
///
/// Source: Delta protocol, "Add CDC File".
pub(super) fn read(version: u64, bytes: &[u8]) -> Result<Commit, CommitError> {
    let mut commit = Commit::default();
    let mut time = None;
    let (mut recorded, mut moved) = (Vec::new(), Moved::default());
    let mut is_empty = true;
    for (line_idx, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        is_empty = false;
        let error = |rule| CommitError { version, line: line_idx + 1, rule };
        let line: Line = serde_json::from_slice(line)
            .map_err(|source| error(CommitRule::Json { column: source.column(), source }))?;
        if let Some(file) = line.cdc {
            recorded.push(changed(file, |_| ChangedRows::Recorded).map_err(error)?);
        }
        if let Some(file) = line.add.filter(changes_rows) {
            moved.add(changed(file, ChangedRows::Inserted).map_err(error)?);
        }
        if let Some(file) = line.remove.filter(changes_rows) {
            moved.remove(changed(file, ChangedRows::Deleted).map_err(error)?);
        }
        commit.metadata = line.meta_data.or(commit.metadata);
        commit.protocol = line.protocol.or(commit.protocol);
        time = time.or(line.commit_info.map(|commit_info| {
            let ms = |value: Option<Value>| value.and_then(|value| value.as_i64());
            CommitTime {
                in_commit_ms: ms(commit_info.in_commit_timestamp),
                writer_ms: ms(commit_info.timestamp),
            }
        }));
    }
    if is_empty {
        return Err(CommitError { version, line: 1, rule: CommitRule::Empty });
    }
    commit.time = time.unwrap_or_default();
    commit.files = if recorded.is_empty() { moved.files } else { recorded };
    Ok(commit)
}

fn changes_rows(file: &FileJson) -> bool {
    file.data_change.unwrap_or(true)
}

fn changed(
    file: FileJson,
    rows: impl FnOnce(Option<DeletionVector>) -> ChangedRows,
) -> Result<ChangedFile, CommitRule> {
    let vector = file.deletion_vector.as_ref().map(DeletionVector::read).transpose()?;
    Ok(ChangedFile {
        path: FilePath::parse(&file.path)?,
        size_bytes: file.size,
        partition_values: file.partition_values.unwrap_or_default(),
        rows: rows(vector),
    })
}

/// Files that were added and removed. One that was both has another deletion vector.
#[derive(Default)]
struct Moved {
    files: Vec<ChangedFile>,
    /// Where in `files` the add or the remove of a path is that has no counterpart.
    single: HashMap<FilePath, usize>,
}

impl Moved {
    fn add(&mut self, mut file: ChangedFile) {
        let before = self.counterpart(&file.path, |rows| match rows {
            ChangedRows::Deleted(before) => Some(before.take()),
            _ => None,
        });
        match (before, &mut file.rows) {
            (Some((file_idx, before)), ChangedRows::Inserted(after)) => {
                file.rows = ChangedRows::Vector { before, after: after.take() };
                // The add has the size and the values, which a remove may lack.
                if let Some(place) = self.files.get_mut(file_idx) {
                    *place = file;
                }
            }
            _ => self.push(file),
        }
    }

    fn remove(&mut self, mut file: ChangedFile) {
        let after = self.counterpart(&file.path, |rows| match rows {
            ChangedRows::Inserted(after) => Some(after.take()),
            _ => None,
        });
        match (after, &mut file.rows) {
            (Some((file_idx, after)), ChangedRows::Deleted(before)) => {
                let rows = ChangedRows::Vector { before: before.take(), after };
                if let Some(place) = self.files.get_mut(file_idx) {
                    place.rows = rows;
                }
            }
            _ => self.push(file),
        }
    }

    /// The other action of that path and its vector, where `take` finds one.
    fn counterpart(
        &mut self,
        path: &FilePath,
        take: impl FnOnce(&mut ChangedRows) -> Option<Option<DeletionVector>>,
    ) -> Option<(usize, Option<DeletionVector>)> {
        let file_idx = *self.single.get(path)?;
        let vector = take(&mut self.files.get_mut(file_idx)?.rows)?;
        self.single.remove(path);
        Some((file_idx, vector))
    }

    fn push(&mut self, file: ChangedFile) {
        self.single.insert(file.path.clone(), self.files.len());
        self.files.push(file);
    }
}
