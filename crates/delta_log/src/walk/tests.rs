//! Whole tables in memory, walked in every order of answers.

mod access;
mod entry;
mod law;
mod refusal;
mod travel;

use super::*;
use crate::checkpoint::fixture::{checkpoint, checkpoint_v2};
use crate::{ErrorKind, FilePath, Stats, checkpoint_path, commit_path};
use parquet::basic::{Compression, Encoding};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

const PROTOCOL: &str = r#"{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}"#;
const METADATA: &str = r#"{"metaData":{"id":"t","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}},{\"name\":\"p\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}}]}","partitionColumns":["p"],"configuration":{"k":"v"},"createdTime":5}}"#;

fn add(path: &str) -> String {
    format!(
        r#"{{"add":{{"path":"{path}","partitionValues":{{"p":"{path}"}},"size":{},"modificationTime":3,"dataChange":true,"stats":"{{}}"}}}}"#,
        path.len()
    )
}

fn remove(path: &str) -> String {
    format!(r#"{{"remove":{{"path":"{path}","deletionTimestamp":1,"dataChange":true}}}}"#)
}

fn at(ms: i64) -> String {
    format!(r#"{{"commitInfo":{{"timestamp":{ms},"inCommitTimestamp":{}}}}}"#, ms + 1)
}

/// The files of a table by path.
#[derive(Default, Clone)]
struct Files(HashMap<String, Bytes>);

impl Files {
    fn put(mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Files {
        self.0.insert(path.to_owned(), Bytes::from(bytes.into()));
        self
    }

    fn commit<S: AsRef<str>>(self, version: u64, lines: &[S]) -> Files {
        let lines: Vec<&str> = lines.iter().map(AsRef::as_ref).collect();
        self.put(&commit_path(version), lines.join("\n"))
    }

    fn checkpoint(self, version: u64, lines: &[String]) -> Files {
        self.checkpoint_with(version, lines, Compression::SNAPPY)
    }

    fn checkpoint_with(self, version: u64, lines: &[String], compression: Compression) -> Files {
        self.put(&checkpoint_path(version), checkpoint(lines, compression).to_vec())
    }

    fn hint(self, json: &str) -> Files {
        self.put(HINT_PATH, json)
    }

    /// A table of one file a version, `f0` to `f<last>`.
    fn of_versions(last: u64) -> Files {
        let mut files = Files::default();
        for version in 0..=last {
            let mut lines = vec![at(i64::try_from(version).unwrap()), add(&format!("f{version}"))];
            if version == 0 {
                lines.extend([PROTOCOL.to_owned(), METADATA.to_owned()]);
            }
            files = files.commit(version, &lines);
        }
        files
    }

    fn without(mut self, path: &str) -> Files {
        self.0.remove(path).unwrap();
        self
    }

    fn answer(&self, path: &str) -> Fetched {
        self.0.get(path).cloned().map_or(Fetched::Absent, Fetched::Bytes)
    }
}

/// What a checkpoint of [`Files::of_versions`] has.
fn checkpoint_lines(last: u64) -> Vec<String> {
    let mut lines = vec![PROTOCOL.to_owned(), METADATA.to_owned(), remove("gone")];
    lines.extend((0..=last).map(|version| add(&format!("f{version}"))));
    lines
}

/// Walks `files`, answering the pending fetch that `choose` picks of so many.
fn walk_in_order(
    files: &Files,
    choose: impl FnMut(usize) -> usize,
) -> Result<(Snapshot, Vec<String>), LogError> {
    let (snapshot, log) = drive(LogWalk::new(), files, choose)?;
    Ok((Arc::unwrap_or_clone(snapshot), log))
}

/// Takes `walk` to its end over `files`, and says what it asked for.
fn drive(
    mut walk: LogWalk,
    files: &Files,
    mut choose: impl FnMut(usize) -> usize,
) -> Result<(Arc<Snapshot>, Vec<String>), LogError> {
    let (mut in_flight, mut log): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    loop {
        match walk.step() {
            Step::Fetch { path, .. } => {
                assert!(!in_flight.contains(&path), "{path} is asked for twice at once");
                log.push(path.clone());
                in_flight.push(path);
            }
            Step::Cancel { path } => in_flight.retain(|it| *it != path),
            Step::Wait => {
                assert!(!in_flight.is_empty(), "the walk waits for nothing");
                let path = in_flight.remove(choose(in_flight.len()));
                walk.answer(&path, files.answer(&path))?;
            }
            Step::Done(snapshot) => {
                assert!(in_flight.is_empty(), "the walk ends with open fetches");
                return Ok((snapshot, log));
            }
        }
    }
}

fn read(files: &Files) -> Result<Snapshot, LogError> {
    let first = walk_in_order(files, |_| 0).map(|(snapshot, _)| snapshot);
    let last = walk_in_order(files, |n| n - 1).map(|(snapshot, _)| snapshot);
    match (&first, &last) {
        (Ok(a), Ok(b)) => assert_eq!(a, b),
        (Err(a), Err(b)) => assert_eq!(a.kind(), b.kind()),
        _ => panic!("the order of answers decides: {first:?}, {last:?}"),
    }
    first
}

/// Version, time and files of a snapshot.
type Seen<'a> = (u64, Option<i64>, &'a [&'a str]);

/// What the snapshot has, or the kind and the text of the error.
#[track_caller]
fn check(files: &Files, expected: Result<Seen<'_>, (ErrorKind, &str)>) {
    match (read(files), expected) {
        (Ok(snapshot), Ok((version, committed_at_us, paths))) => {
            let found: Vec<&str> = snapshot.adds.iter().map(|add| add.path.as_str()).collect();
            assert_eq!(
                (snapshot.version, snapshot.committed_at_us, found.as_slice()),
                (version, committed_at_us, paths)
            );
        }
        (Err(error), Err((kind, text))) => {
            assert_eq!((error.kind(), error.to_string().as_str()), (kind, text));
        }
        (found, expected) => panic!("found {found:?}, not {expected:?}"),
    }
}

#[test]
fn commits_follow_one_another() {
    check(&Files::of_versions(0), Ok((0, Some(0), &["f0"])));
    check(&Files::of_versions(2), Ok((2, Some(2000), &["f0", "f1", "f2"])));
    let files = Files::of_versions(1).commit(2, &[remove("f0"), add("a%20b")]);
    check(&files, Ok((2, None, &["a b", "f1"])));
    let files = files.commit(3, &[add("f0"), add("s3://x/f0")]);
    check(&files, Ok((3, None, &["a b", "f0", "f1", "s3://x/f0"])));
}

#[test]
fn a_snapshot_says_what_the_table_is() {
    let snapshot = read(&Files::of_versions(0)).unwrap();
    assert_eq!(snapshot.metadata.id, "t");
    assert_eq!(snapshot.metadata.partition_columns, ["p"]);
    assert_eq!(snapshot.metadata.configuration["k"], "v");
    assert_eq!(snapshot.metadata.created_at_us, Some(5000));
    assert_eq!(snapshot.metadata.schema.fields().len(), 2);
    let add = &snapshot.adds[0];
    assert_eq!(add.path, FilePath::Relative("f0".to_owned()));
    assert_eq!((add.size_bytes, add.modification_time_ms), (2, 3));
    assert_eq!(add.partition_value("p"), Some("f0"));
    assert_eq!(add.partition().iter().collect::<Vec<_>>(), [("p", Some("f0"))]);
    assert_eq!(add.stats().unwrap(), Some(Stats::parse("{}").unwrap()));
}

#[test]
fn the_hint_leads_to_the_checkpoint() {
    let files = Files::of_versions(6)
        .checkpoint(4, &checkpoint_lines(4))
        .hint("{\"version\":4,\"size\":8}")
        .without(&commit_path(0))
        .without(&commit_path(1))
        .without(&commit_path(2));
    let all = ["f0", "f1", "f2", "f3", "f4", "f5", "f6"];
    check(&files, Ok((6, Some(6000), &all)));
    let (_, log) = walk_in_order(&files, |_| 0).unwrap();
    // The first commits are asked for in case that there is no checkpoint.
    let first = [HINT_PATH.to_owned(), commit_path(0)];
    assert_eq!(log[..2], first);
    assert_eq!(log[5..8], [checkpoint_path(4), commit_path(4), commit_path(5)]);

    // A checkpoint at the tip takes its time from its commit, if that is there.
    let tip = Files::of_versions(4).checkpoint(4, &checkpoint_lines(4)).hint("{\"version\":4}");
    check(&tip, Ok((4, Some(4000), &all[..5])));
    check(&tip.without(&commit_path(4)), Ok((4, None, &all[..5])));
}

#[test]
fn every_codec_of_the_crate_is_read() {
    for codec in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(Default::default()),
        Compression::BROTLI(Default::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
        Compression::ZSTD(Default::default()),
    ] {
        let files = Files::default()
            .checkpoint_with(1, &checkpoint_lines(1), codec)
            .hint("{\"version\":1}");
        check(&files, Ok((1, None, &["f0", "f1"])));
    }
    for encoding in [Encoding::PLAIN, Encoding::DELTA_LENGTH_BYTE_ARRAY, Encoding::DELTA_BYTE_ARRAY]
    {
        let files = Files::default()
            .put(&checkpoint_path(1), checkpoint_v2(&checkpoint_lines(1), encoding).to_vec())
            .hint("{\"version\":1}");
        check(&files, Ok((1, None, &["f0", "f1"])));
    }
}

#[test]
fn a_checkpoint_keeps_what_the_commits_said() {
    let odd =
        r#"{"add":{"path":"odd","partitionValues":{"p":null},"size":0,"modificationTime":-1}}"#;
    let bare = r#"{"add":{"path":"bare","partitionValues":{},"size":0,"modificationTime":-1}}"#;
    let protocol = r#"{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":[],"writerFeatures":["a","b"]}}"#;
    let lines = [protocol, METADATA, odd, bare, &add("f0")].map(str::to_owned);
    let from_zero = read(&Files::default().commit(0, &lines)).unwrap();
    for bytes in [checkpoint(&lines, Compression::SNAPPY), checkpoint_v2(&lines, Encoding::PLAIN)] {
        let files =
            Files::default().put(&checkpoint_path(0), bytes.to_vec()).hint("{\"version\":0}");
        assert_eq!(read(&files).unwrap(), from_zero);
    }
}

#[test]
fn a_hint_that_is_missing_broken_or_false_costs_nothing_else() {
    let tip: &[&str] = &["f0", "f1", "f2"];
    for hint in ["", "<html>", "{\"version\":-1}", "{\"version\":2}", "{\"version\":99}", "{}"] {
        check(&Files::of_versions(2).hint(hint), Ok((2, Some(2000), tip)));
    }
    // An older checkpoint than the last one is as good.
    let files = Files::of_versions(2).checkpoint(0, &checkpoint_lines(0)).hint("{\"version\":0}");
    check(&files, Ok((2, Some(2000), tip)));
    // A checkpoint is not needed while the commits are there.
    for hint in ["{\"version\":1,\"parts\":2}", "{\"version\":2,\"v2Checkpoint\":{\"path\":\"x\"}}"]
    {
        check(&Files::of_versions(2).hint(hint), Ok((2, Some(2000), tip)));
    }
    let sidecar = r#"{"sidecar":{"path":"s","sizeInBytes":1}}"#;
    for lines in [
        vec![PROTOCOL, METADATA, sidecar],
        vec![PROTOCOL],
        vec![METADATA],
        vec![PROTOCOL, METADATA, r#"{"checkpointMetadata":{"version":2}}"#],
    ] {
        let lines: Vec<String> = lines.into_iter().map(str::to_owned).collect();
        let files = Files::of_versions(2).checkpoint(1, &lines).hint("{\"version\":1}");
        check(&files, Ok((2, Some(2000), tip)));
    }
    let broken = Files::of_versions(2).put(&checkpoint_path(1), "PAR1PAR1");
    check(&broken.hint("{\"version\":1}"), Ok((2, Some(2000), tip)));
}

#[test]
fn a_commit_that_appears_between_two_answers_is_no_gap() {
    let mut files = Files::of_versions(0);
    let later = Files::of_versions(2);
    let mut walk = LogWalk::new();
    let mut in_flight = VecDeque::new();
    let snapshot = loop {
        match walk.step() {
            Step::Fetch { path, .. } => in_flight.push_back(path),
            Step::Cancel { path } => in_flight.retain(|it| *it != path),
            Step::Wait => {
                let path = in_flight.pop_front().unwrap();
                walk.answer(&path, files.answer(&path)).unwrap();
                if path == commit_path(1) {
                    files = later.clone();
                }
            }
            Step::Done(snapshot) => break snapshot,
        }
    };
    assert_eq!(snapshot.version, 2);
}

#[test]
fn a_deletion_vector_is_part_of_the_name_of_a_file() {
    let with_vector = add("f0").replace(
        "\"size\"",
        r#""deletionVector":{"storageType":"u","pathOrInlineDv":"vBn[lx{q8@P<9BNH/isA","offset":4,"sizeInBytes":36,"cardinality":2},"size""#,
    );
    let vector = |files: &Files| {
        let snapshot = read(files).unwrap();
        let vectors = snapshot.adds.iter().map(|add| {
            let (path, range) = add.deletion_vector.as_ref()?.byte_range()?;
            Some((path.as_str().to_owned(), range))
        });
        vectors.collect::<Vec<_>>()
    };
    let path = "deletion_vector_61d16c75-6994-46b7-a15b-8b538852e50e.bin";
    let expected = [Some((path.to_owned(), 4..48))];
    let files = Files::of_versions(0).commit(1, &[remove("f0"), with_vector.clone()]);
    assert_eq!(vector(&files), expected);
    // This removes another file.
    let files = files.commit(2, &[remove("f0"), add("f1")]);
    assert_eq!(vector(&files), [expected[0].clone(), None]);
    let removed = with_vector.replace("\"add\"", "\"remove\"");
    check(&files.commit(3, &[removed]), Ok((3, None, &["f1"])));
    let lines = [PROTOCOL.to_owned(), METADATA.to_owned(), with_vector.clone()];
    let files = Files::default().checkpoint(1, &lines).hint("{\"version\":1}");
    assert_eq!(vector(&files), expected);

    let broken = with_vector.replace("36", "-36");
    let text = "row 2: deletion vector: `sizeInBytes` is -36, not 0 to 2^31 - 1";
    let lines = [PROTOCOL.to_owned(), METADATA.to_owned(), broken];
    let files = Files::default().checkpoint(1, &lines).hint("{\"version\":1}");
    let text = format!("`{}`: {text}", checkpoint_path(1));
    check(&files, Err((ErrorKind::Malformed, &text)));
}

#[test]
fn in_commit_timestamps_hold_where_they_are_enabled() {
    let enabled = METADATA.replace("\"k\":\"v\"", "\"delta.enableInCommitTimestamps\":\"true\"");
    let files = Files::of_versions(0).commit(1, &[at(10), enabled]);
    check(&files, Ok((1, Some(11_000), &["f0"])));
    check(&files.commit(2, &[at(i64::MAX - 1)]), Ok((2, None, &["f0"])));
}

#[test]
fn an_answer_that_nobody_asked_for_is_refused() {
    let mut walk = LogWalk::new();
    assert!(matches!(walk.answer(HINT_PATH, Fetched::Absent), Err(LogError::Unasked { .. })));
    assert!(matches!(walk.step(), Step::Fetch { purpose: Purpose::Hint, .. }));
    assert!(walk.answer(HINT_PATH, Fetched::Absent).is_ok());
    assert!(matches!(walk.answer(HINT_PATH, Fetched::Absent), Err(LogError::Unasked { .. })));
}

#[test]
fn many_commits_are_asked_for_at_once() {
    let files = Files::of_versions(200);
    let mut rounds = 0;
    let mut walk = LogWalk::new();
    let mut in_flight: Vec<String> = Vec::new();
    let snapshot = loop {
        match walk.step() {
            Step::Fetch { path, .. } => in_flight.push(path),
            Step::Cancel { path } => in_flight.retain(|it| *it != path),
            Step::Wait => {
                rounds += 1;
                for path in in_flight.drain(..) {
                    walk.answer(&path, files.answer(&path)).unwrap();
                }
            }
            Step::Done(snapshot) => break snapshot,
        }
    };
    assert_eq!(snapshot.adds.len(), 201);
    assert!(rounds < 20, "{rounds} rounds of fetches");
}
