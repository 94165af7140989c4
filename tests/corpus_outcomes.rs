//! Every table and Parquet file of the corpus through the engine: nothing is read wrong, panics or
//! hangs, and every table with expected rows equals them, or a list below says why not.
//!
//! Needs the corpus folder named by `LAKEFRONT_CORPUS` (default `../shared/corpus`); without it the
//! test says so and counts as skipped.

use lakefront_tests::corpus::record::{self, Outcome, Record};
use lakefront_tests::corpus::run::{self, Plan};
use std::path::PathBuf;

/// What is not as it should be: the end of a record's path, how it ends, what its error says. Each
/// must still end so; what is mended leaves the list.
const KNOWN: &[(&str, Outcome, &str)] = &[
    // The log has 11:11:11 without a zone and means the zone of whoever wrote it, which nothing
    // tells; delta_kernel takes it for UTC as well.
    ("/data-reader-partition-values/delta", Outcome::Wrong, "column \"as_timestamp\""),
];

#[test]
fn every_table_is_equal_read_or_refused() -> anyhow::Result<()> {
    let Some(dir) = test_support::corpus("") else { return Ok(()) };
    let records = run::natively(
        &Plan {
            program: PathBuf::from(env!("CARGO_BIN_EXE_corpus")),
            dir,
            only: String::new(),
            n_processes: run::default_processes(),
        },
        |_, _| (),
    )?;
    print!("{}", record::summary(&records));
    assert!(!records.is_empty());
    let mut wrong: Vec<String> = records.iter().filter_map(complaint).collect();
    for (path, ..) in KNOWN {
        if !records.iter().any(|record| record.path.ends_with(path)) {
            wrong.push(format!("{path}: is in the list and not in the corpus"));
        }
    }
    assert!(wrong.is_empty(), "{} tables:\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}

/// What is not as it should be and not known, or known and mended.
fn complaint(record: &Record) -> Option<String> {
    let text = record.error.as_ref().map_or("", |error| &error.text);
    let ended = format!("{}: {} {text}", record.path, record.outcome.name());
    match KNOWN.iter().find(|(path, ..)| record.path.ends_with(path)) {
        Some((_, outcome, part)) if record.outcome == *outcome && text.contains(part) => None,
        Some((_, outcome, _)) => {
            Some(format!("{ended}; it is known as {}: mend or strike the list", outcome.name()))
        }
        None => (record.outcome.is_failure() || has_expected_rows(record)).then_some(ended),
    }
}

/// Whether there are expected rows that a table which is refused should have.
fn has_expected_rows(record: &Record) -> bool {
    let note = record.note.as_deref().unwrap_or_default();
    record.outcome != Outcome::Equal
        && (note.contains("rows are expected") || note.contains("the plain reader reads"))
}
