//! A commit file, one JSON action a line, to actions.

use crate::action::{Action, CommitTime, FileKey, RawDeletionVector, RawMetadata};
use crate::{Add, DeletionVector, DvError, FilePath, PathError, Protocol, commit_path};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What is wrong in a commit file, and where.
#[derive(Debug, thiserror::Error)]
#[error("`{}` line {line}: {rule}", commit_path(*version))]
pub struct CommitError {
    /// The version of the commit.
    pub version: u64,
    /// The line, from 1.
    pub line: usize,
    /// The rule that the line breaks.
    #[source]
    pub rule: CommitRule,
}

/// The rules that a line of a commit file can break.
#[derive(Debug, thiserror::Error)]
pub enum CommitRule {
    /// The file has no action at all, as after a write that was cut off.
    #[error("the commit is empty")]
    Empty,
    /// The line is not the JSON of an action.
    #[error("column {column}: {source}")]
    Json {
        /// The byte within the line, from 1; 0 when the line as a whole is meant.
        column: usize,
        /// What the JSON parser says.
        source: serde_json::Error,
    },
    /// More than one action in one line: their order would be a guess.
    #[error("a line holds one action, this one holds several")]
    SeveralActions,
    /// The path of a file is not one.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The deletion vector of a file is not one.
    #[error(transparent)]
    DeletionVector(#[from] DvError),
    /// One commit adds and removes the same file: which of the two holds would be a guess.
    #[error("file `{path}` is both added and removed by this commit")]
    AddedAndRemoved {
        /// The file.
        path: String,
    },
}

/// The actions of a commit in the order of its lines. Actions that readers ignore are left out.
///
/// Ends after the first error.
///
/// Source: Delta protocol, "Delta Log Entries".
pub(crate) fn actions(
    version: u64,
    bytes: &[u8],
) -> impl Iterator<Item = Result<(usize, Action), CommitError>> + '_ {
    let lines = bytes.split(|byte| *byte == b'\n').enumerate();
    let mut is_empty = true;
    let mut lines = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
    let mut failed = false;
    std::iter::from_fn(move || {
        if failed {
            return None;
        }
        for (line_idx, line) in lines.by_ref() {
            is_empty = false;
            match action(line) {
                Ok(None) => {}
                Ok(Some(action)) => return Some(Ok((line_idx + 1, action))),
                Err(rule) => {
                    failed = true;
                    return Some(Err(CommitError { version, line: line_idx + 1, rule }));
                }
            }
        }
        failed = true;
        is_empty.then_some(Err(CommitError { version, line: 1, rule: CommitRule::Empty }))
    })
}

/// When the commit was made, as far as its first `commitInfo` says and can be read.
pub(crate) fn time(version: u64, bytes: &[u8]) -> CommitTime {
    actions(version, bytes)
        .filter_map(Result::ok)
        .find_map(|(_, action)| match action {
            Action::CommitTime(time) => Some(time),
            _ => None,
        })
        .unwrap_or_default()
}

/// One line. Fields that are not named here are actions or properties that readers ignore.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    add: Option<AddJson>,
    remove: Option<RemoveJson>,
    meta_data: Option<RawMetadata>,
    protocol: Option<Protocol>,
    commit_info: Option<CommitInfoJson>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AddJson {
    path: String,
    partition_values: Option<BTreeMap<String, Option<String>>>,
    size: u64,
    modification_time: i64,
    stats: Option<String>,
    deletion_vector: Option<RawDeletionVector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RemoveJson {
    path: String,
    deletion_vector: Option<RawDeletionVector>,
}

/// Free-form provenance: a value of an unexpected type is no reason to refuse the table.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommitInfoJson {
    timestamp: Option<Value>,
    in_commit_timestamp: Option<Value>,
}

fn action(line: &[u8]) -> Result<Option<Action>, CommitRule> {
    let line: Line = serde_json::from_slice(line)
        .map_err(|source| CommitRule::Json { column: source.column(), source })?;
    let mut actions = Vec::with_capacity(1);
    if let Some(add) = line.add {
        let path = FilePath::parse(&add.path)?;
        actions.push(Action::Add {
            key: key(path.clone(), add.deletion_vector.as_ref()),
            add: Add {
                path,
                size_bytes: add.size,
                partition_values: add.partition_values.unwrap_or_default(),
                modification_time_ms: add.modification_time,
                stats: add.stats,
                deletion_vector: add
                    .deletion_vector
                    .as_ref()
                    .map(DeletionVector::read)
                    .transpose()?,
            },
        });
    }
    if let Some(remove) = line.remove {
        let path = FilePath::parse(&remove.path)?;
        actions.push(Action::Remove(key(path, remove.deletion_vector.as_ref())));
    }
    actions.extend(line.meta_data.map(Action::Metadata));
    actions.extend(line.protocol.map(Action::Protocol));
    actions.extend(line.commit_info.map(|commit_info| {
        let ms = |value: Option<Value>| value.and_then(|value| value.as_i64());
        Action::CommitTime(CommitTime {
            in_commit_ms: ms(commit_info.in_commit_timestamp),
            writer_ms: ms(commit_info.timestamp),
        })
    }));
    match actions.len() {
        0 | 1 => Ok(actions.pop()),
        _ => Err(CommitRule::SeveralActions),
    }
}

fn key(path: FilePath, deletion_vector: Option<&RawDeletionVector>) -> FileKey {
    FileKey { path, deletion_vector: deletion_vector.map(RawDeletionVector::unique_id) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &str, expected: Result<&[&str], &str>) {
        let found: Result<Vec<String>, CommitError> = actions(3, lines.as_bytes())
            .map(|action| {
                action.map(|(line, action)| match action {
                    Action::Add { key, add } => format!(
                        "{line} add {} {:?} {}",
                        key.path.as_str(),
                        key.deletion_vector,
                        add.size_bytes
                    ),
                    Action::Remove(key) => {
                        format!("{line} remove {} {:?}", key.path.as_str(), key.deletion_vector)
                    }
                    Action::Metadata(metadata) => format!("{line} metadata {}", metadata.id),
                    Action::Protocol(protocol) => {
                        format!("{line} protocol {}", protocol.min_reader_version)
                    }
                    Action::CommitTime(time) => {
                        format!("{line} time {:?} {:?}", time.in_commit_ms, time.writer_ms)
                    }
                })
            })
            .collect();
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{lines}"),
            (Err(found), Err(expected)) => {
                let text = found.to_string();
                assert!(text.contains(expected), "{lines}\nsaid {text}\nnot  {expected}");
            }
            (found, expected) => panic!("{lines}\nfound {found:?}\nnot   {expected:?}"),
        }
    }

    #[test]
    fn lines_are_actions() {
        check(
            "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n\n\
             {\"add\":{\"path\":\"a%20b\",\"partitionValues\":{},\"size\":7,\"modificationTime\":1,\"dataChange\":true}}\r\n\
             {\"remove\":{\"path\":\"c\",\"deletionVector\":{\"storageType\":\"u\",\"pathOrInlineDv\":\"xy\",\"offset\":4}}}\n",
            Ok(&["1 protocol 1", "3 add a b None 7", "4 remove c Some(\"uxy@4\")"]),
        );
        check(
            "{\"txn\":{\"appId\":\"x\"}}\n{\"tomorrow\":[1]}\n{}\n\
             {\"commitInfo\":{\"timestamp\":5,\"inCommitTimestamp\":6}}\n\
             {\"commitInfo\":{\"timestamp\":\"noon\"}}",
            Ok(&["4 time Some(6) Some(5)", "5 time None None"]),
        );
    }

    #[test]
    fn a_broken_line_is_named() {
        check("", Err("`_delta_log/00000000000000000003.json` line 1: the commit is empty"));
        check(" \n\r\n", Err("the commit is empty"));
        check("{}\n{\"add\":{\"path\":\"a\"", Err("line 2: column 18: EOF"));
        check("{\"add\":{\"path\":\"a\"}}", Err("missing field `size`"));
        check("<html>", Err("line 1: column 1: expected value"));
        check("\u{0}", Err("line 1: column 1"));
        check(
            "{\"add\":{\"path\":\"a\",\"size\":-1,\"modificationTime\":1}}",
            Err("invalid value: integer `-1`"),
        );
        check(
            "{\"add\":{\"path\":\"../a\",\"size\":1,\"modificationTime\":1}}",
            Err("line 1: path `../a` leads out of the table"),
        );
        check(
            "{\"add\":{\"path\":\"a\",\"size\":1,\"modificationTime\":1,\"deletionVector\":\
             {\"storageType\":\"x\",\"pathOrInlineDv\":\"\",\"sizeInBytes\":1,\"cardinality\":1}}}",
            Err("line 1: deletion vector: storage type `x` is none of `u`, `p`, `i`"),
        );
        check(
            "{\"remove\":{\"path\":\"a\"},\"commitInfo\":{}}",
            Err("line 1: a line holds one action, this one holds several"),
        );
        check("{\"add\":{\"size\":1},\"add\":{}}", Err("missing field `path`"));
    }
}
