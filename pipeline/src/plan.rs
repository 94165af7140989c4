//! Models as DataFusion plans: the names they see, the schema of the table they make.

mod schema;

use crate::model::{Model, ModelError, ModelRule};
use crate::project::Place;
use datafusion::catalog::{MemorySchemaProvider, TableProvider};
use datafusion::common::TableReference;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::expr::Expr;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::Statement;
use std::sync::Arc;

pub(crate) use schema::to_schema;

/// The names that models see, and the engine that runs them.
pub(crate) struct Planner {
    ctx: SessionContext,
}

/// A model that fits the tables it reads.
pub(crate) struct Planned {
    /// The query, sorted as the model's options say.
    pub(crate) plan: LogicalPlan,
    /// The schema of the table that it makes: names and types that Delta holds, every column
    /// nullable. The rows of the plan are cast to it.
    pub(crate) schema: arrow::datatypes::SchemaRef,
}

impl Planner {
    /// A planner that knows the layers and no table yet.
    pub(crate) fn new() -> Result<Planner, DataFusionError> {
        let mut config = SessionConfig::new().with_default_catalog_and_schema("lake", "none");
        config.options_mut().sql_parser.collect_spans = true;
        let ctx = SessionContext::new_with_config(config);
        let lake = ctx.catalog("lake").ok_or_else(|| {
            DataFusionError::Internal("the default catalog was not made".to_owned())
        })?;
        for layer in ["source", "bronze", "silver", "gold"] {
            lake.register_schema(layer, Arc::new(MemorySchemaProvider::new()))?;
        }
        Ok(Planner { ctx })
    }

    /// The engine.
    pub(crate) fn ctx(&self) -> &SessionContext {
        &self.ctx
    }

    /// Makes `layer.name` mean `table`, in place of what it meant.
    pub(crate) fn define(
        &self,
        layer: &str,
        name: &str,
        table: Arc<dyn TableProvider>,
    ) -> Result<(), DataFusionError> {
        let reference = TableReference::partial(layer, name);
        self.ctx.deregister_table(reference.clone())?;
        self.ctx.register_table(reference, table)?;
        Ok(())
    }

    /// Plans `model` over the tables that are defined.
    ///
    /// # Errors
    /// [`ModelError`] with the place in the model's file when the planner knows it.
    pub(crate) async fn plan(&self, model: &Model) -> Result<Planned, ModelError> {
        let at = |rule| ModelError { path: model.path.clone(), place: Place::default(), rule };
        let state = self.ctx.state();
        let statement = Statement::Statement(Box::new(model.statement.clone()));
        let plan = state.statement_to_plan(statement).await.map_err(|e| refuse(model, &e))?;
        let schema = schema::of_table(plan.schema()).map_err(at)?;
        for (key, columns) in
            [("partition_by", &model.options.partition_by), ("sort_by", &model.options.sort_by)]
        {
            if let Some(column) = columns.iter().find(|column| schema.index_of(column).is_err()) {
                let known: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
                let (column, known) = (column.clone(), known.join(", "));
                return Err(at(ModelRule::OptionColumn { key, column, known }));
            }
        }
        let plan = sorted(plan, &model.options.sort_by).map_err(|e| refuse(model, &e))?;
        // The optimizer checks types and evaluates constants, which planning alone does not.
        state.optimize(&plan).map_err(|e| refuse(model, &e))?;
        Ok(Planned { plan, schema })
    }

    /// Starts the query of a planned model.
    ///
    /// # Errors
    /// What the engine says.
    pub(crate) async fn run(
        &self,
        plan: &LogicalPlan,
    ) -> Result<SendableRecordBatchStream, DataFusionError> {
        let physical = self.ctx.state().create_physical_plan(plan).await?;
        execute_stream(physical, self.ctx.task_ctx())
    }
}

fn sorted(plan: LogicalPlan, sort_by: &[String]) -> Result<LogicalPlan, DataFusionError> {
    if sort_by.is_empty() {
        return Ok(plan);
    }
    let mut keys = Vec::with_capacity(sort_by.len());
    for column in sort_by {
        let found = plan.schema().qualified_fields_with_unqualified_name(column);
        keys.extend(found.into_iter().map(|field| Expr::from(field).sort(true, false)));
    }
    LogicalPlanBuilder::new(plan).sort(keys)?.build()
}

/// What the planner says, at the place that it names.
fn refuse(model: &Model, error: &DataFusionError) -> ModelError {
    let span = error.diagnostic().and_then(|diagnostic| diagnostic.span);
    let place = span.map(|span| Place::at(span.start.line, span.start.column));
    let reason = error.find_root().strip_backtrace();
    let rule = ModelRule::Plan { reason };
    ModelError { path: model.path.clone(), place: place.unwrap_or_default(), rule }
}
