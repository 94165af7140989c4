//! One build: check everything, then make what has changed.

use crate::catalog_json::{self, CompileError};
use crate::fingerprint::Fingerprint;
use crate::graph::{self, GraphError};
use crate::lake::{Lake, LakeError, LakeTable, Output};
use crate::model::{self, Model, ModelError, ModelName, Read};
use crate::plan::{Planned, Planner};
use crate::project::Project;
use crate::rejection;
use crate::source::SourceError;
use datafusion::datasource::empty::EmptyTable;
use datafusion::error::DataFusionError;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often [`Event::Rows`] is said while a model runs.
const ROWS_EVERY: Duration = Duration::from_millis(200);

/// What happens during a build, in this order: `Checked`, then for each model `Started`, `Rows` now
/// and then, `Finished`.
#[derive(Debug)]
pub enum Event<'a> {
    /// Every model, source and measure fits; nothing is written yet.
    Checked {
        /// Models that follow.
        n_models: usize,
    },
    /// A model is next.
    Started {
        /// Which.
        model: &'a ModelName,
    },
    /// A model runs.
    Rows {
        /// Which.
        model: &'a ModelName,
        /// Rows that it made so far.
        n_rows: u64,
    },
    /// A model is done.
    Finished(&'a ModelReport),
}

/// What a build did.
#[derive(Debug, Clone)]
pub struct Report {
    /// The models, in the order in which they were made.
    pub models: Vec<ModelReport>,
    /// Whether the compiled catalog was written; `None` when the project has no catalog.
    pub catalog: Option<Outcome>,
    /// From the start to the end.
    pub elapsed_ms: u64,
}

/// What a build did with one model.
#[derive(Debug, Clone)]
pub struct ModelReport {
    /// Which.
    pub model: ModelName,
    /// What was done.
    pub outcome: Outcome,
    /// Rows of its table.
    pub n_rows: u64,
    /// The Delta version of its table.
    pub version: u64,
    /// From the start to the commit.
    pub elapsed_ms: u64,
}

/// Whether something had to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was written.
    Built,
    /// It was already what it should be, and nothing was written.
    Unchanged,
}

/// A build that did not come to its end. Each text names file, place and rule.
///
/// Tables that were finished before stay as they are: each is one commit.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A source is missing or not right.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A model is not right, or failed on the rows.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The models have no order.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A table of the lake cannot be read or written.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The catalog does not fit the lake.
    #[error(transparent)]
    Catalog(#[from] CompileError),
    /// The engine could not be set up.
    #[error("the query engine failed: {0}")]
    Engine(#[from] DataFusionError),
}

/// Builds the lake of `project` and says what happens to `progress`.
///
/// Everything that can be known without running a query is checked first: sources are found and
/// their headers read, models are planned over empty tables, the catalog's measures are planned over
/// the models' schemas. Only then are tables written. A table whose model and inputs did not change
/// gets no new version.
///
/// # Errors
/// [`BuildError`]. What was committed before is readable, also by a build that runs next.
pub async fn build(
    project: &Project,
    mut progress: impl FnMut(Event<'_>),
) -> Result<Report, BuildError> {
    let start = Instant::now();
    let models = graph::order(project, model::read_all(project)?)?;
    let planner = Planner::new()?;
    let lake = Lake::new(&project.lake_dir)?;
    let mut fingerprints = open_sources(project, &models, &planner)?;
    let mut schemas = HashMap::new();
    for model in &models {
        let schema = planner.plan(model).await?.schema;
        let empty = Arc::new(EmptyTable::new(Arc::clone(&schema)));
        planner.define(model.name.layer.as_str(), model.name.name.as_str(), empty)?;
        schemas.insert(model.name.location(), schema);
    }
    let catalog = match &project.catalog_path {
        Some(path) => Some(catalog_json::compile(path, &lake, &schemas, planner.ctx()).await?),
        None => None,
    };
    progress(Event::Checked { n_models: models.len() });

    let mut reports = Vec::with_capacity(models.len());
    for model in &models {
        progress(Event::Started { model: &model.name });
        let fingerprint = of_inputs(model, &fingerprints);
        let made = make(&planner, &lake, model, &fingerprint, &mut progress).await?;
        let provider = made.table.provider(planner.ctx()).await?;
        planner.define(model.name.layer.as_str(), model.name.name.as_str(), provider)?;
        fingerprints.insert(model.name.to_string(), fingerprint);
        progress(Event::Finished(&made.report));
        reports.push(made.report);
    }
    let catalog = match catalog {
        Some(json) if catalog_json::publish(&project.lake_dir, &json)? => Some(Outcome::Built),
        Some(_) => Some(Outcome::Unchanged),
        None => None,
    };
    Ok(Report { models: reports, catalog, elapsed_ms: elapsed_ms(start) })
}

/// Finds, hashes and defines every source that a model reads. Returns the hashes by `source.NAME`.
fn open_sources(
    project: &Project,
    models: &[Model],
    planner: &Planner,
) -> Result<HashMap<String, Fingerprint>, BuildError> {
    let mut fingerprints = HashMap::new();
    for read in models.iter().flat_map(|model| &model.reads) {
        let Read::Source(name) = &read.read else { continue };
        let Some(source) = project.sources.get(name) else { continue };
        let key = read.read.to_string();
        if fingerprints.contains_key(&key) {
            continue;
        }
        let path = source.find(&project.folder)?;
        planner.define("source", name.as_str(), source.open(&path)?)?;
        let fingerprint = Fingerprint::of_source(source, &path).map_err(|error| {
            SourceError::File { path, rule: crate::source::FileRule::Unreadable(error) }
        })?;
        fingerprints.insert(key, fingerprint);
    }
    Ok(fingerprints)
}

/// The fingerprint of `model`; those of what it reads are in `known`.
fn of_inputs(model: &Model, known: &HashMap<String, Fingerprint>) -> Fingerprint {
    let inputs = model.reads.iter().filter_map(|at| {
        let name = at.read.to_string();
        known.get(&name).map(|fingerprint| (name, fingerprint.clone()))
    });
    Fingerprint::of_model(model, &inputs.collect::<Vec<_>>())
}

/// A table that is as its model says.
struct Made {
    table: LakeTable,
    report: ModelReport,
}

async fn make(
    planner: &Planner,
    lake: &Lake,
    model: &Model,
    fingerprint: &Fingerprint,
    progress: &mut impl FnMut(Event<'_>),
) -> Result<Made, BuildError> {
    let start = Instant::now();
    let before = lake.open(&model.name.location()).await?;
    let (table, outcome) = match before {
        Some(table) if table.is_of(fingerprint) => (table, Outcome::Unchanged),
        before => {
            (write(planner, lake, model, before, fingerprint, progress).await?, Outcome::Built)
        }
    };
    let report = ModelReport {
        model: model.name.clone(),
        outcome,
        n_rows: table.n_rows(),
        version: table.version(),
        elapsed_ms: elapsed_ms(start),
    };
    Ok(Made { table, report })
}

async fn write(
    planner: &Planner,
    lake: &Lake,
    model: &Model,
    before: Option<LakeTable>,
    fingerprint: &Fingerprint,
    progress: &mut impl FnMut(Event<'_>),
) -> Result<LakeTable, BuildError> {
    let Planned { plan, schema } = planner.plan(model).await?;
    let stream = match planner.run(&plan).await {
        Ok(stream) => stream,
        Err(error) => return Err(rejection::explain(planner, model, &plan, &error).await.into()),
    };
    let output = Output::new(schema, stream);
    let written = {
        let writing = lake.overwrite(&model.name, before, &model.options, &output, fingerprint);
        tokio::pin!(writing);
        loop {
            tokio::select! {
                written = &mut writing => break written,
                () = tokio::time::sleep(ROWS_EVERY) => {
                    progress(Event::Rows { model: &model.name, n_rows: output.n_rows() });
                }
            }
        }
    };
    match output.take_error() {
        Some(error) => Err(rejection::explain(planner, model, &plan, &error).await.into()),
        None => Ok(written?),
    }
}

fn elapsed_ms(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}
