//! Reads every Delta table and Parquet file below a folder and says of each what became of it.
//! Started by `cargo xtask corpus`.

use anyhow::{Context, bail};
use lakefront_tests::corpus::mutants::{self, Seeds};
use lakefront_tests::corpus::pool::READS;
use lakefront_tests::corpus::run::{self, Plan};
use lakefront_tests::corpus::{in_browser, reading, record};
use lakefront_tests::harness::engine;
use std::path::PathBuf;
use std::process::ExitCode;

/// Progress is told at every so many readings.
const PROGRESS_STEP: usize = 50;

fn main() -> ExitCode {
    match start() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn start() -> anyhow::Result<ExitCode> {
    let mut plan = Plan {
        program: std::env::current_exe()?,
        dir: run::default_dir(),
        only: String::new(),
        n_processes: run::default_processes(),
    };
    let mut json: Option<PathBuf> = None;
    let mut is_in_browser = false;
    let mut seeds = Seeds { first: 0, n: 0 };
    let mut words = std::env::args_os().skip(1);
    while let Some(word) = words.next() {
        let word = word.to_string_lossy().into_owned();
        let mut value = || words.next().with_context(|| format!("{word} needs a value"));
        match word.as_str() {
            READS => {
                reading::serve()?;
                return Ok(ExitCode::SUCCESS);
            }
            "--json" => json = Some(PathBuf::from(value()?)),
            "--dir" => plan.dir = PathBuf::from(value()?),
            "--only" => plan.only = value()?.to_string_lossy().into_owned(),
            "--mutants" => seeds.n = value()?.to_string_lossy().parse()?,
            "--seed" => seeds.first = value()?.to_string_lossy().parse()?,
            "--browser" => is_in_browser = true,
            _ => bail!("{word:?} is not an option here"),
        }
    }
    let progress = |n_done: usize, n_all: usize| {
        if n_done.is_multiple_of(PROGRESS_STEP) {
            eprintln!("{n_done} of {n_all}");
        }
    };
    if seeds.n > 0 {
        let report = match is_in_browser {
            false => mutants::run(&plan, seeds, progress)?,
            true => tokio::runtime::Runtime::new()?.block_on(mutants::run_in_browser(
                &plan,
                &engine::page_dir()?,
                seeds,
                progress,
            ))?,
        };
        print!("{}", report.summary());
        let is_sound = report.fatal.is_empty();
        return Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let records = match is_in_browser {
        false => run::natively(&plan, progress)?,
        true => tokio::runtime::Runtime::new()?.block_on(in_browser::read(
            &plan,
            &engine::page_dir()?,
            progress,
        ))?,
    };
    if let Some(path) = json {
        std::fs::write(&path, record::to_json(&records)?)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    print!("{}", record::summary(&records));
    let has_failed = records.iter().any(|record| record.outcome.is_failure());
    Ok(if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
