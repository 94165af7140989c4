//! Everything that is wrong with a project, and not only the first.
//!
//! What fails is taken out together with what reads it, and the rest is checked again: so each finding is
//! about its own file, and none is only the consequence of another.

use super::{Checked, Finding, fit, source_schema};
use crate::build::{BuildError, DEFAULT_MEMORY_BYTES};
use crate::expectation::ExpectationRule;
use crate::graph::{self, GraphError};
use crate::lake::Lake;
use crate::model::{self, ConfigRule, Model, ModelError, ModelName, ModelRule, Read};
use crate::plan::Planner;
use crate::project::{PROJECT_FILE, Place, Project};
use crate::source::Servers;
use std::collections::BTreeSet;
use std::path::Path;

/// After how many findings the search ends: each costs another look at the models that are left.
const MOST_FINDINGS: usize = 50;

/// What was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckReport {
    /// The models, each behind those that it reads.
    pub models: Vec<ModelName>,
    /// Sources that a model reads; all of them were found.
    pub n_sources: usize,
    /// Sources that no model reads, which were not looked for.
    pub n_unread_sources: usize,
    /// Expectations of the models, freshness rules included.
    pub n_expectations: usize,
    /// Exposures.
    pub n_exposures: usize,
    /// Whether the project has a catalog, whose measures and dimensions fit.
    pub has_catalog: bool,
}

/// Checks `project` as a build does, and writes nothing.
///
/// # Errors
/// Everything that is wrong, in the order of the search, up to a bound. The catalog is looked at once the
/// models are right.
pub async fn check_every(project: &Project) -> Result<CheckReport, Vec<Finding>> {
    let failed = |error: BuildError| vec![Finding::from(&error)];
    let planner = Planner::new(DEFAULT_MEMORY_BYTES).map_err(|error| failed(error.into()))?;
    let lake = Lake::new(project.lake.clone(), planner.runtime());
    let (models, broken) = model::read_each(project);
    let mut search = Search {
        project,
        has_unread: !broken.is_empty(),
        gone: broken.iter().filter_map(|error| name_of(project, &error.path)).collect(),
        models,
        findings: broken.iter().map(Finding::from).collect(),
    };
    search.sources().await;
    let checked = search.models(&planner, &lake).await;
    search.exposures();
    match checked {
        Some(checked) if search.findings.is_empty() => Ok(report(project, &checked)),
        _ => Err(search.findings),
    }
}

fn report(project: &Project, checked: &Checked) -> CheckReport {
    let n_sources = checked.schemas.keys().filter(|read| matches!(read, Read::Source(_))).count();
    let rules = |model: &Model| {
        model.config.expectations.len() + usize::from(model.config.freshness.is_some())
    };
    CheckReport {
        models: checked.models.iter().map(|model| model.name.clone()).collect(),
        n_sources,
        n_unread_sources: project.sources.len().saturating_sub(n_sources),
        n_expectations: checked.models.iter().map(rules).sum(),
        n_exposures: project.exposures.len(),
        has_catalog: checked.catalog.is_some(),
    }
}

/// The model that the file at `path` would make.
fn name_of(project: &Project, path: &Path) -> Option<ModelName> {
    let below = path.strip_prefix(project.folder.join("models")).ok()?;
    let layer = below.iter().next()?.to_str()?;
    match model::parse_read(&format!("{layer}.{}", path.file_stem()?.to_str()?))? {
        Read::Model(name) => Some(name),
        _ => None,
    }
}

struct Search<'p> {
    project: &'p Project,
    /// Whether there are models whose text says nothing, not even which tables it would make.
    has_unread: bool,
    models: Vec<Model>,
    /// Models that are not right, and those that read them.
    gone: BTreeSet<ModelName>,
    findings: Vec<Finding>,
}

impl Search<'_> {
    /// Looks for every source that a model reads.
    async fn sources(&mut self) {
        let servers = Servers::default();
        for source in self.project.sources.values() {
            let read = Read::Source(source.name.clone());
            let reads = |model: &&Model| model.reads.iter().any(|at| at.read == read);
            let readers: Vec<_> =
                self.models.iter().filter(reads).map(|model| model.name.clone()).collect();
            if readers.is_empty() {
                continue;
            }
            if let Err(error) = source_schema(self.project, &servers, source).await {
                self.findings.push(Finding::new(&source.path, source.place, error));
                self.gone.extend(readers);
            }
        }
    }

    /// Fits the models together until those that are left do.
    async fn models(&mut self, planner: &Planner, lake: &Lake) -> Option<Checked> {
        while self.findings.len() < MOST_FINDINGS {
            self.take_out();
            let mut project = self.project.clone();
            if !self.findings.is_empty() {
                // It would miss the tables of what was taken out.
                project.catalog_path = None;
            }
            let error = match fit(&project, planner, lake, self.models.clone()).await {
                Ok(checked) => return Some(checked),
                Err(error) => error,
            };
            if !self.is_consequence(&error) {
                self.findings.push(Finding::from(&error));
            }
            let culprits = self.culprits(&error);
            if culprits.is_empty() {
                return None;
            }
            self.gone.extend(culprits);
        }
        None
    }

    /// Takes out the models that are not right, and those that read them.
    fn take_out(&mut self) {
        loop {
            let makers = graph::makers(&self.models);
            let gone = &mut self.gone;
            let reads_gone = |model: &Model| {
                model.reads.iter().any(|at| match &at.read {
                    Read::Model(name) => gone.contains(makers.get(name).unwrap_or(name)),
                    _ => false,
                })
            };
            let more: Vec<ModelName> = self
                .models
                .iter()
                .filter(|model| !gone.contains(&model.name) && reads_gone(model))
                .map(|model| model.name.clone())
                .collect();
            if more.is_empty() {
                break;
            }
            gone.extend(more);
        }
        self.models.retain(|model| !self.gone.contains(&model.name));
    }

    /// Whether a table is missing that a model may make whose text could not be read, or that a model would make which is
    /// not right itself.
    fn is_consequence(&self, error: &BuildError) -> bool {
        if let BuildError::Model(ModelError {
            rule: ModelRule::Config(ConfigRule::Expectation(ExpectationRule::NoTable { to })),
            ..
        }) = error
        {
            return self.has_unread || self.gone.contains(to);
        }
        let (BuildError::Model(error) | BuildError::Graph(GraphError::Unknown(error))) = error
        else {
            return false;
        };
        let is_table = |table: &str| !table.starts_with("source.");
        self.has_unread
            && matches!(&error.rule, ModelRule::Unknown { table, .. } if is_table(table))
    }

    /// The models that `error` is about.
    fn culprits(&self, error: &BuildError) -> Vec<ModelName> {
        let path = match error {
            BuildError::Model(ModelError { path, .. })
            | BuildError::Graph(
                GraphError::Unknown(ModelError { path, .. }) | GraphError::Circle { path, .. },
            ) => path,
            _ => return Vec::new(),
        };
        let is_about = |model: &&Model| model.path == *path || model.config_path == *path;
        self.models.iter().filter(is_about).map(|model| model.name.clone()).collect()
    }

    /// Looks for what exposures read.
    fn exposures(&mut self) {
        let path = self.project.folder.join(PROJECT_FILE);
        let makers = graph::makers(&self.models);
        for exposure in &self.project.exposures {
            for table in &exposure.reads {
                let is_known = match model::parse_read(table) {
                    Some(Read::Model(name)) => {
                        makers.contains_key(&name) || self.gone.contains(&name) || self.has_unread
                    }
                    _ => false,
                };
                if !is_known {
                    let text = format!(
                        "exposure {:?} reads {table:?}, which no model makes",
                        exposure.name
                    );
                    self.findings.push(Finding::new(&path, Place::default(), text));
                }
            }
        }
    }
}
