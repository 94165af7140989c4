//! The same run through the page's own worker: over HTTP, in a browser. What the worker answers is
//! compared natively.

use super::job::{Ending, Expect, Job, Read};
use super::pool::{self, READ_LIMIT};
use super::reading::every_row;
use super::record::Record;
use super::run::{Plan, Stage};
use crate::harness::engine::{EngineInBrowser, Said, Worker, no_catalog};
use protocol::{Answer, Ask};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A worker's memory never shrinks, so it is replaced after so many tables.
const TABLES_OF_A_WORKER: usize = 50;

/// Reads everything that `plan` finds with the engine of the page in `page_dir`. `progress` is told
/// how many of how many are read.
///
/// # Errors
/// When the browser or a process does not start, or the engine does not load.
pub async fn read(
    plan: &Plan,
    page_dir: &Path,
    progress: impl Fn(usize, usize),
) -> anyhow::Result<Vec<Record>> {
    let stage = Stage::set(plan)?;
    let jobs = stage.jobs();
    let engine = EngineInBrowser::start(page_dir, &stage.names_dir).await?;
    let answers = tempfile::Builder::new().prefix("corpus-rows-").tempdir()?;
    let mut endings = BTreeMap::new();
    let mut todo = Vec::new();
    for (position, (_, job)) in jobs.iter().enumerate() {
        let Read::Lake { location, at, .. } = &job.read else { continue };
        let worker = match position % TABLES_OF_A_WORKER {
            0 => Worker::New,
            _ => Worker::Same,
        };
        let ask = Ask::Rows(every_row(location, *at));
        let heard = engine.ask(worker, no_catalog(), [ask], READ_LIMIT).await?;
        let path = answers.path().join(position.to_string());
        let (ending, rows) = ending(heard.said, heard.elapsed_ms, path)?;
        todo.push(comparison(job, &ending, rows));
        endings.insert(position, ending);
        progress(position + 1, jobs.len());
    }
    let mut heard = BTreeMap::new();
    pool::run(&plan.program, todo, plan.n_processes, |position, one| {
        heard.insert(position, one);
    })?;
    for (position, ending) in endings {
        if let Some(heard) = heard.get_mut(&position) {
            heard.ending = match (&ending, &heard.ending) {
                // Rows that cannot be decoded are none.
                (Ending::Rows { .. }, Ending::Refused { text, .. } | Ending::Panicked { text }) => {
                    Ending::Panicked { text: format!("the rows cannot be decoded: {text}") }
                }
                _ => ending,
            };
        }
    }
    Ok(stage.records(&jobs, &heard))
}

/// How a reading ended that a worker was asked for; its time is left at 0.
pub fn ending_of(said: &Said) -> Ending {
    match said {
        Said::Panicked(text) => Ending::Panicked { text: text.clone() },
        Said::TimedOut => Ending::TimedOut,
        Said::Answer(answer, rows) => match (answer.as_ref(), rows) {
            (Answer::Rows(facts), Some(_)) => {
                let version = facts.tables.first().and_then(|table| table.version);
                Ending::Rows { version, n_rows: facts.n_rows, elapsed_ms: 0 }
            }
            (Answer::Failed(failure), _) => {
                Ending::Refused { code: failure.code, text: failure.message.clone(), elapsed_ms: 0 }
            }
            (other, _) => Ending::Panicked { text: format!("not an answer: {other:?}") },
        },
    }
}

/// How a reading ended, and the file in which the rows are.
fn ending(said: Said, took_ms: f64, path: PathBuf) -> anyhow::Result<(Ending, Option<PathBuf>)> {
    let mut ending = ending_of(&said);
    if let Ending::Rows { elapsed_ms, .. } | Ending::Refused { elapsed_ms, .. } = &mut ending {
        *elapsed_ms = took_ms.round().max(0.0) as u64;
    }
    match (said, &ending) {
        (Said::Answer(_, Some(rows)), Ending::Rows { .. }) => {
            std::fs::write(&path, rows)?;
            Ok((ending, Some(path)))
        }
        _ => Ok((ending, None)),
    }
}

/// What is left to do of `job` natively.
fn comparison(job: &Job, ending: &Ending, rows: Option<PathBuf>) -> Job {
    let expect = match ending {
        Ending::Rows { .. } | Ending::Refused { .. } => job.expect.clone(),
        Ending::Panicked { .. } | Ending::TimedOut => Expect::Unknown,
    };
    let read = rows.map_or(Read::Nothing, Read::Stream);
    Job { read, expect, features_of: job.features_of.clone() }
}
