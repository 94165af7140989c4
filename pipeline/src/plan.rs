//! Models as DataFusion plans: the names they see, the schema of the table they make.

mod keyed;
#[cfg(test)]
mod law;
mod precedence;
mod recursion;
mod said;
mod schema;
mod sets;
mod touch;
mod used;

pub(crate) use keyed::{DuplicateKey, newest_of_key, not_removed, without_deleted};
pub(crate) use precedence::Precedence;
pub(crate) use said::{exhausted, reason, said};
pub(crate) use schema::{ChangedValue, difference, fitted, of_table, stored_as, to_schema, widens};
pub(crate) use touch::{Changed, Touch, touched};
pub(crate) use used::used_columns;

use crate::function;
use crate::memory::SharedMemory;
use crate::model::{Model, ModelError, ModelRule, Read};
use crate::project::Place;
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use chrono::Utc;
use datafusion::catalog::{MemorySchemaProvider, TableProvider};
use datafusion::common::TableReference;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::MemoryLimit;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{FunctionRegistry, SessionState};
use datafusion::logical_expr::expr::Expr;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, Volatility, cast};
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::Statement as SqlStatement;
use functions::OneMoment;
use futures::TryStreamExt;
use std::sync::Arc;

/// The layers that names begin with.
const LAYERS: [&str; 5] = ["source", "bronze", "silver", "gold", LEDGER];

/// The schema of the tables that the builder keeps about itself; models do not read them.
pub(crate) const LEDGER: &str = "_lakefront";

/// Makes two aggregates of one with a distinct count. The sum of sums that stands beside it has a wider decimal than
/// was planned, and what is computed from it fails on the rows or not, as the batches fall.
const UNSOUND_RULE: &str = "single_distinct_aggregation_to_group_by";

/// How tables are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joins {
    /// One side is held in memory: fast, and it cannot spill.
    Hashed,
    /// Both sides are sorted, which spills to disk.
    Sorted,
}

/// The engine that runs models: its memory and its settings.
#[derive(Clone)]
pub(crate) struct Planner {
    runtime: Arc<RuntimeEnv>,
    joins: Joins,
    /// What queries take for now, in microseconds since 1970 UTC.
    at_us: i64,
}

/// The tables that one query sees, and the engine that runs it.
pub(crate) struct Scope {
    ctx: SessionContext,
}

/// A model that fits the tables it reads.
pub(crate) struct Planned {
    /// The query, whose types are those of its rows.
    pub(crate) plan: LogicalPlan,
    /// The schema of the table that it makes: names and types that Delta holds, every column
    /// nullable. The rows of the plan are cast to it.
    pub(crate) schema: SchemaRef,
    /// Whether the same tables may give other rows at another time: the query asks for the time, or for something that is
    /// different each time it is asked for. What is in views that it reads does not count.
    pub(crate) is_timed: bool,
}

impl Planner {
    /// A planner whose queries together take up to `memory_bytes`, and then spill to disk.
    ///
    /// # Errors
    /// When there is no folder for what is spilled.
    pub(crate) fn new(memory_bytes: usize) -> Result<Planner, DataFusionError> {
        let runtime = SharedMemory::runtime(memory_bytes)?;
        let at_us = Utc::now().timestamp_micros();
        Ok(Planner { runtime, joins: Joins::Hashed, at_us })
    }

    /// A planner for which now is the moment `at_us`, in microseconds since 1970 UTC.
    pub(crate) fn at(self, at_us: i64) -> Planner {
        Planner { at_us, ..self }
    }

    /// The same memory for queries that take less of it and more time: what they cannot hold goes to disk.
    pub(crate) fn frugal(&self) -> Planner {
        Planner { runtime: self.runtime(), joins: Joins::Sorted, at_us: self.at_us }
    }

    /// The memory that all queries share.
    pub(crate) fn runtime(&self) -> Arc<RuntimeEnv> {
        Arc::clone(&self.runtime)
    }

    /// A scope that knows the layers and no table yet.
    pub(crate) fn scope(&self) -> Result<Scope, DataFusionError> {
        let mut config = SessionConfig::new().with_default_catalog_and_schema("lake", "none");
        let options = config.options_mut();
        options.sql_parser.collect_spans = true;
        // Delta tables hold plain text columns, and one kind of text needs no cast.
        options.sql_parser.map_string_types_to_utf8view = false;
        options.execution.parquet.schema_force_view_types = false;
        if let MemoryLimit::Finite(bytes) = self.runtime.memory_pool.memory_limit() {
            // Each sort keeps so much for its merge, and together they should not have what is kept for such.
            let reserved = &mut options.execution.sort_spill_reservation_bytes;
            *reserved = (*reserved).min(bytes / 64);
        }
        if self.joins == Joins::Sorted {
            options.optimizer.prefer_hash_join = false;
            // In a single partition all joins are hashed.
            let n_partitions = &mut options.execution.target_partitions;
            *n_partitions = (*n_partitions).max(2);
        }
        let ctx = SessionContext::new_with_config_rt(config, Arc::clone(&self.runtime));
        let mut state = functions::install(ctx.state())?;
        state.register_function_rewrite(Arc::new(OneMoment::new(self.at_us)))?;
        let mut ctx = SessionContext::new_with_state(state);
        ctx.remove_optimizer_rule(UNSOUND_RULE);
        function::register(&mut ctx)?;
        let lake = ctx.catalog("lake").ok_or_else(|| {
            DataFusionError::Internal("the default catalog was not made".to_owned())
        })?;
        for layer in LAYERS {
            lake.register_schema(layer, Arc::new(MemorySchemaProvider::new()))?;
        }
        Ok(Scope { ctx })
    }
}

impl Scope {
    /// The engine.
    pub(crate) fn ctx(&self) -> &SessionContext {
        &self.ctx
    }

    /// Makes `read` mean `table`, in place of what it meant.
    pub(crate) fn define(
        &self,
        read: &Read,
        table: Arc<dyn TableProvider>,
    ) -> Result<(), DataFusionError> {
        let reference = reference(read);
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
        let planned = self.planned(&model.statement).await;
        let (plan, is_timed) = planned.map_err(|error| refuse(model, &error))?;
        let schema = of_table(plan.schema()).map_err(at)?;
        Ok(Planned { plan, schema, is_timed })
    }

    /// Plans a query over the tables that are defined, with the types that its rows have; and whether it asks for the time
    /// or for chance, views that it reads left aside.
    ///
    /// # Errors
    /// What the engine says.
    pub(crate) async fn planned(
        &self,
        statement: &SqlStatement,
    ) -> Result<(LogicalPlan, bool), DataFusionError> {
        let state = self.ctx.state();
        let parsed = Statement::Statement(Box::new(statement.clone()));
        let plan = state.statement_to_plan(parsed).await?;
        recursion::refuse_narrowing(&plan, statement)?;
        let is_timed = is_timed(&plan)?;
        Ok((typed(&state, plan)?, is_timed))
    }

    /// Starts a query, one stream for all its partitions.
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

    /// All rows of a query that has few.
    ///
    /// # Errors
    /// What the engine says.
    pub(crate) async fn rows(
        &self,
        plan: &LogicalPlan,
    ) -> Result<Vec<RecordBatch>, DataFusionError> {
        self.run(plan).await?.try_collect().await
    }
}

/// `plan` with the types that its rows have. As planned from the text, a `case` has the type of its first branch and
/// a union that of its first query; only the analyzer finds the one that holds them all. Some functions have another
/// type once a constant among their arguments is evaluated, such as `round`.
///
/// `plan` must not be one that the optimizer was given.
///
/// # Errors
/// What the analyzer says of the types, and the optimizer of the constants.
fn typed(state: &SessionState, plan: LogicalPlan) -> Result<LogicalPlan, DataFusionError> {
    let analyzed =
        |plan| state.analyzer().execute_and_check(plan, state.config_options(), |_, _| {});
    let plan = analyzed(plan)?;
    recursion::refuse_unlike(&plan)?;
    let meant = sets::meant(plan)?;
    let plan = if meant.transformed { analyzed(meant.data)? } else { meant.data };
    let optimized = state.optimize(&plan)?;
    if is_like(&plan, &optimized) {
        return Ok(plan);
    }
    let columns = plan.schema().iter().zip(optimized.schema().fields());
    let columns = columns.map(|((qualifier, field), of)| {
        cast(Expr::from((qualifier, field)), of.data_type().clone()).alias(field.name())
    });
    let columns: Vec<Expr> = columns.collect();
    let plan = LogicalPlanBuilder::new(plan).project(columns)?.build()?;
    let optimized = state.optimize(&plan)?;
    match is_like(&plan, &optimized) {
        true => Ok(plan),
        false => {
            let reason = "its columns have other types as it runs than as it is planned, cast them";
            Err(DataFusionError::Plan(reason.to_owned()))
        }
    }
}

/// Whether `plan` calls a function whose value does not follow from its arguments.
fn is_timed(plan: &LogicalPlan) -> Result<bool, DataFusionError> {
    let mut found = false;
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            found |= expr.exists(|part| {
                Ok(match part {
                    Expr::ScalarFunction(call) => {
                        call.func.signature().volatility != Volatility::Immutable
                    }
                    _ => false,
                })
            })?;
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(found)
}

/// Whether the columns of two plans have the same types.
fn is_like(plan: &LogicalPlan, other: &LogicalPlan) -> bool {
    let types = |plan: &LogicalPlan| -> Vec<DataType> {
        plan.schema().fields().iter().map(|field| field.data_type().clone()).collect()
    };
    types(plan) == types(other)
}

/// How queries name `read`.
pub(crate) fn reference(read: &Read) -> TableReference {
    match read {
        Read::Source(name) => TableReference::partial("source", name.as_str()),
        Read::Model(name) => TableReference::partial(name.layer.as_str(), name.name.as_str()),
        Read::Neither(text) => TableReference::bare(text.as_str()),
    }
}

/// The rows of `plan` in the order of `sort_by`, ascending, nulls last.
pub(crate) fn sorted(
    plan: LogicalPlan,
    sort_by: &[String],
) -> Result<LogicalPlan, DataFusionError> {
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

/// The column `name` of a plan's rows.
pub(crate) fn column_of(plan: &LogicalPlan, name: &str) -> Result<Expr, DataFusionError> {
    let found = plan.schema().qualified_fields_with_unqualified_name(name);
    let [field] = found.as_slice() else {
        return Err(DataFusionError::Plan(format!("column {name:?} is not one of the query's")));
    };
    Ok(Expr::from(*field))
}

/// What the planner says, at the place that it names.
pub(crate) fn refuse(model: &Model, error: &DataFusionError) -> ModelError {
    let (place, reason) = said(error, &model.statement);
    ModelError { path: model.path.clone(), place, rule: ModelRule::Plan { reason } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sum_beside_a_distinct_count_has_the_type_that_was_planned() {
        let scope = Planner::new(64 << 20).unwrap().scope().unwrap();
        let sql = "select k, count(distinct v) as n, sum(cast(v as decimal(22, 2))) as s \
            from (values (1, 1), (1, 1), (2, 3)) as t (k, v) group by k";
        let frame = scope.ctx().sql(sql).await.unwrap();
        let planned = frame.schema().field(2).data_type().clone();
        let batches = frame.collect().await.unwrap();
        assert!(!batches.is_empty());
        for batch in batches {
            assert_eq!(*batch.schema().field(2).data_type(), planned);
        }
    }
}
