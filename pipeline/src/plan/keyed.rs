//! Rows by their key: one row a key, the newest; and the keys that are removed.

use super::{Scope, column_of};
use arrow::util::display::array_value_to_string;
use datafusion::error::DataFusionError;
use datafusion::functions_aggregate::count::count_all;
use datafusion::functions_window::row_number::row_number_udwf;
use datafusion::logical_expr::expr::{Expr, WindowFunction, WindowFunctionParams};
use datafusion::logical_expr::{
    LogicalPlan, LogicalPlanBuilder, WindowFrame, WindowFunctionDefinition, col, lit,
};

/// The place of a row among those of its key.
const RANK: &str = "__rank";
const COUNT: &str = "__count";

/// A key that rows of one write have in common, or that is null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DuplicateKey {
    /// Several rows have it.
    Twice { key: String, n_rows: u64 },
    /// A part of it is null.
    Null { key: String },
}

/// The rows of `plan` that are the newest of their `key`: those that are first when the columns `newest_by`
/// descend, nulls last. A row whose key has a null names no row, and stays. Ties are broken by the other columns, so that the same rows give the same row.
pub(crate) fn newest_of_key(
    plan: LogicalPlan,
    key: &[String],
    newest_by: &[String],
) -> Result<LogicalPlan, DataFusionError> {
    let columns: Vec<Expr> = plan.schema().iter().map(Expr::from).collect();
    let partition_by: Vec<Expr> =
        key.iter().map(|name| column_of(&plan, name)).collect::<Result<_, _>>()?;
    let mut order_by = Vec::with_capacity(columns.len());
    for name in newest_by {
        order_by.push(column_of(&plan, name)?.sort(false, false));
    }
    for (column, field) in columns.iter().zip(plan.schema().fields()) {
        let is_ranked = key.iter().chain(newest_by).any(|name| name == field.name());
        if !is_ranked && !field.data_type().is_nested() {
            order_by.push(column.clone().sort(false, false));
        }
    }
    let has_order = Some(!order_by.is_empty());
    let rank = Expr::WindowFunction(Box::new(WindowFunction {
        fun: WindowFunctionDefinition::WindowUDF(row_number_udwf()),
        params: WindowFunctionParams {
            args: Vec::new(),
            partition_by: partition_by.clone(),
            order_by,
            window_frame: WindowFrame::new(has_order),
            filter: None,
            null_treatment: None,
            distinct: false,
        },
    }))
    .alias(RANK);
    let nameless = partition_by.iter().cloned().map(Expr::is_null).reduce(Expr::or);
    let is_kept = col(RANK).eq(lit(1_u64)).or(nameless.unwrap_or_else(|| lit(false)));
    LogicalPlanBuilder::new(plan).window(vec![rank])?.filter(is_kept)?.project(columns)?.build()
}

/// The rows of `plan` whose column `deleted` is not true, without that column.
pub(crate) fn without_deleted(
    plan: LogicalPlan,
    deleted: &str,
) -> Result<LogicalPlan, DataFusionError> {
    let is_deleted = column_of(&plan, deleted)?;
    let kept = plan
        .schema()
        .iter()
        .map(Expr::from)
        .filter(|column| *column != is_deleted)
        .collect::<Vec<_>>();
    LogicalPlanBuilder::new(plan).filter(is_deleted.is_not_true())?.project(kept)?.build()
}

impl DuplicateKey {
    /// The first key of `plan`'s rows that several of them have, or that is null.
    pub(crate) async fn find(
        scope: &Scope,
        plan: LogicalPlan,
        key: &[String],
    ) -> Result<Option<DuplicateKey>, DataFusionError> {
        let columns: Vec<Expr> =
            key.iter().map(|name| column_of(&plan, name)).collect::<Result<_, _>>()?;
        let is_null = columns.iter().cloned().map(Expr::is_null).reduce(Expr::or);
        let is_null = is_null.unwrap_or_else(|| lit(false));
        let order =
            columns.iter().map(|column| column.clone().sort(true, true)).collect::<Vec<_>>();
        let found = LogicalPlanBuilder::new(plan)
            .aggregate(columns, vec![count_all().alias(COUNT)])?
            .filter(col(COUNT).gt(lit(1_i64)).or(is_null.clone()))?
            .sort(order)?
            .limit(0, Some(1))?
            .build()?;
        for batch in scope.rows(&found).await? {
            if batch.num_rows() == 0 {
                continue;
            }
            let mut parts = Vec::with_capacity(key.len());
            let mut has_null = false;
            for (name, column) in key.iter().zip(batch.columns()) {
                has_null |= column.is_null(0);
                let text = match column.is_null(0) {
                    true => "null".to_owned(),
                    false => array_value_to_string(column, 0)?,
                };
                parts.push(format!("{name} = {text}"));
            }
            let n_rows = batch
                .columns()
                .last()
                .map(|count| array_value_to_string(count, 0))
                .transpose()?
                .and_then(|text| text.parse().ok())
                .unwrap_or_default();
            let key = parts.join(", ");
            return Ok(Some(match has_null {
                true => DuplicateKey::Null { key },
                false => DuplicateKey::Twice { key, n_rows },
            }));
        }
        Ok(None)
    }
}
