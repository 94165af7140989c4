//! Tables in memory, their logs made of any bytes.

use bytes::Bytes;
use delta_log::{
    ChangeStep, ChangeWalk, Fetched, LogWalk, Snapshot, Step, commit_path, partition_array,
    physical_name, physical_schema,
};
use std::collections::HashMap;
use std::sync::Arc;

/// What is between two files of a log; no JSON has it.
const SEPARATOR: u8 = 0x1e;

/// A log with that hint, none where it is empty, and those commits from version 0 on, as
/// [`crate::log`] reads it.
pub fn log_bytes(hint: &[u8], commits: &[&[u8]]) -> Vec<u8> {
    let files = std::iter::once(&hint).chain(commits).copied();
    files.collect::<Vec<&[u8]>>().join(&SEPARATOR)
}

/// The commit that makes a table of that schema, with columns mapped by `mode`.
pub fn commit_of_schema(schema_string: &str, mode: &str) -> Vec<u8> {
    let mut json = String::from("\"");
    for c in schema_string.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if c < ' ' => json.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => json.push(c),
        }
    }
    json.push('"');
    format!(
        r#"{{"protocol":{{"minReaderVersion":2,"minWriterVersion":5}}}}
{{"metaData":{{"id":"t","schemaString":{json},"partitionColumns":["p"],"configuration":{{"delta.columnMapping.mode":"{mode}"}}}}}}
{{"add":{{"path":"f","partitionValues":{{"p":"1"}},"size":1,"modificationTime":1,"dataChange":true}}}}"#
    )
    .into_bytes()
}

/// The files of a table by path.
pub(crate) struct Files {
    by_path: HashMap<String, Bytes>,
    /// What every checkpoint and every sidecar is.
    checkpoint: Option<Bytes>,
}

const HINT_PATH: &str = "_delta_log/_last_checkpoint";

impl Files {
    pub fn of_log(bytes: &[u8]) -> Files {
        let mut files = bytes.split(|byte| *byte == SEPARATOR).map(Bytes::copy_from_slice);
        let hint = files.next().filter(|hint| !hint.is_empty());
        let hint = hint.map(|hint| (HINT_PATH.to_owned(), hint));
        let commits = files.zip(0..).map(|(commit, version)| (commit_path(version), commit));
        Files { by_path: hint.into_iter().chain(commits).collect(), checkpoint: None }
    }

    pub fn of_checkpoint(hint: &[u8], checkpoint: &[u8]) -> Files {
        let hint = (HINT_PATH.to_owned(), Bytes::copy_from_slice(hint));
        Files {
            by_path: HashMap::from([hint]),
            checkpoint: Some(Bytes::copy_from_slice(checkpoint)),
        }
    }

    pub fn without_hint(&self) -> Files {
        let mut by_path = self.by_path.clone();
        by_path.remove(HINT_PATH);
        Files { by_path, checkpoint: None }
    }

    /// The newest version, if there is one.
    pub fn read(&self) -> Option<Snapshot> {
        let mut walk = LogWalk::new();
        let mut in_flight: Vec<String> = Vec::new();
        let mut n_fetches = 0;
        loop {
            match walk.step() {
                Step::Fetch { path, .. } => {
                    n_fetches += 1;
                    assert!(n_fetches < 10_000, "the walk asks without end");
                    in_flight.push(path);
                }
                Step::Wait => {
                    let path = in_flight.pop().expect("the walk waits for something");
                    walk.answer(&path, self.answer(&path)).ok()?;
                }
                Step::Cancel { path } => in_flight.retain(|it| *it != path),
                Step::Done(snapshot) => return Some(Arc::unwrap_or_clone(snapshot)),
            }
        }
    }

    /// Version 0.
    pub fn first_version(&self) -> Option<Snapshot> {
        let path = commit_path(0);
        let commit = self.by_path.get(&path)?.clone();
        Files { by_path: HashMap::from([(path, commit)]), checkpoint: None }.read()
    }

    /// The changes from the version of `first` to the last one.
    pub fn read_changes(&self, first: &Snapshot) -> Option<()> {
        let mut walk = ChangeWalk::new(first, first.version + self.by_path.len() as u64).ok()?;
        let mut in_flight = Vec::new();
        let mut next_version = first.version;
        loop {
            match walk.step() {
                ChangeStep::Fetch { path } => in_flight.push(path),
                ChangeStep::Wait => {
                    let path = in_flight.pop().expect("the walk waits for something");
                    walk.answer(&path, self.answer(&path)).ok()?;
                }
                ChangeStep::Commit(changes) => {
                    assert_eq!(changes.version, next_version, "versions follow one another");
                    next_version += 1;
                }
                ChangeStep::Done => return Some(()),
            }
        }
    }

    fn answer(&self, path: &str) -> Fetched {
        let is_checkpoint = path != HINT_PATH && !path.ends_with(".crc");
        let is_commit = self.checkpoint.is_some() && path.len() == commit_path(0).len();
        let checkpoint = self.checkpoint.as_ref().filter(|_| is_checkpoint && !is_commit);
        let bytes = self.by_path.get(path).or(checkpoint).cloned();
        bytes.map_or(Fetched::Absent, Fetched::Bytes)
    }
}

/// Does with a snapshot what an engine does before it reads a file.
pub(crate) fn look_at(snapshot: &Snapshot) {
    let metadata = &snapshot.metadata;
    physical_schema(&metadata.schema);
    let partition_fields: Vec<_> = metadata.partition_fields().collect();
    assert_eq!(partition_fields.len(), metadata.partition_columns.len());
    assert!(metadata.file_fields().count() <= metadata.schema.fields().len());
    for add in &snapshot.adds {
        if let Some(vector) = &add.deletion_vector {
            let range = vector.byte_range();
            assert!(
                range.is_none_or(|(_, range)| range.end - range.start == vector.size_bytes + 8)
            );
            let _ = vector.decode(None);
        }
        for field in &partition_fields {
            let text = add.partition_value(physical_name(field));
            let _ = partition_array(field.data_type(), text);
        }
        let _ = add.stats();
    }
}
