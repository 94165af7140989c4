//! One build: check everything, then make what has changed, several models at a time.

mod arrival;
mod buckets;
mod commit;
mod deliver;
mod difference;
mod distributed;
mod evolve;
mod filter;
mod increment;
mod input;
mod judging;
mod keyed;
mod make;
mod mark;
mod panic;
mod record;
mod report;
mod rooms;
mod run;
mod select;
mod snapshot;
mod stop;
mod streaming;

pub use arrival::Arrivals;
pub(crate) use commit::STATE_COLUMN;
pub(crate) use increment::drive;
pub use report::{Event, ModelReport, Outcome, Report};
pub use select::SelectError;
pub(crate) use snapshot::fields as snapshot_fields;
pub use stop::Stop;

use crate::catalog_json::{self, CompileError};
use crate::check::{self, Checked, Definition};
use crate::cluster::{Cluster, ClusterError, Engine};
use crate::expectation::Outcome as Judgement;
use crate::graph::GraphError;
use crate::lake::{Clock, Lake, LakeError, LakeTable, Lock, LockError, LockWatch, RootError, Wait};
use crate::marketplace::MarketplaceError;
use crate::model::{Model, ModelError, ModelName, Read};
use crate::plan::{Planner, Scope, reason};
use crate::project::Project;
use crate::rejection::lake_file;
use crate::runs::RunRow;
use crate::source::SourceError;
use crate::spool::no_room;
use crate::state::{InputState, ModelState, StateError};
use datafusion::catalog::TableProvider;
use datafusion::error::DataFusionError;
use futures::FutureExt;
use input::Input;
use rooms::Rooms;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::mpsc::UnboundedSender;

/// The memory that queries share unless it is said.
pub const DEFAULT_MEMORY_BYTES: usize = 2 << 30;

/// What a build is asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which models: `silver.orders`, `silver.orders+`, `+gold.sales`, `gold.*`; all of them when empty.
    pub select: Vec<String>,
    /// Whether the selected tables are made anew, whatever they were made of.
    pub refresh: Refresh,
    /// The memory that queries share before they spill to disk.
    pub memory_bytes: usize,
    /// Models that are made at a time, at least one.
    pub n_parallel: usize,
    /// What is done while somebody else writes the lake.
    pub wait: Wait,
    /// Whether somebody wants it to end early.
    pub stop: Stop,
    /// What runs the queries.
    pub engine: Engine,
}

impl Default for Options {
    fn default() -> Options {
        let n_parallel = std::thread::available_parallelism().map_or(2, usize::from).min(4);
        Options {
            select: Vec::new(),
            refresh: Refresh::Changed,
            memory_bytes: DEFAULT_MEMORY_BYTES,
            n_parallel,
            wait: Wait::Refuse,
            stop: Stop::new(),
            engine: Engine::Here,
        }
    }
}

/// Which tables are made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Refresh {
    /// Those that have to be.
    #[default]
    Changed,
    /// All that are selected.
    Full,
    /// Those that have to be; a selected table whose past cannot be made again goes on under a changed query.
    Adopt,
}

/// A build that did not come to its end. Each text names file, place and rule.
///
/// Tables that were finished before stay as they are: each is one commit.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A source is missing or not right.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A generator could not deliver.
    #[error(transparent)]
    Generator(#[from] MarketplaceError),
    /// A model is not right, or failed on the rows.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The models have no order.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A table of the lake cannot be read or written.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// What a table was made of cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// The catalog does not fit the lake.
    #[error(transparent)]
    Catalog(#[from] CompileError),
    /// The selection names nothing.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// Somebody else writes the lake.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The lake's root does not give or take a file.
    #[error(transparent)]
    Root(#[from] RootError),
    /// The cluster cannot be used.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The engine could not be set up.
    #[error("the query engine failed: {}", no_room(.0).or_else(|| lake_file(.0)).unwrap_or_else(|| reason(.0)))]
    Engine(#[from] DataFusionError),
    /// It was asked to.
    #[error("the build was stopped with {n_left} models not begun; the next build makes them")]
    Stopped {
        /// Models that were not begun.
        n_left: usize,
    },
    /// The program, or what it is made of, met what it does not know.
    #[error(
        "{place}: the engine panicked: {message}; nothing of it is committed, and it is a fault of the program \
         whatever the rows are: report it with this text"
    )]
    Panicked {
        /// What was made.
        place: String,
        /// What the panic says.
        message: String,
    },
}

/// Builds the lake of `project` and says what happens to `progress`.
///
/// Everything that can be known without running a query is checked first: sources are found and
/// their headers read, models are planned over empty tables, the catalog's measures are planned over
/// the models' schemas. Only then are tables written. A table whose model and inputs did not change
/// gets no new version.
///
/// # Errors
/// [`BuildError`] of the first model that failed; models that do not read it were made all the same. What was
/// committed is readable, also by a build that runs next.
pub async fn build(
    project: &Project,
    options: &Options,
    mut progress: impl FnMut(Event),
) -> Result<Report, BuildError> {
    let clock = Clock::system();
    let lock = Lock::take(&project.lake, "build", &clock, options.wait, |holder| {
        let holder = holder.map_or_else(|| "another process".to_owned(), ToString::to_string);
        progress(Event::Waiting { holder });
    });
    // Before any source is opened: who waited would build what was there before the other one did.
    let lock = lock.await?;
    let built = build_held(project, options, &clock, lock.watch(), &mut progress);
    let built = AssertUnwindSafe(built).catch_unwind().await.unwrap_or_else(|payload| {
        Err(panic::caught(format!("project {}", project.name), payload.as_ref()))
    });
    // What the build says comes first. A lake that cannot be given back is taken over by whoever wants it next.
    let _ = lock.release().await;
    built
}

/// Builds the lake of `project`, which is held as long as `lock` says so.
async fn build_held(
    project: &Project,
    options: &Options,
    clock: &Clock,
    lock: LockWatch,
    mut progress: impl FnMut(Event),
) -> Result<Report, BuildError> {
    let start = Instant::now();
    let planner = Planner::new(options.memory_bytes)?;
    let lake = Lake::new(project.lake.watched(lock.clone()), planner.runtime());
    let cluster = Cluster::find(&options.engine, &project.lake).await?;
    deliver::deliver(project, &mut progress).await?;
    let checked = check::check(project, &planner, &lake).await?;
    let names: Vec<ModelName> = checked.models.iter().map(|model| model.name.clone()).collect();
    let selected = select::select(&checked.graph, &names, &options.select)?;
    progress(Event::Checked { n_models: selected.len() });
    let (events, mut told) = tokio::sync::mpsc::unbounded_channel();
    let now = clock.now();
    let build = Arc::new(Build {
        run_id: format!("{}-{:x}", now.format("%Y%m%dT%H%M%S%.3fZ"), std::process::id()),
        at_us: now.timestamp_micros(),
        project: project.clone(),
        planner: planner.at(now.timestamp_micros()),
        lake,
        lock,
        checked,
        selected,
        refresh: options.refresh,
        stop: options.stop.clone(),
        cluster,
        judgements: Mutex::new(BTreeMap::new()),
        rows: Mutex::new(Vec::new()),
        tables: Mutex::new(BTreeMap::new()),
        rooms: Rooms::new(options.n_parallel.max(1)),
        events,
    });
    let made = run::run(&build, options.n_parallel.max(1), &mut told, &mut progress).await;
    let ended = build.end(made).await;
    while let Ok(event) = told.try_recv() {
        progress(event);
    }
    let run_id = build.run_id.clone();
    let (mut models, catalog) = ended?;
    models.sort_by_key(|report| names.iter().position(|name| *name == report.model));
    Ok(Report { run_id, models, catalog, elapsed_ms: elapsed_ms(start) })
}

/// What the tasks of one build share.
struct Build {
    run_id: String,
    /// The time that rows of this build bear, in microseconds since 1970 UTC.
    at_us: i64,
    project: Project,
    planner: Planner,
    lake: Lake,
    lock: LockWatch,
    checked: Checked,
    selected: BTreeSet<ModelName>,
    refresh: Refresh,
    stop: Stop,
    /// What runs queries besides this process.
    cluster: Option<Cluster>,
    /// What became of what is expected of each model's rows.
    judgements: Mutex<BTreeMap<ModelName, Vec<Judgement>>>,
    /// What will be kept of this build.
    rows: Mutex<Vec<RunRow>>,
    /// The tables that are done.
    tables: Mutex<BTreeMap<ModelName, LakeTable>>,
    rooms: Rooms,
    events: UnboundedSender<Event>,
}

impl Build {
    /// What follows the models: the age of their rows, the catalog, the record of the build.
    async fn end(
        &self,
        made: Result<Vec<ModelReport>, BuildError>,
    ) -> Result<(Vec<ModelReport>, Option<Outcome>), BuildError> {
        let fresh = self.check_freshness().await;
        let kept = self.write_runs().await;
        // What went wrong first is the reason of what follows, on a full disk.
        let models = made?;
        kept?;
        self.lock.check().await?;
        let catalog = match &self.checked.catalog {
            Some(catalog) if catalog_json::publish(&self.project.lake, &catalog.json).await? => {
                Some(Outcome::Built)
            }
            Some(_) => Some(Outcome::Unchanged),
            None => None,
        };
        fresh?;
        Ok((models, catalog))
    }

    fn tell(&self, event: Event) {
        // Nobody listens only when the build has ended.
        let _ = self.events.send(event);
    }

    fn is_refreshed(&self, model: &Model) -> bool {
        self.refresh == Refresh::Full && self.selected.contains(&model.name)
    }

    fn is_adopted(&self, model: &Model) -> bool {
        self.refresh == Refresh::Adopt && self.selected.contains(&model.name)
    }

    fn definition(&self, model: &Model) -> Definition {
        self.checked.definitions.get(&model.name).cloned().unwrap_or_default()
    }

    /// What each commit says of the build.
    fn of_run(&self) -> (String, serde_json::Value) {
        ("lakefront.run".to_owned(), self.run_id.clone().into())
    }

    /// What `model` reads, as it is now; `state` is how far it was read.
    async fn inputs(
        &self,
        model: &Model,
        state: Option<&ModelState>,
    ) -> Result<Vec<Input>, BuildError> {
        let mut inputs = Vec::new();
        for read in self.checked.base_reads(model) {
            let before = state.and_then(|state| state.inputs.get(&read.to_string()).cloned());
            inputs.extend(self.input(model, &read, before).await?);
        }
        Ok(inputs)
    }

    /// `read`, which `model` reads, as it is now; `before` is how far it was read.
    async fn input(
        &self,
        model: &Model,
        read: &Read,
        before: Option<InputState>,
    ) -> Result<Option<Input>, BuildError> {
        match read {
            Read::Source(name) => {
                let Some(source) = self.project.sources.get(name) else { return Ok(None) };
                let folder = &self.project.folder;
                let servers = &self.checked.servers;
                let input = Input::source(read, source, folder, servers, before).await;
                input.map(Some).map_err(|error| source.refused(error).into())
            }
            Read::Model(name) => {
                let table = self.table(model, name).await?;
                Ok(Some(Input::table(read, table, before).await?))
            }
            Read::Neither(_) => Ok(None),
        }
    }

    /// The table `name`, which `model` reads.
    async fn table(&self, model: &Model, name: &ModelName) -> Result<LakeTable, BuildError> {
        let done = self.tables.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if let Some(table) = done {
            return Ok(table);
        }
        match self.lake.open(&name.location()).await? {
            Some(table) => Ok(table),
            None => {
                let rule = crate::model::ModelRule::NotBuilt {
                    table: name.to_string(),
                    model: model.name.clone(),
                };
                Err(model.broken(rule).into())
            }
        }
    }

    async fn define(
        &self,
        scope: &Scope,
        model: &Model,
        tables: &BTreeMap<Read, Arc<dyn TableProvider>>,
    ) -> Result<(), BuildError> {
        self.checked.define(&self.planner, scope, model, tables).await
    }

    /// A scope in which `model` sees all rows of its inputs.
    async fn scope_of(&self, model: &Model, inputs: &[Input]) -> Result<Scope, BuildError> {
        let scope = self.planner_of(model).scope()?;
        let mut tables = BTreeMap::new();
        for input in inputs {
            tables.insert(input.read.clone(), input.all(&scope, self.at_us).await?);
        }
        self.define(&scope, model, &tables).await?;
        Ok(scope)
    }
}

fn elapsed_ms(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}
