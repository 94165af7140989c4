//! A session on the cluster that understands SQL as `lakefront` does.

use crate::request::{Request, View};
use ballista::prelude::{SessionConfigExt, SessionContextExt};
use datafusion::catalog::MemorySchemaProvider;
use datafusion::common::TableReference;
use datafusion::datasource::ViewTable;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::Optimizer;
use datafusion::prelude::{SessionConfig, SessionContext};
use std::sync::Arc;

const CATALOG: &str = "lake";

/// Sums beside a `count(distinct ...)` would get another type by it.
const LEFT_OUT: &str = "single_distinct_aggregation_to_group_by";

/// A task is worth its start when it reads so much of the files.
const TASK_BYTES: u64 = 16 << 20;

/// Shuffles between more partitions than these are slower than the tasks that they make smaller.
const MOST_PARTITIONS: u64 = 256;

/// A session on the scheduler of `request`, cut into as many tasks as its tables are worth.
///
/// # Errors
/// When the scheduler's place is not right.
pub async fn connect(request: &Request) -> Result<SessionContext, DataFusionError> {
    let size_bytes: u64 = request.tables.iter().map(|table| table.size_bytes).sum();
    let mut config = SessionConfig::new_with_ballista()
        .with_default_catalog_and_schema(CATALOG, "none")
        .with_target_partitions(partitions(size_bytes))
        // With it, a job that loses an executor at the wrong moment waits for ever.
        .with_ballista_adaptive_query_planner(false)
        .with_ballista_job_name(&request.job);
    let options = config.options_mut();
    // Delta tables hold plain text columns, and one kind of text needs no cast.
    options.sql_parser.map_string_types_to_utf8view = false;
    options.execution.parquet.schema_force_view_types = false;
    let mut rules = Optimizer::default().rules;
    rules.retain(|rule| rule.name() != LEFT_OUT);
    let state = SessionStateBuilder::new()
        .with_default_features()
        .with_config(config)
        .with_optimizer_rules(rules)
        .build();
    SessionContext::remote_with_state(&format!("df://{}", request.scheduler), state).await
}

/// At least two, so that a small lake runs the same way as a large one.
fn partitions(size_bytes: u64) -> usize {
    let n_tasks = size_bytes.div_ceil(TASK_BYTES).clamp(2, MOST_PARTITIONS);
    usize::try_from(n_tasks).unwrap_or(2)
}

/// The layer `name`, which is there from now on.
pub fn layer(ctx: &SessionContext, name: &str) -> Result<(), DataFusionError> {
    let lake = ctx
        .catalog(CATALOG)
        .ok_or_else(|| DataFusionError::Internal(format!("there is no catalog {CATALOG}")))?;
    if lake.schema(name).is_none() {
        lake.register_schema(name, Arc::new(MemorySchemaProvider::new()))?;
    }
    Ok(())
}

/// Makes the name of `view` mean its query.
///
/// # Errors
/// When the query does not fit the tables.
pub async fn define(ctx: &SessionContext, view: &View) -> Result<(), DataFusionError> {
    let plan = plan(ctx, &view.sql).await?;
    layer(ctx, &view.schema)?;
    let reference = TableReference::partial(view.schema.as_str(), view.name.as_str());
    ctx.register_table(reference, Arc::new(ViewTable::new(plan, None)))?;
    Ok(())
}

/// The plan of a query over what is registered.
///
/// # Errors
/// When the query does not fit the tables.
pub async fn plan(ctx: &SessionContext, sql: &str) -> Result<LogicalPlan, DataFusionError> {
    ctx.state().create_logical_plan(sql).await
}
