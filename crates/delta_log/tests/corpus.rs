//! Every table of the corpus is walked: each ends with a version or with an error that has a text.
//!
//! Needs the corpus folder named by `LAKEFRONT_CORPUS` (default `../shared/corpus` beside the
//! project), with its archives unpacked beside it or not: archives are not read here. Without it the
//! test says so and counts as skipped. `tests/delta_log_kernel.rs` of the workspace compares with
//! delta_kernel.

use delta_log::{Fetched, LogError, LogWalk, Snapshot, Step};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

fn read(root: &Path) -> Result<Arc<Snapshot>, LogError> {
    let mut walk = LogWalk::new();
    let mut in_flight: Vec<String> = Vec::new();
    loop {
        match walk.step() {
            Step::Fetch { path, .. } => in_flight.push(path),
            Step::Cancel { path } => in_flight.retain(|it| *it != path),
            Step::Wait => {
                let path = in_flight.pop().unwrap();
                let fetched = match fs::read(root.join(&path)) {
                    Ok(bytes) => Fetched::Bytes(bytes.into()),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Fetched::Absent,
                    Err(error) => panic!("{path}: {error}"),
                };
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
    let corpus = std::env::var_os("LAKEFRONT_CORPUS").map(PathBuf::from);
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let corpus = corpus.unwrap_or_else(default);
    let mut tables = Vec::new();
    logs(&corpus, &mut tables);
    if tables.is_empty() {
        println!("skipped: no tables in {}", corpus.display());
        return;
    }
    tables.sort();
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    for root in &tables {
        let name = root.strip_prefix(&corpus).unwrap().display();
        match read(root) {
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
