//! Every form of checkpoint leads in, and what is missing is made up for where the log has it.

use super::*;
use crate::path::{checkpoint_part_path, sidecar_path};
use std::collections::BTreeMap;

const NAME: &str = "00000000000000000004.checkpoint.0e42c15b-17cc-4918-990d-2ff76e918e4d";

fn parquet(lines: &[String]) -> Vec<u8> {
    checkpoint(lines, Compression::SNAPPY).to_vec()
}

/// A table of versions up to 6 whose commits before 4 are gone, without a checkpoint.
fn cleaned() -> Files {
    let mut files = Files::of_versions(6);
    for version in 0..4 {
        files = files.without(&commit_path(version));
    }
    files
}

fn head() -> Vec<String> {
    let metadata = r#"{"checkpointMetadata":{"version":4}}"#;
    [PROTOCOL, METADATA, metadata].map(str::to_owned).to_vec()
}

fn sidecar(path: &str) -> String {
    format!(r#"{{"sidecar":{{"path":"{path}","sizeInBytes":1,"modificationTime":1}}}}"#)
}

/// All files of versions 0 to 4.
fn adds() -> Vec<String> {
    (0..=4).map(|version| add(&format!("f{version}"))).collect()
}

/// The forms that a checkpoint of version 4 can have, each with its hint.
fn forms() -> BTreeMap<&'static str, (Files, String)> {
    let parts = |hint: &str| {
        let lines = [head()[..2].to_vec(), adds()].concat();
        let mut files = Files::default();
        for (part, lines) in (1..).zip(lines.chunks(3)) {
            files = files.put(&checkpoint_part_path(4, part, 3), parquet(lines));
        }
        (files, hint.to_owned())
    };
    let v2 = |name: &str, content: Vec<u8>| {
        let path = format!("_delta_log/{name}");
        (
            Files::default().put(&path, content),
            format!(r#"{{"version":4,"v2Checkpoint":{{"path":"{name}"}}}}"#),
        )
    };
    let with_sidecars = |(mut files, hint): (Files, String)| {
        for (name, adds) in [("a", &adds()[..2]), ("b c", &adds()[2..])] {
            files = files.put(&sidecar_path(&name.replace(' ', "%20")).unwrap(), parquet(adds));
        }
        (files, hint)
    };
    let whole = [head(), adds()].concat();
    let pointers =
        [head(), vec![sidecar("a"), sidecar("s3://x/_delta_log/_sidecars/b%20c")]].concat();
    let parquet_name = format!("{NAME}.parquet");
    let json_name = format!("{NAME}.json");
    let known = |(files, _): (Files, String)| {
        let hint = format!(
            r#"{{"version":4,"v2Checkpoint":{{"path":"{json_name}","sidecarFiles":[{{"path":"a"}},{{"path":"gone"}}]}}}}"#
        );
        (files, hint)
    };
    let classic = |(files, _): (Files, String), hint: &str| (files, hint.to_owned());
    let classic_name = "00000000000000000004.checkpoint.parquet";
    BTreeMap::from([
        ("parts", parts(r#"{"version":4,"parts":3}"#)),
        ("v2 parquet", v2(&parquet_name, parquet(&whole))),
        ("v2 json", v2(&json_name, whole.join("\n").into_bytes())),
        ("v2 parquet with sidecars", with_sidecars(v2(&parquet_name, parquet(&pointers)))),
        ("v2 json with sidecars", with_sidecars(v2(&json_name, pointers.join("\n").into_bytes()))),
        (
            "v2 json with sidecars in the hint",
            known(with_sidecars(v2(&json_name, pointers.join("\n").into_bytes()))),
        ),
        (
            "v2 under a classic name",
            classic(with_sidecars(v2(classic_name, parquet(&pointers))), "{\"version\":4}"),
        ),
        // The hint names a file that is not there; the classic name is.
        ("v2 hint, classic name", {
            let (files, _) = with_sidecars(v2(classic_name, parquet(&pointers)));
            (files, format!(r#"{{"version":4,"v2Checkpoint":{{"path":"{json_name}"}}}}"#))
        }),
        (
            "parts in the hint, one file",
            classic(v2(classic_name, parquet(&whole)), r#"{"version":4,"parts":2}"#),
        ),
    ])
}

/// A checkpoint of `lines` at `version` in the form of that number, and its hint. The first two
/// lines are protocol and metadata.
pub(super) fn put_form(files: Files, version: u64, lines: &[String], form: usize) -> Files {
    let (head, adds) = lines.split_at(2);
    let json = form % 2 == 1;
    let name =
        format!("{version:020}.checkpoint.u-u-i-d.{}", if json { "json" } else { "parquet" });
    let v2 = |files: Files, lines: &[String]| {
        let content = if json { lines.join("\n").into_bytes() } else { parquet(lines) };
        let hint = format!(r#"{{"version":{version},"v2Checkpoint":{{"path":"{name}"}}}}"#);
        files.put(&format!("_delta_log/{name}"), content).hint(&hint)
    };
    match form {
        0 => files.checkpoint(version, lines).hint(&format!("{{\"version\":{version}}}")),
        1 => {
            let chunks: Vec<&[String]> = lines.chunks(2).collect();
            let n_parts = chunks.len() as u64;
            let files = (1..).zip(chunks).fold(files, |files, (part, lines)| {
                files.put(&checkpoint_part_path(version, part, n_parts), parquet(lines))
            });
            files.hint(&format!("{{\"version\":{version},\"parts\":{n_parts}}}"))
        }
        2 | 3 => v2(files, lines),
        _ => {
            let mut pointers = head.to_vec();
            let files = adds.chunks(2).enumerate().fold(files, |files, (idx, adds)| {
                pointers.push(sidecar(&format!("s{idx}")));
                files.put(&sidecar_path(&format!("s{idx}")).unwrap(), parquet(adds))
            });
            v2(files, &pointers)
        }
    }
}

/// The number of forms of [`put_form`].
pub(super) const N_FORMS: usize = 6;

fn with(files: Files, more: &Files) -> Files {
    more.0.iter().fold(files, |files, (path, bytes)| files.put(path, bytes.to_vec()))
}

#[test]
fn every_form_of_checkpoint_is_read() {
    for (name, (checkpoint, hint)) in forms() {
        let files = with(cleaned(), &checkpoint).hint(&hint);
        println!("{name}");
        check(&files, Ok((6, Some(6000), &["f0", "f1", "f2", "f3", "f4", "f5", "f6"])));
    }
}

#[test]
fn any_file_of_a_checkpoint_may_be_missing_while_the_commits_are_there() {
    for (name, (checkpoint, hint)) in forms() {
        for path in checkpoint.0.keys() {
            println!("{name} without {path}");
            let checkpoint = checkpoint.clone().without(path);
            let files = with(Files::of_versions(6), &checkpoint).hint(&hint);
            check(&files, Ok((6, Some(6000), &["f0", "f1", "f2", "f3", "f4", "f5", "f6"])));
            assert!(read(&with(cleaned(), &checkpoint).hint(&hint)).is_err());
        }
    }
}

#[test]
fn few_round_trips_lead_to_the_last_version() {
    let check = |files: &Files, expected: usize| {
        let (mut walk, mut rounds, mut in_flight) = (LogWalk::new(), 0, Vec::new());
        loop {
            match walk.step() {
                Step::Fetch { path, .. } => in_flight.push(path),
                Step::Cancel { path } => in_flight.retain(|it| *it != path),
                Step::Wait => {
                    rounds += 1;
                    for path in in_flight.drain(..) {
                        walk.answer(&path, files.answer(&path)).unwrap();
                    }
                }
                Step::Done(_) => break,
            }
        }
        assert_eq!(rounds, expected);
    };
    check(&Files::of_versions(0), 1);
    check(&Files::of_versions(2), 1);
    check(&Files::of_versions(3), 2);
    let tip = Files::of_versions(4).checkpoint(4, &checkpoint_lines(4)).hint("{\"version\":4}");
    check(&tip, 2);
    let forms = forms();
    for (name, expected) in [("v2 json with sidecars", 3), ("v2 json with sidecars in the hint", 3)]
    {
        let (checkpoint, hint) = &forms[name];
        check(&with(cleaned(), checkpoint).hint(hint), expected);
    }
}

#[test]
fn a_checkpoint_that_nothing_names_is_found_at_a_usual_version() {
    let cleaned = |n_gone: u64| {
        (0..n_gone).fold(Files::of_versions(23), |files, it| files.without(&commit_path(it)))
    };
    let all: Vec<String> = (0..=23).map(|version| format!("f{version}")).collect();
    let mut all: Vec<&str> = all.iter().map(String::as_str).collect();
    all.sort_unstable();
    let files = cleaned(5).checkpoint(10, &checkpoint_lines(10));
    check(&files, Ok((23, Some(23_000), &all)));
    let files =
        cleaned(15).checkpoint(10, &checkpoint_lines(10)).checkpoint(20, &checkpoint_lines(20));
    check(&files, Ok((23, Some(23_000), &all)));
    // The hint's checkpoint is broken, the one before is not.
    let files = cleaned(5).checkpoint(10, &checkpoint_lines(10)).put(&checkpoint_path(20), "no");
    check(&files.hint("{\"version\":20}"), Ok((23, Some(23_000), &all)));
    // What was left over of an older log is not taken for the table.
    let gap = "`_delta_log/00000000000000000011.json` is not there, though \
               `_delta_log/00000000000000000020.json` is";
    let files = cleaned(18).checkpoint(10, &checkpoint_lines(10));
    check(&files, Err((ErrorKind::Gone, gap)));
}

#[test]
fn a_walk_goes_on_from_a_snapshot() {
    let known = Arc::new(read(&Files::of_versions(3)).unwrap());
    let same = drive(LogWalk::resume(Arc::clone(&known)), &Files::of_versions(3), |_| 0).unwrap().0;
    assert!(Arc::ptr_eq(&known, &same));
    let resume = |files: &Files| {
        let (snapshot, log) = drive(LogWalk::resume(Arc::clone(&known)), files, |n| n - 1).unwrap();
        assert_eq!(*snapshot, read(files).unwrap());
        log
    };
    // Of what is known only the ends are asked for.
    let of_known = |log: &[String]| -> Vec<u64> {
        (0..4).filter(|version| log.contains(&commit_path(*version))).collect()
    };
    let ends = |files: &Files| assert_eq!(of_known(&resume(files)), [0, 3]);
    ends(&Files::of_versions(6));
    ends(&Files::of_versions(40));
    ends(&Files::of_versions(3).commit(4, &[remove("f0"), METADATA.replace("\"v\"", "\"w\"")]));
    // The commits that follow were cleaned up.
    let files = (0..8).fold(Files::of_versions(9), |files, it| files.without(&commit_path(it)));
    resume(&files.checkpoint(8, &checkpoint_lines(8)).hint("{\"version\":8}"));
    // What came first was cleaned up.
    let cleaned = Files::of_versions(6).without(&commit_path(0));
    let resumed = drive(LogWalk::resume(Arc::clone(&known)), &cleaned, |n| n - 1).unwrap().0;
    assert_eq!(*resumed, read(&Files::of_versions(6)).unwrap());
    // Another log lies there by now: shorter, as long, longer, with the same beginning or end.
    let other = |version: u64| [at(100), add(&format!("g{version}"))];
    let first = [at(100), add("g0"), PROTOCOL.to_owned(), METADATA.to_owned()];
    for last in 0..7 {
        let anew = (1..=last).fold(Files::default().commit(0, &first), |files, version| {
            files.commit(version, &other(version))
        });
        resume(&anew);
        if last > 1 {
            resume(&anew.commit(3, &[at(3), add("f3")]));
        }
    }
    resume(&Files::of_versions(2));
    resume(&Files::of_versions(2).commit(3, &other(3)));
}

#[test]
fn a_version_that_is_known_is_confirmed_or_read_anew() {
    let known = Arc::new(read(&Files::of_versions(3)).unwrap());
    let confirm = |files: &Files| drive(LogWalk::confirm(Arc::clone(&known)), files, |_| 0);
    let (same, log) = confirm(&Files::of_versions(9)).unwrap();
    assert!(Arc::ptr_eq(&known, &same));
    assert_eq!(log, [commit_path(3), commit_path(0)]);
    let changed = Files::of_versions(9).commit(3, &[add("g")]);
    assert_eq!(
        *confirm(&changed).unwrap().0,
        *drive(LogWalk::at_version(3), &changed, |_| 0).unwrap().0
    );
    assert!(matches!(confirm(&Files::of_versions(1)), Err(LogError::VersionAhead { .. })));
}
