//! Slowly changing rows: every state that a row had, with the time in which it was valid.
//!
//! To the query's columns come `valid_from`, `valid_to` (null while it is valid) and `is_current`. A row whose key
//! is not in the query any more ends at the time of the build.

use crate::plan::column_of;
use arrow::datatypes::{DataType, Field, TimeUnit};
use datafusion::catalog::TableProvider;
use datafusion::common::{JoinType, ScalarValue};
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{
    Expr, LogicalPlan, LogicalPlanBuilder, Operator, binary_expr, cast, col, lit, not,
};
use std::sync::Arc;

const VALID_FROM: &str = "valid_from";
const VALID_TO: &str = "valid_to";
const IS_CURRENT: &str = "is_current";
const COLUMNS: [&str; 3] = [VALID_FROM, VALID_TO, IS_CURRENT];

const NEW: &str = "new";
const OLD: &str = "old";

/// The columns that a snapshot adds.
pub(crate) fn fields() -> [Field; 3] {
    [
        Field::new(VALID_FROM, time_type(), true),
        Field::new(VALID_TO, time_type(), true),
        Field::new(IS_CURRENT, DataType::Boolean, true),
    ]
}

/// The first state of every row of `query`.
pub(super) fn first(
    query: LogicalPlan,
    valid_from: Option<&str>,
    at_us: i64,
) -> Result<LogicalPlan, DataFusionError> {
    let mut columns: Vec<Expr> = query.schema().iter().map(Expr::from).collect();
    columns.push(since(&query, valid_from, at_us)?.alias(VALID_FROM));
    columns.push(lit(ScalarValue::try_new_null(&time_type())?).alias(VALID_TO));
    columns.push(lit(true).alias(IS_CURRENT));
    LogicalPlanBuilder::new(query).project(columns)?.build()
}

/// The states after those in `known`, when the rows are those of `query`.
pub(super) fn next(
    known: Arc<dyn TableProvider>,
    query: LogicalPlan,
    key: &[String],
    valid_from: Option<&str>,
    at_us: i64,
) -> Result<LogicalPlan, DataFusionError> {
    let names: Vec<String> =
        query.schema().fields().iter().map(|field| field.name().clone()).collect();
    let fresh = LogicalPlanBuilder::new(first(query, valid_from, at_us)?).alias(NEW)?.build()?;
    let scan = || LogicalPlanBuilder::scan(OLD, provider_as_source(Arc::clone(&known)), None);
    let current = scan()?.filter(col(of(OLD, IS_CURRENT)))?.build()?;
    let ended = scan()?.filter(not(col(of(OLD, IS_CURRENT))))?;

    let on = |side: &str| key.iter().map(|name| of(side, name)).collect::<Vec<_>>();
    let compared =
        names.iter().filter(|name| !key.contains(name) && valid_from != Some(name.as_str()));
    let differs = compared
        .map(|name| {
            let (old, new) = (col(of(OLD, name)), col(of(NEW, name)));
            binary_expr(old, Operator::IsDistinctFrom, new)
        })
        .reduce(Expr::or)
        .unwrap_or_else(|| lit(false));
    let has_new = col(of(NEW, IS_CURRENT)).is_not_null();
    let has_old = col(of(OLD, IS_CURRENT)).is_not_null();

    // Rows that are current: as they were, or ended.
    let is_over = has_new.clone().is_false().or(differs.clone());
    let over_at =
        datafusion::functions::core::expr_fn::coalesce(vec![col(of(NEW, VALID_FROM)), at(at_us)]);
    let mut kept = columns(OLD, &names);
    kept.push(col(of(OLD, VALID_FROM)).alias(VALID_FROM));
    kept.push(
        datafusion::logical_expr::when(is_over.clone(), over_at)
            .otherwise(lit(ScalarValue::try_new_null(&time_type())?))?
            .alias(VALID_TO),
    );
    kept.push(not(is_over).alias(IS_CURRENT));
    let kept = LogicalPlanBuilder::new(current.clone())
        .join(fresh.clone(), JoinType::Left, (on(OLD), on(NEW)), None)?
        .project(kept)?
        .build()?;

    // States that are new.
    let mut begun = columns(NEW, &names);
    begun.extend(COLUMNS.map(|name| col(of(NEW, name)).alias(name)));
    let begun = LogicalPlanBuilder::new(fresh)
        .join(current, JoinType::Left, (on(NEW), on(OLD)), None)?
        .filter(has_old.is_false().or(differs))?
        .project(begun)?
        .build()?;

    let mut history = columns(OLD, &names);
    history.extend(COLUMNS.map(|name| col(of(OLD, name)).alias(name)));
    ended.project(history)?.union(kept)?.union(begun)?.build()
}

fn columns(side: &str, names: &[String]) -> Vec<Expr> {
    names.iter().map(|name| col(of(side, name)).alias(name)).collect()
}

fn of(side: &str, name: &str) -> datafusion::common::Column {
    datafusion::common::Column::new(Some(side), name)
}

/// Since when a row of `query` is as it is.
fn since(
    query: &LogicalPlan,
    valid_from: Option<&str>,
    at_us: i64,
) -> Result<Expr, DataFusionError> {
    match valid_from {
        Some(column) => Ok(cast(column_of(query, column)?, time_type())),
        None => Ok(at(at_us)),
    }
}

fn at(at_us: i64) -> Expr {
    lit(ScalarValue::TimestampMicrosecond(Some(at_us), Some("UTC".into())))
}

fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}
