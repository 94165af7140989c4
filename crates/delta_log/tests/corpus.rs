//! Every table of the corpus is walked: each ends with a version or with an error that has a text.
//!
//! Needs the corpus folder named by `LAKEFRONT_CORPUS` (default `../shared/corpus` beside the
//! project), with its archives unpacked beside it or not: archives are not read here. Without it the
//! test says so and counts as skipped. `tests/delta_log_kernel.rs` of the workspace compares with
//! delta_kernel.

#![expect(clippy::disallowed_methods, reason = "a test reads the corpus, the crate reads nothing")]

use delta_log::{Fetched, LogError, LogWalk, Snapshot, Stats, Step};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const HINT_PATH: &str = "_delta_log/_last_checkpoint";

#[derive(PartialEq, Eq)]
enum Hint {
    Shown,
    Hidden,
}

fn read(root: &Path, hint: Hint) -> Result<Arc<Snapshot>, LogError> {
    let mut walk = LogWalk::new();
    let mut in_flight: Vec<String> = Vec::new();
    loop {
        match walk.step() {
            Step::Fetch { path, .. } => in_flight.push(path),
            Step::Cancel { path } => in_flight.retain(|it| *it != path),
            Step::Wait => {
                let path = in_flight.pop().unwrap_or_default();
                let is_hidden = path == HINT_PATH && hint == Hint::Hidden;
                let bytes = fs::read(root.join(&path)).ok().filter(|_| !is_hidden);
                let fetched = bytes.map_or(Fetched::Absent, |it| Fetched::Bytes(it.into()));
                walk.answer(&path, fetched)?;
            }
            Step::Done(snapshot) => return Ok(snapshot),
        }
    }
}

fn logs(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.file_name().is_some_and(|name| name == "_delta_log") {
            found.push(folder.to_owned());
        } else if path.is_dir() {
            logs(&path, found);
        }
    }
}

#[test]
fn every_table_is_read_or_refused() {
    let Some(corpus) = test_support::corpus("") else { return };
    let mut tables = Vec::new();
    logs(&corpus, &mut tables);
    assert!(!tables.is_empty(), "no tables in {}", corpus.display());
    tables.sort();
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    for root in &tables {
        let name = root.strip_prefix(&corpus).unwrap().display();
        match read(root, Hint::Shown) {
            Ok(snapshot) => {
                let stats: Vec<_> =
                    snapshot.adds.iter().map(|add| add.stats().map(|it| it.is_some())).collect();
                let n_stats = stats.iter().filter(|it| matches!(it, Ok(true))).count();
                let n_files = snapshot.adds.len();
                println!(
                    "{name}: version {}, {n_files} files, {n_stats} with statistics",
                    snapshot.version
                );
                assert!(stats.iter().all(Result::is_ok), "{name}: {stats:?}");
                *outcomes.entry("read").or_default() += 1;
                // What the commits say is what the checkpoint says.
                if let Ok(commits) = read(root, Hint::Hidden) {
                    assert_eq!(snapshot.version, commits.version, "{name}");
                    assert_eq!(snapshot.adds.len(), commits.adds.len(), "{name}");
                    for (a, b) in snapshot.adds.iter().zip(&commits.adds) {
                        assert_eq!((&a.path, a.size_bytes), (&b.path, b.size_bytes), "{name}");
                        assert_eq!(a.partition(), b.partition(), "{name}");
                        assert_eq!(a.deletion_vector, b.deletion_vector, "{name}");
                        let (Some(a), Some(b)) = (a.stats().unwrap(), b.stats().unwrap()) else {
                            continue;
                        };
                        assert_eq!(a.num_records, b.num_records, "{name}");
                        assert_eq!(a.null_count, b.null_count, "{name}");
                        let columns =
                            |it: &Stats| it.min_values.keys().cloned().collect::<Vec<_>>();
                        assert_eq!(columns(&a), columns(&b), "{name}");
                        let differ = a.min_values.iter().zip(&b.min_values);
                        for ((column, a), (_, b)) in differ.filter(|(a, b)| a.1.get() != b.1.get())
                        {
                            println!(
                                "{name}: {column:?} is {a} by the checkpoint, {b} by the commit"
                            );
                        }
                    }
                }
            }
            Err(error) => {
                println!("{name}: {:?}: {error}", error.kind());
                assert!(!error.to_string().is_empty());
                *outcomes.entry("refused").or_default() += 1;
            }
        }
    }
    println!("{outcomes:?}");
}
