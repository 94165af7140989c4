//! The models of a build in the order of the DAG, several at a time.

use super::{Arrivals, Build, BuildError, Event, ModelReport, Outcome, elapsed_ms, panic};
use crate::lake::LakeTable;
use crate::model::{Materialization, ModelName};
use futures::FutureExt;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, PoisonError};
use std::time::Instant;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

type Ended = (ModelName, Result<(ModelReport, Option<LakeTable>), BuildError>);

/// Makes the selected models, each once those that it reads are done, and says what happens to `progress`.
///
/// # Errors
/// The first [`BuildError`]; models that do not read the failed one are made before it is returned.
pub(super) async fn run(
    build: &Arc<Build>,
    n_parallel: usize,
    told: &mut UnboundedReceiver<Event>,
    progress: &mut impl FnMut(Event),
) -> Result<Vec<ModelReport>, BuildError> {
    let mut waiting: Vec<ModelName> = build
        .checked
        .models
        .iter()
        .map(|model| model.name.clone())
        .filter(|name| build.selected.contains(name))
        .collect();
    let mut running: JoinSet<Ended> = JoinSet::new();
    let mut unfinished: BTreeSet<ModelName> = waiting.iter().cloned().collect();
    let mut failed: BTreeMap<ModelName, ModelName> = BTreeMap::new();
    let mut failure = None;
    let mut reports = Vec::with_capacity(waiting.len());
    let mut n_left = 0;
    loop {
        if build.stop.is_requested() {
            n_left += waiting.len();
            for model in waiting.drain(..) {
                build.record_failure(&model, "not_begun", "the build was stopped".to_owned());
                progress(Event::NotBegun { model });
            }
        }
        skip(build, &mut waiting, &mut unfinished, &mut failed, progress);
        while running.len() < n_parallel {
            let is_free = |name: &&ModelName| {
                !build.checked.graph.reads(name).any(|read| unfinished.contains(read))
            };
            let Some(name) = waiting.iter().find(is_free).cloned() else { break };
            waiting.retain(|other| *other != name);
            progress(Event::Started { model: name.clone() });
            let build = Arc::clone(build);
            running.spawn(async move {
                let made = AssertUnwindSafe(one(&build, &name)).catch_unwind().await;
                let made = made.unwrap_or_else(|payload| {
                    let model = build.checked.model(&name);
                    let path = model.map(|model| model.path.display().to_string());
                    let place = path.unwrap_or_else(|| name.to_string());
                    Err(panic::caught(place, payload.as_ref()))
                });
                (name, made)
            });
        }
        let (name, made) = tokio::select! {
            biased;
            Some(event) = told.recv() => {
                progress(event);
                continue;
            }
            ended = running.join_next() => match ended {
                None => break,
                Some(ended) => ended.map_err(|error| panic::ended("a model", error))?,
            },
        };
        unfinished.remove(&name);
        match made {
            Ok((report, table)) => {
                if let Some(table) = table {
                    let mut tables = build.tables.lock().unwrap_or_else(PoisonError::into_inner);
                    tables.insert(name, table);
                }
                build.record(&report);
                progress(Event::Finished(report.clone()));
                reports.push(report);
            }
            Err(error) => {
                let reason = error.to_string();
                build.record_failure(&name, "failed", reason.clone());
                progress(Event::Failed { model: name.clone(), reason });
                failed.insert(name.clone(), name);
                failure.get_or_insert(error);
            }
        }
    }
    match failure {
        None if n_left > 0 => Err(BuildError::Stopped { n_left }),
        None => Ok(reports),
        Some(error) => Err(error),
    }
}

/// Takes out the models that read one that failed.
fn skip(
    build: &Build,
    waiting: &mut Vec<ModelName>,
    unfinished: &mut BTreeSet<ModelName>,
    failed: &mut BTreeMap<ModelName, ModelName>,
    progress: &mut impl FnMut(Event),
) {
    // The order of the DAG: whatever a model reads stands before it.
    waiting.retain(|name| {
        let since = build.checked.graph.reads(name).find_map(|read| failed.get(read)).cloned();
        match since {
            None => true,
            Some(since) => {
                failed.insert(name.clone(), since.clone());
                unfinished.remove(name);
                build.record_failure(name, "skipped", format!("{since} failed"));
                progress(Event::Skipped { model: name.clone(), since });
                false
            }
        }
    });
}

async fn one(
    build: &Build,
    name: &ModelName,
) -> Result<(ModelReport, Option<LakeTable>), BuildError> {
    let start = Instant::now();
    let mut report = ModelReport {
        model: name.clone(),
        outcome: Outcome::View,
        reason: None,
        engine: None,
        n_rows: 0,
        version: 0,
        arrivals: Arrivals::default(),
        elapsed_ms: 0,
    };
    let Some(model) = build.checked.model(name) else { return Ok((report, None)) };
    if model.config.materialization == Materialization::View {
        return Ok((report, None));
    }
    let made = build.make_in_room(model).await?;
    report.outcome = made.outcome;
    report.reason = made.reason;
    report.engine = made.engine;
    report.n_rows = made.table.n_rows();
    report.version = made.table.version();
    report.arrivals = made.arrivals;
    report.elapsed_ms = elapsed_ms(start);
    Ok((report, Some(made.table)))
}
