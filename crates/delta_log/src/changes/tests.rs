//! Ranges of versions in memory, answered in every order.

use super::*;
use crate::{LogWalk, Step};

const PROTOCOL: &str = r#"{"protocol":{"minReaderVersion":1,"minWriterVersion":4}}"#;
const VECTOR: &str = r#"{"storageType":"u","pathOrInlineDv":"vBn[lx{q8@P<9BNH/isA","offset":1,"sizeInBytes":36,"cardinality":2}"#;

fn metadata(column: &str, is_enabled: &str) -> String {
    format!(
        r#"{{"metaData":{{"id":"t","schemaString":"{{\"type\":\"struct\",\"fields\":[{{\"name\":\"{column}\",\"type\":\"long\",\"nullable\":true,\"metadata\":{{}}}},{{\"name\":\"p\",\"type\":\"string\",\"nullable\":true,\"metadata\":{{}}}}]}}","partitionColumns":["p"],"configuration":{{"delta.enableChangeDataFeed":"{is_enabled}"}}}}}}"#
    )
}

fn file(action: &str, path: &str, more: &str) -> String {
    format!(
        r#"{{"{action}":{{"path":"{path}","partitionValues":{{"p":"x"}},"size":7,"modificationTime":1{more}}}}}"#
    )
}

fn with_vector(action: &str, path: &str) -> String {
    file(action, path, &format!(r#","dataChange":true,"deletionVector":{VECTOR}"#))
}

/// A table of those commits after a first one, which makes it.
fn commits(later: &[&[String]]) -> Vec<Vec<u8>> {
    let first = [PROTOCOL.to_owned(), metadata("a", "true"), file("add", "f0", "")];
    let commits = std::iter::once(first.as_slice()).chain(later.iter().copied());
    commits.map(|lines| lines.join("\n").into_bytes()).collect()
}

fn fetch(commits: &[Vec<u8>], path: &str) -> Fetched {
    let version = (0..commits.len()).find(|version| commit_path(*version as u64) == path);
    let commit = version.and_then(|version| commits.get(version));
    commit.map_or(Fetched::Absent, |commit| Fetched::Bytes(Bytes::from(commit.clone())))
}

fn snapshot(commits: &[Vec<u8>]) -> Snapshot {
    let mut walk = LogWalk::new();
    let mut in_flight = Vec::new();
    loop {
        match walk.step() {
            Step::Fetch { path, .. } => in_flight.push(path),
            // The answer is taken all the same.
            Step::Cancel { .. } => {}
            Step::Wait => {
                let path = in_flight.pop().unwrap();
                walk.answer(&path, fetch(commits, &path)).unwrap();
            }
            Step::Done(snapshot) => return std::sync::Arc::unwrap_or_clone(snapshot),
        }
    }
}

fn walk_in_order(
    commits: &[Vec<u8>],
    last_version: u64,
    choose: impl Fn(usize) -> usize,
) -> Result<Vec<CommitChanges>, ChangeError> {
    let mut walk = ChangeWalk::new(&snapshot(&commits[..1]), last_version)?;
    let (mut in_flight, mut changes) = (Vec::new(), Vec::new());
    loop {
        match walk.step() {
            ChangeStep::Fetch { path } => in_flight.push(path),
            ChangeStep::Wait => {
                let path = in_flight.remove(choose(in_flight.len()));
                walk.answer(&path, fetch(commits, &path))?;
            }
            ChangeStep::Commit(commit) => changes.push(*commit),
            ChangeStep::Done => {
                assert!(in_flight.is_empty(), "the walk ends with open fetches");
                return Ok(changes);
            }
        }
    }
}

/// The changed files of each version up to the last one, or the error.
#[track_caller]
fn check(later: &[&[String]], expected: Result<&[&str], (ErrorKind, &str)>) {
    let commits = commits(later);
    let last_version = commits.len() as u64 - 1;
    let found = walk_in_order(&commits, last_version, |_| 0);
    match (&found, walk_in_order(&commits, last_version, |n| n - 1)) {
        (Ok(first), Ok(last)) => assert_eq!(*first, last),
        (Err(first), Err(last)) => assert_eq!(first.kind(), last.kind()),
        (first, last) => panic!("the order of answers decides: {first:?}, {last:?}"),
    }
    match (found, expected) {
        (Ok(found), Ok(expected)) => {
            let versions: Vec<u64> = found.iter().map(|commit| commit.version).collect();
            assert_eq!(versions, (0..=last_version).collect::<Vec<_>>());
            let found: Vec<String> = found.iter().skip(1).map(text).collect();
            assert_eq!(found, expected);
        }
        (Err(error), Err((kind, text))) => {
            assert_eq!((error.kind(), error.to_string().as_str()), (kind, text));
        }
        (found, expected) => panic!("found {found:?}, not {expected:?}"),
    }
}

fn text(commit: &CommitChanges) -> String {
    let files = commit.files.iter().map(|file| {
        let size = |vector: &Option<DeletionVector>| vector.as_ref().map_or(0, |v| v.cardinality);
        let rows = match &file.rows {
            ChangedRows::Recorded => "recorded".to_owned(),
            ChangedRows::Inserted(vector) => format!("inserted-{}", size(vector)),
            ChangedRows::Deleted(vector) => format!("deleted-{}", size(vector)),
            ChangedRows::Vector { before, after } => format!("{}to{}", size(before), size(after)),
        };
        format!("{}:{rows}", file.path.as_str())
    });
    files.collect::<Vec<_>>().join(" ")
}

#[test]
fn files_that_came_and_went() {
    check(&[], Ok(&[]));
    let quiet = r#","dataChange":false"#;
    check(
        &[
            &[file("add", "f1", ""), file("add", "f2", r#","dataChange":true"#)],
            &[file("remove", "f1", ""), file("add", "f3", quiet), file("remove", "f2", quiet)],
            &[r#"{"commitInfo":{"timestamp":5}}"#.to_owned()],
            &[with_vector("remove", "f4"), with_vector("add", "f5")],
        ],
        Ok(&["f1:inserted-0 f2:inserted-0", "f1:deleted-0", "", "f4:deleted-2 f5:inserted-2"]),
    );
}

#[test]
fn recorded_changes_are_all_there_is() {
    check(
        &[&[
            file("add", "f1", ""),
            file("cdc", "_change_data/c1", r#","dataChange":false"#),
            file("remove", "f0", ""),
        ]],
        Ok(&["_change_data/c1:recorded"]),
    );
}

#[test]
fn a_file_that_is_added_and_removed_has_another_vector() {
    check(
        &[
            &[file("remove", "f0", ""), with_vector("add", "f0")],
            &[file("add", "f0", ""), file("add", "g", ""), with_vector("remove", "f0")],
        ],
        Ok(&["f0:0to2", "f0:2to0 g:inserted-0"]),
    );
}

#[test]
fn a_version_knows_its_time() {
    let info = r#"{"commitInfo":{"timestamp":5,"inCommitTimestamp":6}}"#.to_owned();
    let enabled = metadata("a", r#"true","delta.enableInCommitTimestamps":"true"#);
    let commits = commits(&[
        std::slice::from_ref(&info),
        &[enabled, info.clone()],
        std::slice::from_ref(&info),
        &[file("add", "f", "")],
    ]);
    let found = walk_in_order(&commits, 4, |_| 0).unwrap();
    let times: Vec<Option<i64>> = found.iter().map(|commit| commit.committed_at_us).collect();
    assert_eq!(times, [None, Some(5000), Some(6000), Some(6000), None]);
}

#[test]
fn what_cannot_be_told_is_named() {
    let off = "version 2 has no change data feed: `delta.enableChangeDataFeed` is not true";
    check(
        &[&[file("add", "f", "")], &[metadata("a", "false")]],
        Err((ErrorKind::Unsupported, off)),
    );
    let columns = "version 1 changes the columns of the table; ask for the changes before it or \
                   from it on";
    check(&[&[metadata("b", "true")]], Err((ErrorKind::Unsupported, columns)));
    check(&[&[metadata("a", "TRUE")]], Ok(&[""]));
    let feature =
        r#"{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["quantum"]}}"#;
    let text = "reader feature `quantum` is not supported";
    check(&[&[feature.to_owned()]], Err((ErrorKind::Unsupported, text)));
    let bare = r#"{"remove":{"path":"f0","dataChange":true}}"#.to_owned();
    let text = "`_delta_log/00000000000000000001.json`: removed file `f0` has no partition values";
    check(&[std::slice::from_ref(&bare)], Err((ErrorKind::Malformed, text)));
    // Those of a file that stays are in its add.
    check(&[&[bare, with_vector("add", "f0")]], Ok(&["f0:0to2"]));
    let text = "`_delta_log/00000000000000000001.json` line 1: the commit is empty";
    check(&[&[]], Err((ErrorKind::Malformed, text)));
    check(
        &[&[file("add", "../f", "")]],
        Err((
            ErrorKind::Malformed,
            "`_delta_log/00000000000000000001.json` line 1: path `../f` leads out of the table",
        )),
    );
}

#[test]
fn a_range_is_of_versions_that_are_there() {
    let all = commits(&[&[file("add", "f1", "")]]);
    let error = walk_in_order(&all, 2, |_| 0).unwrap_err();
    assert_eq!(error.to_string(), "`_delta_log/00000000000000000002.json` is not there");
    assert_eq!(error.kind(), ErrorKind::Gone);
    assert!(matches!(walk_in_order(&all, u64::MAX, |_| 0), Err(ChangeError::Gone { .. })));
    let error = ChangeWalk::new(&snapshot(&all), 0).unwrap_err();
    assert_eq!(error.to_string(), "version 0 is before version 1");
    let mut walk = ChangeWalk::new(&snapshot(&all), 1).unwrap();
    assert!(matches!(
        walk.answer(&commit_path(1), Fetched::Absent),
        Err(ChangeError::Unasked { .. })
    ));
    let many: Vec<[String; 1]> = (0..40).map(|n| [file("add", &format!("g{n}"), "")]).collect();
    let many: Vec<&[String]> = many.iter().map(<[String; 1]>::as_slice).collect();
    assert_eq!(walk_in_order(&commits(&many), 40, |n| n / 2).unwrap().len(), 41);
}
