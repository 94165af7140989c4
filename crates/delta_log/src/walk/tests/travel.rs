//! Older versions, by number and by time.

use super::*;

#[track_caller]
fn check_walk(make: impl Fn() -> LogWalk, files: &Files, expected: Result<u64, (ErrorKind, &str)>) {
    for last in [false, true] {
        let choose = |n: usize| if last { n - 1 } else { 0 };
        match (drive(make(), files, choose), expected) {
            (Ok((snapshot, _)), Ok(version)) => {
                assert_eq!(snapshot.version, version);
                assert_eq!(snapshot.adds.len() as u64, version + 1, "{:?}", snapshot.adds);
            }
            (Err(error), Err((kind, text))) => {
                assert_eq!((error.kind(), error.to_string().as_str()), (kind, text));
            }
            (found, expected) => panic!("found {found:?}, not {expected:?}"),
        }
    }
}

/// Versions up to 45, a checkpoint every 10 versions, the hint at the last one; commits before
/// `n_gone` and checkpoints before them are gone.
fn table(n_gone: u64) -> Files {
    let mut files = Files::of_versions(45);
    for version in [10, 20, 30, 40].into_iter().filter(|version| *version >= n_gone) {
        files = files.checkpoint(version, &checkpoint_lines(version));
    }
    (0..n_gone)
        .fold(files, |files, version| files.without(&commit_path(version)))
        .hint("{\"version\":40}")
}

#[test]
fn a_version_is_found_by_its_number() {
    let check = |files: &Files, version, expected| {
        check_walk(|| LogWalk::at_version(version), files, expected);
    };
    for version in [0, 3, 10, 19, 20, 27, 39, 40, 41, 45] {
        check(&table(0), version, Ok(version));
        check(&table(0).without(HINT_PATH), version, Ok(version));
    }
    check(&table(20), 20, Ok(20));
    check(&table(20), 31, Ok(31));
    check(&table(20), 45, Ok(45));
    let ahead = (ErrorKind::Gone, "version 46 is not there, the newest one is 45");
    check(&table(20), 46, Err(ahead));
    check(&table(0).without(HINT_PATH), 46, Err(ahead));
    let gone = "version 19 is gone: neither a checkpoint nor the commits from 0 lead to it; the \
                earliest known one is 40";
    check(&table(20), 19, Err((ErrorKind::Gone, gone)));
    let gone = gone.replace("19", "3");
    check(&table(20), 3, Err((ErrorKind::Gone, &gone)));
    let absent = "not a Delta table: neither `_delta_log/_last_checkpoint` nor \
                  `_delta_log/00000000000000000000.json` is there";
    check(&Files::default(), 3, Err((ErrorKind::NotATable, absent)));
}

#[test]
fn a_later_checkpoint_is_never_the_way_to_an_earlier_version() {
    let walk = || LogWalk::at_version(3);
    let (_, log) = drive(walk(), &table(0), |_| 0).unwrap();
    assert!(!log.iter().any(|path| path.contains("checkpoint.")), "{log:?}");
    assert!(!log.contains(&commit_path(4)), "{log:?}");
}

#[test]
fn a_version_is_found_by_its_time() {
    // Version v is of in-commit time v + 1 milliseconds.
    let check = |files: &Files, timestamp_us, expected| {
        check_walk(|| LogWalk::at_timestamp(timestamp_us), files, expected);
    };
    for version in [0, 3, 9, 10, 19, 20, 27, 39, 40, 41, 44] {
        let timestamp_us = i64::try_from(version).unwrap() * 1000 + 1000;
        for timestamp_us in [timestamp_us, timestamp_us + 999] {
            check(&table(0), timestamp_us, Ok(version));
            check(&table(0).without(HINT_PATH), timestamp_us, Ok(version));
        }
    }
    check(&table(0), i64::MAX, Ok(45));
    check(&table(20), 32_000, Ok(31));
    let young = "no version is as old as 999 us: the first one that is there is of 1000 us";
    check(&table(0), 999, Err((ErrorKind::Gone, young)));
    check(&table(0).without(HINT_PATH), 999, Err((ErrorKind::Gone, young)));
    let gone = "no version is as old as 5000 us: the first one that is there is of 21000 us";
    check(&table(20), 5000, Err((ErrorKind::Gone, gone)));
    // Commits from 15 are there, and no checkpoint leads to them.
    let half = (10..15).fold(table(10), |files, it| files.without(&commit_path(it)));
    let gone = "version 17 is gone: neither a checkpoint nor the commits from 0 lead to it; the \
                earliest known one is 40";
    let without = half.without(&checkpoint_path(10));
    check(&without, 18_000, Err((ErrorKind::Gone, gone)));
    let silent = "`_delta_log/00000000000000000001.json` does not say when it was made";
    let files = Files::of_versions(0).commit(1, &[add("f1")]);
    check(&files, 2000, Err((ErrorKind::Unsupported, silent)));
}

#[test]
fn a_clock_that_went_back_is_made_to_grow() {
    let time = |ms: i64| format!(r#"{{"commitInfo":{{"timestamp":{ms}}}}}"#);
    let files = Files::of_versions(0)
        .commit(1, &[time(100), add("f1")])
        .commit(2, &[time(50), add("f2")])
        .commit(3, &[time(200), add("f3")]);
    let check = |timestamp_us, expected| {
        check_walk(|| LogWalk::at_timestamp(timestamp_us), &files, Ok(expected));
    };
    check(60_000, 0);
    check(100_000, 1);
    check(101_000, 2);
    check(199_999, 2);
    check(200_000, 3);
}
