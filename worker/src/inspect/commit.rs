//! What one commit says of itself.

use super::cut;
use protocol::CommitDescription;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// At most so many parameters and metrics are told of one commit.
const MAX_ENTRIES: usize = 60;

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, rename = "commitInfo")]
    facts: Option<&'a RawValue>,
    #[serde(borrow)]
    add: Option<&'a RawValue>,
    remove: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Added {
    size: Option<u64>,
}

/// Describes the commit of `version`, whose file has these `bytes`. Lines that are not JSON, and
/// facts of an unexpected form, are left out: they say nothing that a reader of the table needs.
pub fn describe(version: u64, bytes: &[u8]) -> CommitDescription {
    let mut commit = CommitDescription {
        version,
        committed_at_us: None,
        operation: None,
        parameters: BTreeMap::new(),
        metrics: BTreeMap::new(),
        engine: None,
        n_added: 0,
        added_bytes: 0,
        n_removed: 0,
    };
    for line in bytes.split(|byte| *byte == b'\n') {
        let Ok(line) = serde_json::from_slice::<Line<'_>>(line) else { continue };
        if let Some(add) = line.add {
            let size = serde_json::from_str::<Added>(add.get()).ok().and_then(|add| add.size);
            commit.n_added += 1;
            commit.added_bytes = commit.added_bytes.saturating_add(size.unwrap_or(0));
        }
        commit.n_removed += u64::from(line.remove.is_some());
        let facts = line.facts.and_then(|facts| serde_json::from_str(facts.get()).ok());
        if let Some(Value::Object(facts)) = facts {
            take(&mut commit, &facts);
        }
    }
    commit
}

fn take(commit: &mut CommitDescription, facts: &Map<String, Value>) {
    let text = |name: &str| facts.get(name).and_then(Value::as_str).map(cut);
    let ms = |name: &str| facts.get(name).and_then(Value::as_i64);
    let at_ms = ms("inCommitTimestamp").or_else(|| ms("timestamp"));
    commit.committed_at_us = at_ms.and_then(|ms| ms.checked_mul(1000));
    commit.operation = text("operation");
    commit.engine = text("engineInfo").or_else(|| text("clientVersion"));
    commit.parameters = entries(facts.get("operationParameters"));
    commit.metrics = entries(facts.get("operationMetrics"));
}

/// The entries of an object, values as text: a text as it is, all else as JSON.
fn entries(object: Option<&Value>) -> BTreeMap<String, String> {
    let entries = object.and_then(Value::as_object).into_iter().flatten();
    entries
        .filter(|(_, value)| !value.is_null())
        .take(MAX_ENTRIES)
        .map(|(key, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (cut(key), cut(&text))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &str, expected: &str) {
        let commit = describe(3, lines.as_bytes());
        let pairs = |map: &BTreeMap<String, String>| {
            map.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
        };
        let found = format!(
            "{:?} {} [{}] [{}] {} +{}/{} -{}",
            commit.committed_at_us,
            commit.operation.as_deref().unwrap_or("?"),
            pairs(&commit.parameters),
            pairs(&commit.metrics),
            commit.engine.as_deref().unwrap_or("?"),
            commit.n_added,
            commit.added_bytes,
            commit.n_removed
        );
        assert_eq!(found, expected, "{lines}");
    }

    #[test]
    fn commits_say_what_was_done() {
        check(
            r#"{"commitInfo":{"timestamp":1539795018250,"operation":"MERGE","operationParameters":{"predicate":"(a = b)","n":1,"gone":null},"operationMetrics":{"numTargetRowsUpdated":"7"},"engineInfo":"Apache-Spark/3.5"}}
{"add":{"path":"a","size":10,"dataChange":true}}
{"add":{"path":"b","size":5}}
{"remove":{"path":"c"}}"#,
            "Some(1539795018250000) MERGE [n=1,predicate=(a = b)] [numTargetRowsUpdated=7] Apache-Spark/3.5 +2/15 -1",
        );
        check(
            r#"{"commitInfo":{"timestamp":5,"inCommitTimestamp":7,"operation":"WRITE"}}"#,
            "Some(7000) WRITE [] [] ? +0/0 -0",
        );
    }

    #[test]
    fn whatever_is_odd_is_left_out() {
        check("", "None ? [] [] ? +0/0 -0");
        check("not json\n{\"add\":{\"size\":-1}}\n{\"add\":7}", "None ? [] [] ? +2/0 -0");
        check(
            r#"{"commitInfo":{"timestamp":"today","operation":5,"operationParameters":[1],"operationMetrics":{"deep":{"a":[1]}}}}"#,
            "None ? [] [deep={\"a\":[1]}] ? +0/0 -0",
        );
        check(r#"{"commitInfo":{"timestamp":9223372036854775807}}"#, "None ? [] [] ? +0/0 -0");
    }
}
