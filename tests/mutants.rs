//! Damaged files of the corpus through the engine: each ends in rows or in a typed error.
//!
//! Needs the corpus folder named by `LAKEFRONT_CORPUS` (default `../shared/corpus`); without it the
//! tests say so and count as skipped. `corpus --mutants 1 --seed SEED` repeats a finding.

use lakefront_tests::corpus::mutants::{self, Seeds};
use lakefront_tests::corpus::run::{self, Plan};
use std::path::PathBuf;

#[test]
fn three_hundred_mutants_kill_nothing() -> anyhow::Result<()> {
    check(Seeds { first: 0, n: 300 })
}

#[test]
#[ignore = "takes minutes; `cargo xtask test --long` runs it"]
fn ten_thousand_mutants_kill_nothing() -> anyhow::Result<()> {
    check(Seeds { first: 1000, n: 10_000 })
}

fn check(seeds: Seeds) -> anyhow::Result<()> {
    let Some(dir) = test_support::corpus("") else { return Ok(()) };
    let plan = Plan {
        program: PathBuf::from(env!("CARGO_BIN_EXE_corpus")),
        dir,
        only: String::new(),
        n_processes: run::default_processes(),
    };
    let report = mutants::run(&plan, seeds, |_, _| ())?;
    let summary = report.summary();
    print!("{summary}");
    assert!(report.fatal.is_empty(), "{summary}");
    // Most damages are noticed; if none were, none would have been read.
    let n_refused: u64 = report.n_refused.values().sum();
    assert!(n_refused * 5 > seeds.n, "{summary}");
    Ok(())
}
