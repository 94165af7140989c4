//! What a history list shows of a commit.

use crate::commit;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a commit file says of itself and of the files that it adds and removes.
///
/// Nothing in it is needed to read the table, and writers put into it what they like: what is
/// missing or of another type than usual is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommitFacts {
    /// The version of the commit.
    pub version: u64,
    /// When it was made, UTC microseconds: the in-commit timestamp, else the writer's clock.
    pub committed_at_us: Option<i64>,
    /// Such as `WRITE` or `MERGE`.
    pub operation: Option<String>,
    /// What the operation was told, such as `mode` and `predicate`. A value that is no text is given
    /// as JSON.
    pub parameters: BTreeMap<String, String>,
    /// What the operation counted, such as `numOutputRows`. A value that is no text is given as
    /// JSON.
    pub metrics: BTreeMap<String, String>,
    /// The program that wrote it, such as `Apache-Spark/3.5.0 Delta-Lake/3.0.0`.
    pub engine: Option<String>,
    /// The name of the user, else his id.
    pub user: Option<String>,
    /// Whether it only added files, without a look at others.
    pub is_blind_append: Option<bool>,
    /// Files that it adds.
    pub n_adds: u64,
    /// Files that it removes.
    pub n_removes: u64,
    /// Bytes of the files that it adds.
    pub added_bytes: u64,
    /// Bytes of the files that it removes, as far as it says.
    pub removed_bytes: u64,
    /// Whether it changes the schema, the partition columns or the configuration of the table.
    pub changes_metadata: bool,
    /// Whether it changes what the table asks of readers and writers.
    pub changes_protocol: bool,
    /// Lines that are not the JSON of an action.
    pub n_broken_lines: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    add: Option<FileJson>,
    remove: Option<FileJson>,
    meta_data: Option<serde::de::IgnoredAny>,
    protocol: Option<serde::de::IgnoredAny>,
    commit_info: Option<Value>,
}

#[derive(Deserialize)]
struct FileJson {
    size: Option<u64>,
}

impl CommitFacts {
    /// Reads the commit of `version`. Takes any bytes.
    pub fn read(version: u64, bytes: &[u8]) -> CommitFacts {
        let time_ms = commit::time(bytes).best_ms();
        let mut facts = CommitFacts {
            version,
            committed_at_us: time_ms.and_then(|ms| ms.checked_mul(1000)),
            ..CommitFacts::default()
        };
        let mut commit_info = None;
        let lines = bytes.split(|byte| *byte == b'\n');
        for line in lines.filter(|line| !line.trim_ascii().is_empty()) {
            let Ok(line) = serde_json::from_slice::<Line>(line) else {
                facts.n_broken_lines += 1;
                continue;
            };
            let size_bytes = |file: &FileJson| file.size.unwrap_or(0);
            if let Some(add) = &line.add {
                facts.n_adds += 1;
                facts.added_bytes = facts.added_bytes.saturating_add(size_bytes(add));
            }
            if let Some(remove) = &line.remove {
                facts.n_removes += 1;
                facts.removed_bytes = facts.removed_bytes.saturating_add(size_bytes(remove));
            }
            facts.changes_metadata |= line.meta_data.is_some();
            facts.changes_protocol |= line.protocol.is_some();
            commit_info = commit_info.or(line.commit_info);
        }
        if let Some(Value::Object(commit_info)) = &commit_info {
            facts.take(commit_info);
        }
        facts
    }

    fn take(&mut self, commit_info: &Map<String, Value>) {
        let text = |key: &str| commit_info.get(key).and_then(Value::as_str).map(str::to_owned);
        let texts = |key: &str| {
            let entries = commit_info.get(key).and_then(Value::as_object).into_iter().flatten();
            let entries = entries.map(|(key, value)| (key.clone(), as_text(value)));
            entries.collect::<BTreeMap<String, String>>()
        };
        self.operation = text("operation");
        self.parameters = texts("operationParameters");
        self.metrics = texts("operationMetrics");
        self.engine = text("engineInfo");
        self.user = text("userName").or_else(|| text("userId"));
        self.is_blind_append = commit_info.get("isBlindAppend").and_then(Value::as_bool);
    }
}

fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_commit_says() {
        let commit = r#"{"commitInfo":{"timestamp":5,"userId":"7","userName":"ann","operation":"WRITE","operationParameters":{"mode":"Append","partitionBy":"[]","n":3},"operationMetrics":{"numFiles":"2"},"isBlindAppend":true,"engineInfo":"spark","more":[1]}}
{"protocol":{"minReaderVersion":1}}
{"add":{"path":"a","size":10}}
{"add":{"path":"b","size":11}}
{"remove":{"path":"c","size":5}}

{"remove":{"path":"d"}}
nonsense"#;
        let facts = CommitFacts::read(3, commit.as_bytes());
        let map = |entries: &[(&str, &str)]| {
            entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
        };
        let expected = CommitFacts {
            version: 3,
            committed_at_us: Some(5000),
            operation: Some("WRITE".to_owned()),
            parameters: map(&[("mode", "Append"), ("n", "3"), ("partitionBy", "[]")]),
            metrics: map(&[("numFiles", "2")]),
            engine: Some("spark".to_owned()),
            user: Some("ann".to_owned()),
            is_blind_append: Some(true),
            n_adds: 2,
            n_removes: 2,
            added_bytes: 21,
            removed_bytes: 5,
            changes_metadata: false,
            changes_protocol: true,
            n_broken_lines: 1,
        };
        assert_eq!(facts, expected);
    }

    #[test]
    fn oddities_are_left_out() {
        let check = |commit_info: &str| {
            let commit = format!("{{\"commitInfo\":{commit_info}}}");
            let expected = CommitFacts { version: 1, ..CommitFacts::default() };
            assert_eq!(CommitFacts::read(1, commit.as_bytes()), expected, "{commit_info}");
        };
        check("null");
        check("7");
        check("[]");
        check(
            "{\"timestamp\":\"noon\",\"operation\":7,\"operationParameters\":[1],\"isBlindAppend\":\"yes\"}",
        );
        assert_eq!(CommitFacts::read(1, b""), CommitFacts { version: 1, ..CommitFacts::default() });
    }

    proptest! {
        #[test]
        fn any_bytes_have_facts(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(CommitFacts::read(9, &bytes).version, 9);
        }
    }
}
