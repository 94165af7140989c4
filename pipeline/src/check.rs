//! Everything that can be known of a project without running a query: names, types, configuration,
//! across models, and the catalog over them.

mod config;
mod definition;
mod every;
mod finding;

pub(crate) use definition::{Definition, Recorded};
pub use every::{CheckReport, check_every};
pub use finding::Finding;

use crate::build::BuildError;
use crate::catalog_json::{self, Compiled};
use crate::expectation::{self, ExpectationRule};
use crate::graph::{self, Graph};
use crate::lake::Lake;
use crate::model::{self, ConfigRule, Materialization, Model, ModelName, Read};
use crate::plan::{Planner, Scope};
use crate::project::{Place, Project};
use crate::source::{Servers, Source, SourceError, SourceKind};
use crate::stream::Judge;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::datasource::empty::EmptyTable;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// A project that fits together.
pub(crate) struct Checked {
    /// The models, each behind those that it reads.
    pub(crate) models: Vec<Model>,
    /// Which model reads which.
    pub(crate) graph: Graph,
    /// The columns of everything that is read.
    pub(crate) schemas: BTreeMap<Read, SchemaRef>,
    /// What each model is.
    pub(crate) definitions: HashMap<ModelName, Definition>,
    /// Models whose rows may be others at another time, views that are read among the reasons.
    pub(crate) timed: BTreeSet<ModelName>,
    /// The databases that are read, each in one session.
    pub(crate) servers: Servers,
    /// What the generators have delivered, by source.
    delivered: BTreeMap<Read, String>,
    /// The compiled catalog; `None` when the project has none.
    pub(crate) catalog: Option<Compiled>,
}

/// Checks `project`, whose lake is `lake`.
///
/// # Errors
/// [`BuildError`] of the first thing that does not fit, with file and line.
pub(crate) async fn check(
    project: &Project,
    planner: &Planner,
    lake: &Lake,
) -> Result<Checked, BuildError> {
    fit(project, planner, lake, model::read_all(project)?).await
}

/// Checks that `models`, which are each right, fit together and what else `project` has.
async fn fit(
    project: &Project,
    planner: &Planner,
    lake: &Lake,
    models: Vec<Model>,
) -> Result<Checked, BuildError> {
    let (models, graph) = graph::order(project, models)?;
    let mut checked = Checked {
        models: Vec::new(),
        graph,
        schemas: BTreeMap::new(),
        definitions: HashMap::new(),
        timed: BTreeSet::new(),
        servers: Servers::default(),
        delivered: BTreeMap::new(),
        catalog: None,
    };
    checked.open_sources(project, &models).await?;
    for model in models {
        checked.add(planner, model).await?;
    }
    if let Some(path) = &project.catalog_path {
        let tables = checked.tables();
        checked.catalog = Some(catalog_json::compile(path, lake, &tables).await?);
    }
    Ok(checked)
}

/// The columns of `source`, which must be there.
async fn source_schema(
    project: &Project,
    servers: &Servers,
    source: &Source,
) -> Result<SchemaRef, SourceError> {
    Ok(match &source.kind {
        SourceKind::File(file) => match (&file.generated, file.find(&project.folder)) {
            (Some(schema), Err(_)) => Arc::clone(schema),
            (_, path) => file.open(&path?)?.schema(),
        },
        SourceKind::Folder(folder) => {
            match folder.root(&source.name, &project.folder) {
                // Its columns are known without it, and whoever checks may not have it.
                Err(SourceError::NoFolder { .. }) => {}
                root => drop(root?),
            }
            folder.schema()
        }
        SourceKind::Database(table) => servers.schema(table).await?,
    })
}

impl Checked {
    /// Finds every source that a model reads, and its columns.
    async fn open_sources(
        &mut self,
        project: &Project,
        models: &[Model],
    ) -> Result<(), BuildError> {
        for at in models.iter().flat_map(|model| &model.reads) {
            let Read::Source(name) = &at.read else { continue };
            let Some(source) = project.sources.get(name) else { continue };
            if self.schemas.contains_key(&at.read) {
                continue;
            }
            let schema = source_schema(project, &self.servers, source).await;
            let schema = schema.map_err(|error| source.refused(error))?;
            self.schemas.insert(at.read.clone(), schema);
            if let SourceKind::File(file) = &source.kind {
                let delivered = file.delivered(&project.folder);
                self.delivered.extend(delivered.map(|delivered| (at.read.clone(), delivered)));
            }
        }
        Ok(())
    }

    async fn add(&mut self, planner: &Planner, model: Model) -> Result<(), BuildError> {
        config::check_inputs(&model, self)?;
        let scope = planner.scope()?;
        for at in &model.reads {
            let Some(schema) = self.schemas.get(&at.read) else { continue };
            scope.define(&at.read, Arc::new(EmptyTable::new(Arc::clone(schema))))?;
        }
        let planned = scope.plan(&model).await?;
        let reads_timed = |read: &Read| match read {
            Read::Model(name) => self.is_view(name) && self.timed.contains(name),
            _ => false,
        };
        if planned.is_timed || model.reads.iter().any(|at| reads_timed(&at.read)) {
            self.timed.insert(model.name.clone());
        }
        config::check_columns(&model, &planned.schema, self)?;
        let schema = stored_schema(&model, &planned.schema);
        let definition = definition::of(self, &model, &planned.plan, &schema);
        self.definitions.insert(model.name.clone(), definition);
        self.check_rules(&scope, &model, &schema)?;
        if let Some(late) = model.late() {
            let input = crate::build::drive(&model).and_then(|drive| self.schemas.get(drive));
            if let Some(input) = input {
                let schema = aside(&Judge::late_schema(input));
                self.schemas.insert(Read::Model(late), schema);
            }
        }
        if let Some(quarantine) = model.quarantine() {
            let schema = aside(&crate::expectation::quarantine_schema(&schema));
            self.schemas.insert(Read::Model(quarantine), schema);
        }
        self.schemas.insert(Read::Model(model.name.clone()), schema);
        self.models.push(model);
        Ok(())
    }

    /// Checks what is expected of the rows of `model`, whose table has the columns `schema`.
    fn check_rules(
        &self,
        scope: &Scope,
        model: &Model,
        schema: &SchemaRef,
    ) -> Result<(), BuildError> {
        let misconfigured = |(place, rule): (Place, ExpectationRule)| {
            model.misconfigured(place, ConfigRule::from(rule).into())
        };
        let resolve = |name: &ModelName| self.schemas.get(&Read::Model(name.clone())).cloned();
        let expectations = &model.config.expectations;
        expectation::check(scope.ctx(), &model.name, expectations, schema, resolve)
            .map_err(misconfigured)?;
        if let Some(freshness) = &model.config.freshness {
            expectation::check_freshness(freshness, schema).map_err(misconfigured)?;
        }
        Ok(())
    }

    /// The model `name`, as far as it is checked.
    pub(crate) fn model(&self, name: &ModelName) -> Option<&Model> {
        self.models.iter().find(|model| model.name == *name)
    }

    /// Whether a generator delivers what `read` is.
    pub(crate) fn is_generated(&self, read: &Read) -> bool {
        self.delivered.contains_key(read)
    }

    /// Whether `name` is a view.
    pub(crate) fn is_view(&self, name: &ModelName) -> bool {
        self.model(name).is_some_and(|model| model.config.materialization == Materialization::View)
    }

    /// What `model` reads once its views are put in their place.
    pub(crate) fn base_reads(&self, model: &Model) -> BTreeSet<Read> {
        let mut found = BTreeSet::new();
        for at in &model.reads {
            match &at.read {
                Read::Model(name) if self.is_view(name) => {
                    if let Some(view) = self.model(name) {
                        found.extend(self.base_reads(view));
                    }
                }
                read => drop(found.insert(read.clone())),
            }
        }
        found
    }

    /// Makes `scope` see what `model` reads; `tables` are its base reads.
    pub(crate) async fn define(
        &self,
        planner: &Planner,
        scope: &Scope,
        model: &Model,
        tables: &BTreeMap<Read, Arc<dyn TableProvider>>,
    ) -> Result<(), BuildError> {
        for at in &model.reads {
            let view = match &at.read {
                Read::Model(name) if self.is_view(name) => self.model(name),
                _ => None,
            };
            let table = match view {
                Some(view) => Some(self.view(planner, view, tables).await?),
                None => tables.get(&at.read).cloned(),
            };
            if let Some(table) = table {
                scope.define(&at.read, table)?;
            }
        }
        Ok(())
    }

    async fn view(
        &self,
        planner: &Planner,
        view: &Model,
        tables: &BTreeMap<Read, Arc<dyn TableProvider>>,
    ) -> Result<Arc<dyn TableProvider>, BuildError> {
        let scope = planner.scope()?;
        Box::pin(self.define(planner, &scope, view, tables)).await?;
        let planned = scope.plan(view).await?;
        Ok(Arc::new(datafusion::datasource::ViewTable::new(planned.plan, None)))
    }

    /// The columns of every table that is stored, by its location.
    fn tables(&self) -> HashMap<String, SchemaRef> {
        let mut tables = HashMap::new();
        for (read, schema) in &self.schemas {
            match read {
                Read::Model(name) if !self.is_view(name) => {
                    tables.insert(name.location(), Arc::clone(schema));
                }
                _ => {}
            }
        }
        tables
    }
}

/// The columns of the table of `model`, whose query gives `planned`.
pub(crate) fn stored_schema(model: &Model, planned: &SchemaRef) -> SchemaRef {
    let mut fields: Vec<Arc<Field>> = planned.fields().iter().cloned().collect();
    match &model.config.materialization {
        Materialization::Merge(merge) => {
            fields.retain(|field| merge.deleted.as_ref() != Some(field.name()));
        }
        Materialization::Snapshot { .. } => {
            fields.extend(crate::build::snapshot_fields().map(Arc::new));
        }
        _ => {}
    }
    Arc::new(Schema::new(fields))
}

/// The columns of a table of rows that were not taken.
fn aside(schema: &SchemaRef) -> SchemaRef {
    let mut fields: Vec<Arc<Field>> = schema.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new(crate::build::STATE_COLUMN, DataType::Int64, true)));
    Arc::new(Schema::new(fields))
}
