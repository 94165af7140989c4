//! A session on the cluster that understands SQL as `lakefront` does.

use crate::request::View;
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

/// A session on the scheduler at `host:port`, whose jobs are called `job`.
///
/// # Errors
/// When the scheduler's place is not right.
pub async fn connect(scheduler: &str, job: &str) -> Result<SessionContext, DataFusionError> {
    let mut config = SessionConfig::new_with_ballista()
        .with_default_catalog_and_schema(CATALOG, "none")
        .with_ballista_job_name(job);
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
    SessionContext::remote_with_state(&format!("df://{scheduler}"), state).await
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
