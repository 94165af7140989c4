//! Many damaged files through the engine: each ends in rows or in a typed error, never in a panic, a
//! hang or a dead process.

use super::job::{Ending, Expect, Job, Read};
use super::mutant::{self, Target, Targets};
use super::reading::every_row;
use super::run::{Plan, Stage};
use super::{in_browser, pool};
use crate::harness::engine::{EngineInBrowser, Worker, no_catalog};
use anyhow::Context;
use protocol::{Ask, At, ErrorCode};
use std::collections::BTreeMap;
use std::path::Path;

/// A worker of a browser is replaced after so many.
const MUTANTS_OF_A_WORKER: u64 = 100;

/// Which damages.
#[derive(Debug, Clone, Copy)]
pub struct Seeds {
    /// The first seed.
    pub first: u64,
    /// How many, one after another.
    pub n: u64,
}

/// A damage that did what none may do, or that a typed error calls a defect of ours.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Its seed; `corpus --mutants 1 --seed SEED` repeats it.
    pub seed: u64,
    /// What was damaged.
    pub target: Target,
    /// What happened.
    pub text: String,
}

/// What became of all of them.
#[derive(Debug, Default)]
pub struct Report {
    /// Read as if nothing were.
    pub n_rows: u64,
    /// Refused, by code.
    pub n_refused: BTreeMap<String, u64>,
    /// Panics, aborts and hangs.
    pub fatal: Vec<Finding>,
    /// Refused with [`ErrorCode::Internal`]: a typed error, though one that names no cause.
    pub unnamed: Vec<Finding>,
}

impl Report {
    fn add(&mut self, seed: u64, target: Target, ending: Ending) {
        match ending {
            Ending::Rows { .. } => self.n_rows += 1,
            Ending::Refused { code, text, .. } => {
                *self.n_refused.entry(format!("{code:?}")).or_default() += 1;
                if code == ErrorCode::Internal {
                    self.unnamed.push(Finding { seed, target, text });
                }
            }
            Ending::Panicked { text } => self.fatal.push(Finding { seed, target, text }),
            Ending::TimedOut => {
                let text = format!("no answer in {:?}", pool::READ_LIMIT);
                self.fatal.push(Finding { seed, target, text });
            }
        }
    }

    /// As text to read.
    pub fn summary(&self) -> String {
        let refused: Vec<String> =
            self.n_refused.iter().map(|(code, n)| format!("{n} {code}")).collect();
        let mut text = format!(
            "{} read, {} refused ({}), {} panics, aborts and hangs\n",
            self.n_rows,
            self.n_refused.values().sum::<u64>(),
            refused.join(", "),
            self.fatal.len()
        );
        for (kind, findings) in [("FATAL", &self.fatal), ("internal", &self.unnamed)] {
            for finding in findings {
                let Finding { seed, target, text: what } = finding;
                let Target { path, file, part, .. } = target;
                let what: String = what.chars().take(400).collect();
                text += &format!("{kind} seed {seed} {part:?} {path} {file}: {what}\n");
            }
        }
        text
    }
}

/// Damages, and reads with the engine of the page in `page_dir`, in a browser over HTTP.
///
/// # Errors
/// When the corpus is not there, or the browser or the engine does not start.
pub async fn run_in_browser(
    plan: &Plan,
    page_dir: &Path,
    seeds: Seeds,
    progress: impl Fn(usize, usize),
) -> anyhow::Result<Report> {
    let stage = Stage::set(plan)?;
    let targets = Targets::among(&stage.found);
    let scratch = tempfile::Builder::new().prefix("corpus-mutants-").tempdir()?;
    let engine = EngineInBrowser::start(page_dir, scratch.path()).await?;
    let mut report = Report::default();
    for number in 0..seeds.n {
        let seed = seeds.first.saturating_add(number);
        let target = targets.of_seed(seed).context("there is nothing to damage")?;
        let dir = scratch.path().join(seed.to_string());
        let location = mutant::plant(&target.place, &target.file, seed, &dir)?;
        let ask = Ask::Rows(every_row(&format!("{seed}/{location}"), At::Newest));
        // Memory of a worker never shrinks.
        let worker = match number % MUTANTS_OF_A_WORKER {
            0 => Worker::New,
            _ => Worker::Same,
        };
        let heard = engine.ask(worker, no_catalog(), [ask], pool::READ_LIMIT).await?;
        // What is left is removed with all others at the end.
        let _ = std::fs::remove_dir_all(&dir);
        report.add(seed, target.clone(), in_browser::ending_of(&heard.said));
        progress(number as usize + 1, seeds.n as usize);
    }
    Ok(report)
}

/// Damages and reads.
///
/// # Errors
/// When the corpus is not there or no process can be started.
pub fn run(plan: &Plan, seeds: Seeds, progress: impl Fn(usize, usize)) -> anyhow::Result<Report> {
    let stage = Stage::set(plan)?;
    let targets = Targets::among(&stage.found);
    let scratch = tempfile::Builder::new().prefix("corpus-mutants-").tempdir()?;
    let mut chosen = Vec::new();
    let mut jobs = Vec::new();
    for seed in seeds.first..seeds.first.saturating_add(seeds.n) {
        let target = targets.of_seed(seed).context("there is nothing to damage")?;
        jobs.push(Job {
            read: Read::Mutant {
                place: target.place.clone(),
                file: target.file.clone(),
                seed,
                dir: scratch.path().join(seed.to_string()),
            },
            expect: Expect::Unknown,
            features_of: None,
        });
        chosen.push((seed, target.clone()));
    }
    let mut report = Report::default();
    let mut n_done = 0;
    let n_all = jobs.len();
    pool::run(&plan.program, jobs, plan.n_processes, |position, heard| {
        n_done += 1;
        progress(n_done, n_all);
        let (seed, target) = chosen[position].clone();
        report.add(seed, target, heard.ending);
    })?;
    report.fatal.sort_by_key(|finding| finding.seed);
    report.unnamed.sort_by_key(|finding| finding.seed);
    Ok(report)
}
