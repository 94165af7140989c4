//! A commit file, one JSON action a line, to actions.

use crate::action::{Action, CommitTime, FileKey, RawDeletionVector, RawMetadata};
use crate::partition_values::Interner;
use crate::stats::AddStats;
use crate::{Add, DeletionVector, DvError, FilePath, PathError, Protocol, commit_path};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;

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
    /// The partition values of a file are no object of texts and nulls.
    #[error("partition values: {source}")]
    PartitionValues {
        /// What the JSON parser says.
        source: serde_json::Error,
    },
    /// One commit adds and removes the same file: which of the two holds would be a guess.
    #[error("file `{path}` is both added and removed by this commit")]
    AddedAndRemoved {
        /// The file.
        path: String,
    },
    /// One commit adds a file twice, and differently.
    #[error("file `{path}` is added twice by this commit, each time otherwise")]
    AddedTwice {
        /// The file.
        path: String,
    },
    /// One commit has two protocols or two metadata, and they differ.
    #[error("this commit has two `{action}` actions that differ")]
    Twice {
        /// The action's name in the log.
        action: &'static str,
    },
}

/// The actions of the lines of a commit or of a JSON checkpoint, each with its line from 1, in
/// their order. Actions that readers ignore are left out. A file without a single line gives
/// [`CommitRule::Empty`] at line 1.
///
/// Ends after the first error.
///
/// Source: Delta protocol, "Delta Log Entries".
pub(crate) fn lines<'a>(
    bytes: &'a [u8],
    interner: &'a mut Interner,
) -> impl Iterator<Item = Result<(usize, Action), (usize, CommitRule)>> + 'a {
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
            match action(line, interner) {
                Ok(None) => {}
                Ok(Some(action)) => return Some(Ok((line_idx + 1, action))),
                Err(rule) => {
                    failed = true;
                    return Some(Err((line_idx + 1, rule)));
                }
            }
        }
        failed = true;
        is_empty.then_some(Err((1, CommitRule::Empty)))
    })
}

/// The same of the commit of `version`.
pub(crate) fn actions<'a>(
    version: u64,
    bytes: &'a [u8],
    interner: &'a mut Interner,
) -> impl Iterator<Item = Result<(usize, Action), CommitError>> + 'a {
    lines(bytes, interner)
        .map(move |line| line.map_err(|(line, rule)| CommitError { version, line, rule }))
}

/// When the commit was made, as far as its first `commitInfo` says and can be read. `bytes` may be
/// the start of the commit only.
pub(crate) fn time(bytes: &[u8]) -> CommitTime {
    let lines = bytes.split(|byte| *byte == b'\n');
    // Most lines of a large commit are files; they need no look inside.
    let mut infos = lines.filter(|line| {
        let line = line.trim_ascii_start();
        !line.starts_with(b"{\"add\"") && !line.starts_with(b"{\"remove\"")
    });
    infos
        .find_map(|line| serde_json::from_slice::<InfoLine>(line).ok()?.commit_info)
        .map(CommitTime::from)
        .unwrap_or_default()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InfoLine {
    commit_info: Option<CommitInfoJson>,
}

/// One line. Fields that are not named here are actions or properties that readers ignore.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    #[serde(borrow)]
    add: Option<AddJson<'a>>,
    #[serde(borrow)]
    remove: Option<RemoveJson<'a>>,
    meta_data: Option<RawMetadata>,
    protocol: Option<Protocol>,
    commit_info: Option<CommitInfoJson>,
    sidecar: Option<SidecarJson>,
    checkpoint_metadata: Option<CheckpointMetadataJson>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AddJson<'a> {
    #[serde(borrow)]
    path: Cow<'a, str>,
    #[serde(borrow)]
    partition_values: Option<&'a RawValue>,
    size: u64,
    modification_time: i64,
    stats: Option<String>,
    deletion_vector: Option<RawDeletionVector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RemoveJson<'a> {
    #[serde(borrow)]
    path: Cow<'a, str>,
    deletion_vector: Option<RawDeletionVector>,
}

#[derive(Deserialize)]
struct SidecarJson {
    path: String,
}

#[derive(Deserialize)]
struct CheckpointMetadataJson {
    version: i64,
}

/// Free-form provenance: a value of an unexpected type is no reason to refuse the table.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommitInfoJson {
    timestamp: Option<Value>,
    in_commit_timestamp: Option<Value>,
}

impl From<CommitInfoJson> for CommitTime {
    fn from(json: CommitInfoJson) -> CommitTime {
        let ms = |value: Option<Value>| value.and_then(|value| value.as_i64());
        CommitTime { in_commit_ms: ms(json.in_commit_timestamp), writer_ms: ms(json.timestamp) }
    }
}

fn action(line: &[u8], interner: &mut Interner) -> Result<Option<Action>, CommitRule> {
    let line: Line<'_> = serde_json::from_slice(line)
        .map_err(|source| CommitRule::Json { column: source.column(), source })?;
    let mut actions = [
        line.add.map(|json| add(json, interner).map(Action::Add)).transpose()?,
        line.remove.map(|json| remove(json).map(Action::Remove)).transpose()?,
        line.meta_data.map(Action::Metadata),
        line.protocol.map(Action::Protocol),
        line.commit_info.map(|json| Action::CommitTime(json.into())),
        line.sidecar.map(|json| Action::Sidecar(json.path)),
        line.checkpoint_metadata.map(|json| Action::CheckpointVersion(json.version)),
    ]
    .into_iter()
    .flatten();
    match (actions.next(), actions.next()) {
        (action, None) => Ok(action),
        (_, Some(_)) => Err(CommitRule::SeveralActions),
    }
}

fn add(json: AddJson<'_>, interner: &mut Interner) -> Result<Add, CommitRule> {
    let values = json.partition_values.map_or("null", RawValue::get);
    let vector = json.deletion_vector;
    Ok(Add {
        path: FilePath::parse(&json.path)?,
        size_bytes: json.size,
        modification_time_ms: json.modification_time,
        deletion_vector: vector.as_ref().map(DeletionVector::read).transpose()?.map(Box::new),
        vector_id: vector.as_ref().map(RawDeletionVector::unique_id),
        partition: interner
            .of_json(values)
            .map_err(|source| CommitRule::PartitionValues { source })?,
        stats: json.stats.map_or(AddStats::None, |stats| AddStats::Json(Bytes::from(stats))),
    })
}

fn remove(json: RemoveJson<'_>) -> Result<FileKey, CommitRule> {
    Ok(FileKey {
        path: FilePath::parse(&json.path)?,
        vector_id: json.deletion_vector.as_ref().map(RawDeletionVector::unique_id),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &str, expected: Result<&[&str], &str>) {
        let mut interner = Interner::default();
        let found: Result<Vec<String>, CommitError> = actions(3, lines.as_bytes(), &mut interner)
            .map(|action| {
                action.map(|(line, action)| match action {
                    Action::Add(add) => format!(
                        "{line} add {} {:?} {}",
                        add.path.as_str(),
                        add.vector_id,
                        add.size_bytes
                    ),
                    Action::Remove(key) => {
                        format!("{line} remove {} {:?}", key.path.as_str(), key.vector_id)
                    }
                    Action::Metadata(metadata) => format!("{line} metadata {}", metadata.id),
                    Action::Protocol(protocol) => {
                        format!("{line} protocol {}", protocol.min_reader_version)
                    }
                    Action::CommitTime(time) => {
                        format!("{line} time {:?} {:?}", time.in_commit_ms, time.writer_ms)
                    }
                    Action::Sidecar(path) => format!("{line} sidecar {path}"),
                    Action::CheckpointVersion(version) => format!("{line} of version {version}"),
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
