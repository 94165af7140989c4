//! A store that fails, a process that ends, or a lake that somebody else takes over, at any call to the store: the
//! next build on a healthy store loses no row, doubles none, and ends where an undisturbed build does.
//!
//! A few calls of each kind in the usual run, spread evenly; every call with `--include-ignored`.

mod projects;
mod store;

use crate::pipeline_build::lake;
use datafusion::prelude::{SessionConfig, SessionContext};
use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use pipeline::upkeep::{self, Retention};
use pipeline::{Clock, Options, Outcome, Project, Report, Root};
use projects::{TRIALS, Trial};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::{Extent, FailingStore, Fault, Moment};

/// What every table of a trial holds.
type Contents = Vec<Vec<String>>;

/// What is done under a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Build,
    Upkeep,
}

/// Which calls fail.
#[derive(Debug, Clone, Copy)]
enum Coverage {
    /// So many, spread evenly, each in one of the ways.
    Calls(u64),
    /// Every one in every way.
    All,
}

const WAYS: [(Moment, Extent); 5] = [
    (Moment::After, Extent::Once),
    (Moment::Before, Extent::ForEver),
    (Moment::After, Extent::ForEver),
    (Moment::Before, Extent::Once),
    (Moment::Before, Extent::TakenOver),
];

fn project(folder: &Path, store: FailingStore) -> Project {
    let mut project = Project::open(folder).unwrap();
    project.lake = Root::on(Arc::new(store)).unwrap();
    project
}

/// The store of `memory` as it is, without faults.
fn healthy(memory: &Arc<InMemory>) -> FailingStore {
    FailingStore::new(Arc::clone(memory), None)
}

async fn build(project: &Project) -> Result<Report, String> {
    // One model after another, so that a call's number means the same thing each time.
    let options = Options { n_parallel: 1, ..Options::default() };
    pipeline::build(project, &options, |_| ()).await.map_err(|error| error.to_string())
}

/// Everything that can go goes.
async fn keep_up(project: &Project) -> Result<(), String> {
    let tables = upkeep::tables(project, &[]).await.map_err(|error| error.to_string())?;
    keep_up_of(project, &tables).await
}

async fn keep_up_of(project: &Project, tables: &[upkeep::Table]) -> Result<(), String> {
    let options = upkeep::Options {
        retention: Retention::even_short(Duration::ZERO),
        ..upkeep::Options::default()
    };
    let done = upkeep::run(&project.lake, tables, &options, &Clock::system(), |_| ()).await;
    done.map(drop).map_err(|error| error.to_string())
}

async fn work(project: &Project, work: Work) -> Result<(), String> {
    match work {
        Work::Build => build(project).await.map(drop),
        Work::Upkeep => keep_up(project).await,
    }
}

/// The rows of `sql` over the table at `location` of the lake, there called `t`.
pub async fn rows(root: &Root, location: &str, sql: &str) -> Vec<String> {
    let mut table = root.builder(location).unwrap();
    table.load().await.unwrap();
    let ctx = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
    table.update_datafusion_session(&ctx.state()).unwrap();
    ctx.register_table("t", table.table_provider().await.unwrap()).unwrap();
    lake::rows_of(&ctx, sql).await
}

async fn contents(root: &Root, trial: &Trial) -> Contents {
    let mut contents = Vec::new();
    for (location, sql) in trial.tables {
        contents.push(rows(root, location, sql).await);
    }
    contents
}

/// What is done after the days, at whose calls the store fails.
struct Disturbed<'t> {
    trial: &'t Trial,
    folder: &'t Path,
    before: &'t InMemory,
    expected: &'t Contents,
    work: Work,
}

impl Disturbed<'_> {
    /// Fails at `fault` and builds on; `false` when there were not so many calls.
    async fn meets(&self, fault: Fault) -> bool {
        let Disturbed { trial, folder, before, expected, work: kind } = self;
        let memory = Arc::new(before.fork());
        let failing = FailingStore::new(Arc::clone(&memory), Some(fault));
        let outcome = work(&project(folder, failing.clone()), *kind).await;
        if !failing.is_hit() {
            assert_eq!(outcome, Ok(()), "{} {fault:?}", trial.name);
            return false;
        }
        if fault.extent == Extent::TakenOver {
            // The lake is asked for before each commit: at most the one that was about to be made is made.
            let commits = store::commits(&memory).await;
            let more: Vec<_> = commits.difference(&failing.commits_before()).cloned().collect();
            assert!(more.len() <= 1, "{} {kind:?} {fault:?}: {more:?}", trial.name);
        }
        let _ = memory.delete(&"lake/_lakefront/lock.json".into()).await;
        let lake = project(folder, healthy(&memory));
        if *kind == Work::Upkeep {
            keep_up(&lake)
                .await
                .unwrap_or_else(|error| panic!("{} {fault:?}: {error}", trial.name));
        }
        let built = build(&lake).await;
        let built =
            built.unwrap_or_else(|error| panic!("{} {kind:?} {fault:?}: {error}", trial.name));
        if *kind == Work::Upkeep {
            let is_built = built.models.iter().any(|model| model.outcome == Outcome::Built);
            assert!(!is_built, "{} {fault:?}: {built:?}", trial.name);
        }
        let found = contents(&lake.lake, trial).await;
        assert_eq!(&found, *expected, "{} {kind:?} {fault:?} {outcome:?}", trial.name);
        let again = build(&lake).await.unwrap();
        let is_rest = again.models.iter().all(|model| model.outcome != Outcome::Built);
        assert!(is_rest, "{} {kind:?} {fault:?}: {again:?}", trial.name);
        true
    }

    async fn meets_all(&self, coverage: Coverage) {
        let counted = FailingStore::new(Arc::new(self.before.fork()), None);
        work(&project(self.folder, counted.clone()), self.work).await.unwrap();
        let n_calls = counted.n_calls();
        assert!(n_calls > 10, "{} {n_calls}", self.trial.name);
        let mut n_met = 0;
        match coverage {
            Coverage::All => {
                for call in 0..n_calls {
                    for (moment, extent) in WAYS {
                        n_met += u64::from(self.meets(Fault { call, moment, extent }).await);
                    }
                }
            }
            Coverage::Calls(n_faults) => {
                for (fault_idx, (moment, extent)) in (0..n_faults).zip(WAYS.iter().cycle()) {
                    let call = (2 * fault_idx + 1) * n_calls / (2 * n_faults);
                    let fault = Fault { call, moment: *moment, extent: *extent };
                    n_met += u64::from(self.meets(fault).await);
                }
            }
        }
        println!("{} {:?}: {n_met} faults at {n_calls} calls", self.trial.name, self.work);
        assert!(n_met > 3, "{} {n_met}", self.trial.name);
    }
}

async fn holds(trial: &Trial, coverage: Coverage) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    trial.write(folder);
    let undisturbed = Arc::new(InMemory::new());
    let lake = project(folder, healthy(&undisturbed));
    for day_idx in 0..Trial::N_DAYS {
        trial.deliver(folder, day_idx);
        let before = undisturbed.fork();
        build(&lake).await.unwrap();
        let expected = contents(&lake.lake, trial).await;
        assert!(expected.iter().any(|rows| !rows.is_empty()), "{}", trial.name);
        let work = Work::Build;
        Disturbed { trial, folder, before: &before, expected: &expected, work }
            .meets_all(coverage)
            .await;
    }
    let expected = contents(&lake.lake, trial).await;
    let (before, work) = (undisturbed.fork(), Work::Upkeep);
    Disturbed { trial, folder, before: &before, expected: &expected, work }
        .meets_all(coverage)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_an_error_and_the_lake_is_given_back() {
    let trial = &TRIALS[0];
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    trial.write(folder);
    trial.deliver(folder, 0);
    // The first calls take the lake, and the last gives it back.
    for call in [8, 16, 24, 32] {
        let fault = Fault { call, moment: Moment::Before, extent: Extent::Panics };
        for kind in [Work::Build, Work::Upkeep] {
            let memory = Arc::new(InMemory::new());
            let failing = FailingStore::new(Arc::clone(&memory), Some(fault));
            let (lake, failed) =
                (project(folder, healthy(&memory)), project(folder, failing.clone()));
            let outcome = match kind {
                Work::Build => build(&failed).await.map(drop),
                Work::Upkeep => {
                    build(&lake).await.unwrap();
                    let tables = upkeep::tables(&lake, &[]).await.unwrap();
                    keep_up_of(&failed, &tables).await
                }
            };
            assert!(failing.is_hit(), "{kind:?} {fault:?}");
            let error = outcome.unwrap_err();
            assert!(error.contains("the engine panicked: "), "{kind:?} {fault:?}: {error}");
            assert!(!error.contains("task "), "{error}");
            // It is neither held for ever nor for a minute.
            work(&lake, kind).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_at_a_call_loses_and_doubles_nothing() {
    for trial in TRIALS {
        holds(trial, Coverage::Calls(15)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes"]
async fn a_fault_at_any_call_loses_and_doubles_nothing() {
    for trial in TRIALS {
        holds(trial, Coverage::All).await;
    }
}
