//! One question to a lake: a query over its tables and the project's views. Nothing is written.
//!
//! The query names tables as models do. What it names is looked up in the lake, whether or not a model makes
//! it; so `silver.orders__quarantine` and `_lakefront.runs` can be asked, too. Sources lie outside of the lake
//! and are not asked, except by a view that reads them.

use crate::lake::{Lake, LakeError};
use crate::model::{self, Materialization, Model, ModelError, ModelName, ModelRule, Read};
use crate::plan::{LEDGER, Planner, Scope, reason, said};
use crate::project::{Place, Project};
use crate::source::{Seen, Servers, SourceError, SourceKind};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use chrono::Utc;
use datafusion::catalog::TableProvider;
use datafusion::common::TableReference;
use datafusion::datasource::ViewTable;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::context::SQLOptions;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A question as somebody asks it.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// What the text is called in messages, such as its file.
    pub name: &'q str,
    /// One query.
    pub sql: &'q str,
    /// What it may take of memory before it spills to disk.
    pub memory_bytes: usize,
}

/// The rows that answer a question, as they come.
pub struct Answer {
    /// The columns, in the order of the query.
    pub schema: SchemaRef,
    /// The rows; an error is the last item.
    pub batches: BoxStream<'static, Result<RecordBatch, QueryError>>,
}

/// A question that cannot be answered.
#[derive(Debug, thiserror::Error)]
#[error("{name}{place}: {rule}")]
pub struct QueryError {
    /// What the text is called.
    pub name: String,
    /// Where in it, as far as it is known.
    pub place: Place,
    /// What is wrong.
    pub rule: QueryRule,
}

/// What can be wrong with a query.
#[derive(Debug, thiserror::Error)]
pub enum QueryRule {
    /// It is not SQL, or not one query.
    #[error("{reason}")]
    Syntax {
        /// What the parser says.
        reason: String,
    },
    /// A name that is no table's.
    #[error(
        "table {table:?} has no layer; a query reads bronze.NAME, silver.NAME, gold.NAME and _lakefront.NAME"
    )]
    NoLayer {
        /// The name.
        table: String,
    },
    /// A source as it is delivered.
    #[error("{table} lies outside of the lake; ask the bronze table that reads it")]
    Outside {
        /// The source.
        table: String,
    },
    /// A model that was not built.
    #[error("{table} is not built; `lakefront build` makes it")]
    NotBuilt {
        /// The table.
        table: String,
    },
    /// A table that is not there.
    #[error("{table} is not a table of the lake, there are: {known}")]
    NoTable {
        /// The table.
        table: String,
        /// What there is, comma-separated.
        known: String,
    },
    /// It does not fit the tables.
    #[error("{reason}")]
    Plan {
        /// What the planner says.
        reason: String,
    },
    /// A model behind it is not right.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A source behind a view cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A table cannot be read.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The engine failed, or the query on the rows.
    #[error("{}", reason(.0))]
    Engine(#[from] DataFusionError),
}

type Placed = (Place, QueryRule);

/// Begins to answer `question` over the lake of `project`.
///
/// # Errors
/// [`QueryError`] with the place in the text. What fails on the rows is the last item of the batches.
pub async fn query(project: &Project, question: &Question<'_>) -> Result<Answer, QueryError> {
    let name = question.name.to_owned();
    let batches = start(project, question).await;
    let batches =
        batches.map_err(|(place, rule)| QueryError { name: name.clone(), place, rule })?;
    let schema = batches.schema();
    let batches = batches.map_err(move |error| QueryError {
        name: name.clone(),
        place: Place::default(),
        rule: error.into(),
    });
    Ok(Answer { schema, batches: batches.boxed() })
}

async fn start(
    project: &Project,
    question: &Question<'_>,
) -> Result<SendableRecordBatchStream, Placed> {
    let (statement, reads) = model::parse_query(question.sql).map_err(|(place, rule)| {
        let reason = match rule {
            ModelRule::NotOneQuery { found } => {
                format!("a question is one query (`select ...` or `with ...`), this has {found}")
            }
            other => other.to_string(),
        };
        (place, QueryRule::Syntax { reason })
    })?;
    let planner = Planner::new(question.memory_bytes).map_err(nowhere)?;
    let lake = Lake::new(project.lake.clone(), planner.runtime());
    // A model that is not right is no hindrance to a query that does not name it.
    let (models, broken) = model::read_each(project);
    let asked = Asked { project, planner, lake, models, broken };
    let scope = asked.planner.scope().map_err(nowhere)?;
    for at in &reads {
        asked.define(&scope, &at.read).await.map_err(|rule| (at.place, rule))?;
    }
    let asked_for = statement.clone();
    let refuse = |error: DataFusionError| {
        let (place, reason) = said(&error, &asked_for);
        (place, QueryRule::Plan { reason })
    };
    let (plan, _) = scope.planned(&statement).await.map_err(refuse)?;
    SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false)
        .verify_plan(&plan)
        .map_err(refuse)?;
    scope.run(&plan).await.map_err(refuse)
}

fn nowhere(error: DataFusionError) -> Placed {
    (Place::default(), error.into())
}

struct Asked<'p> {
    project: &'p Project,
    planner: Planner,
    lake: Lake,
    models: Vec<Model>,
    broken: Vec<ModelError>,
}

impl Asked<'_> {
    /// Makes `scope` see what the query reads.
    async fn define(&self, scope: &Scope, read: &Read) -> Result<(), QueryRule> {
        match read {
            Read::Source(_) => Err(QueryRule::Outside { table: read.to_string() }),
            Read::Model(name) => match self.table(scope, name).await? {
                Some(table) => Ok(scope.define(read, table)?),
                None => Err(self.absent(name)),
            },
            Read::Neither(text) => {
                let name = text.strip_prefix(LEDGER).and_then(|rest| rest.strip_prefix('.'));
                let Some(name) = name.filter(|name| is_plain(name)) else {
                    return Err(QueryRule::NoLayer { table: text.clone() });
                };
                let Some(table) = self.lake.open(&format!("{LEDGER}/{name}")).await? else {
                    return Err(QueryRule::NotBuilt { table: text.clone() });
                };
                let table = table.provider(scope.ctx()).await?;
                scope.ctx().register_table(TableReference::partial(LEDGER, name), table)?;
                Ok(())
            }
        }
    }

    /// The table or view `name`; `None` when there is none.
    async fn table(
        &self,
        scope: &Scope,
        name: &ModelName,
    ) -> Result<Option<Arc<dyn TableProvider>>, QueryRule> {
        let model = self.models.iter().find(|model| model.name == *name);
        if let Some(model) = model
            && model.config.materialization == Materialization::View
        {
            return Ok(Some(Box::pin(self.view(model)).await?));
        }
        match self.lake.open(&name.location()).await? {
            Some(table) => Ok(Some(table.provider(scope.ctx()).await?)),
            None => Ok(None),
        }
    }

    /// The query of `view` over what it reads.
    async fn view(&self, view: &Model) -> Result<Arc<dyn TableProvider>, QueryRule> {
        let scope = self.planner.scope()?;
        for at in &view.reads {
            let table = match &at.read {
                Read::Source(name) => match self.project.sources.get(name) {
                    Some(source) => Some(self.source(&source.kind, name).await?),
                    None => None,
                },
                Read::Model(name) => Box::pin(self.table(&scope, name)).await?,
                Read::Neither(_) => None,
            };
            let Some(table) = table else {
                let rule =
                    ModelRule::NotBuilt { table: at.read.to_string(), model: view.name.clone() };
                return Err(ModelError { path: view.path.clone(), place: at.place, rule }.into());
            };
            scope.define(&at.read, table)?;
        }
        let planned = scope.plan(view).await?;
        Ok(Arc::new(ViewTable::new(planned.plan, None)))
    }

    async fn source(
        &self,
        kind: &SourceKind,
        name: &catalog::Name,
    ) -> Result<Arc<dyn TableProvider>, QueryRule> {
        let folder = &self.project.folder;
        Ok(match kind {
            SourceKind::File(file) => file.open(&file.find(folder)?)?,
            SourceKind::Folder(files) => {
                let delivery = files.look(name, folder, &Seen::default(), Utc::now().into())?;
                files.table(delivery.files, Utc::now().timestamp_micros())?
            }
            SourceKind::Database(table) => {
                Servers::default().read(table, None).await?.rows.table()?
            }
        })
    }

    /// Why there is no table `name`.
    fn absent(&self, name: &ModelName) -> QueryRule {
        let table = name.to_string();
        let is_its = |error: &&ModelError| {
            let stem = error.path.file_stem().map(|stem| stem.to_string_lossy());
            stem.is_some_and(|stem| stem == name.name.as_str())
        };
        if let Some(error) = self.broken.iter().find(is_its) {
            return QueryRule::Plan { reason: format!("{table} has no table: {error}") };
        }
        if self.models.iter().any(|model| model.name == *name) {
            return QueryRule::NotBuilt { table };
        }
        let mut known = BTreeSet::new();
        for model in &self.models {
            known.insert(model.name.to_string());
            known.extend(model.quarantine().iter().chain(&model.late()).map(ModelName::to_string));
        }
        let known: Vec<String> = known.into_iter().collect();
        QueryRule::NoTable { table, known: known.join(", ") }
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
