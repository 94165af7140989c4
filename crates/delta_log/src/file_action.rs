//! What a commit says of files, action by action, for those who follow a table from version to version.

use crate::action::RawDeletionVector;
use crate::{CommitError, CommitRule};
use serde::Deserialize;
use std::borrow::Cow;

/// One action of a commit that names a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileAction {
    /// The path as the log has it, still encoded.
    pub path: String,
    /// What names the deletion vector over the file; `None` when it has none. A file of another vector is another
    /// logical file: an add and a remove of one path in one commit, in whatever order, are a change of its rows.
    pub vector_id: Option<Box<str>>,
    /// What becomes of the file.
    pub kind: FileActionKind,
    /// Whether rows change with it; `false` where it only holds rows anew that were elsewhere.
    pub changes_rows: bool,
}

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileActionKind {
    /// It is a data file of the table from here on.
    Add,
    /// It is none any longer.
    Remove,
    /// It records changes, and is no data file.
    Cdc,
}

/// One line. Fields that are not named here are actions or properties that do not matter.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    add: Option<FileJson<'a>>,
    #[serde(borrow)]
    remove: Option<FileJson<'a>>,
    #[serde(borrow)]
    cdc: Option<FileJson<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileJson<'a> {
    #[serde(borrow)]
    path: Cow<'a, str>,
    data_change: Option<bool>,
    deletion_vector: Option<RawDeletionVector>,
}

/// The actions of the commit of `version` that name files, in the order of its lines.
///
/// # Errors
/// [`CommitError`] when a line is no JSON object of actions, or the commit is empty.
///
/// Source: Delta protocol, "Add File and Remove File", "Add CDC File", "Action Reconciliation".
pub fn file_actions(version: u64, bytes: &[u8]) -> Result<Vec<FileAction>, CommitError> {
    let mut actions = Vec::new();
    let mut is_empty = true;
    for (line_idx, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        is_empty = false;
        let line: Line<'_> = serde_json::from_slice(line).map_err(|source| CommitError {
            version,
            line: line_idx + 1,
            rule: CommitRule::Json { column: source.column(), source },
        })?;
        let named = [
            (line.remove, FileActionKind::Remove),
            (line.add, FileActionKind::Add),
            (line.cdc, FileActionKind::Cdc),
        ];
        actions.extend(named.into_iter().filter_map(|(file, kind)| {
            let file = file?;
            Some(FileAction {
                path: file.path.into_owned(),
                vector_id: file.deletion_vector.as_ref().map(RawDeletionVector::unique_id),
                kind,
                // The changes that a file records are told by the adds and removes beside it.
                changes_rows: kind != FileActionKind::Cdc && file.data_change.unwrap_or(true),
            })
        }));
    }
    match is_empty {
        true => Err(CommitError { version, line: 1, rule: CommitRule::Empty }),
        false => Ok(actions),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_name_files_and_vectors() {
        let check = |commit: &str, expected: &[&str]| {
            let found: Vec<String> = file_actions(3, commit.as_bytes())
                .unwrap()
                .into_iter()
                .map(|action| {
                    let vector = action.vector_id.map(|id| format!("+{id}")).unwrap_or_default();
                    let changes = if action.changes_rows { "" } else { " moved" };
                    format!("{:?} {}{vector}{changes}", action.kind, action.path)
                })
                .collect();
            assert_eq!(found, expected, "{commit}");
        };
        check(r#"{"commitInfo":{}}"#, &[]);
        check(
            "{\"add\":{\"path\":\"a%20b\",\"dataChange\":false}}\n\n{\"remove\":{\"path\":\"a\"}}\n",
            &["Add a%20b moved", "Remove a"],
        );
        check(
            r#"{"add":{"path":"a","deletionVector":{"storageType":"u","pathOrInlineDv":"x","offset":4,"sizeInBytes":1,"cardinality":1}}}"#,
            &["Add a+ux@4"],
        );
        check(
            r#"{"cdc":{"path":"_change_data/c","dataChange":false}}"#,
            &["Cdc _change_data/c moved"],
        );
        check(r#"{"add":{"path":"\u0061"}}"#, &["Add a"]);
    }

    #[test]
    fn what_is_no_commit_has_a_line() {
        let check = |commit: &str, expected: &str| {
            let error = file_actions(3, commit.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("{}\n{\"add\":", "00000000000000000003.json` line 2: column ");
        check("\n", "the commit is empty");
    }
}
