//! Rows by their key: one row a key, the newest; and the keys that are removed.

use super::{Precedence, Scope, column_of};
use arrow::util::display::array_value_to_string;
use datafusion::common::JoinType;
use datafusion::error::DataFusionError;
use datafusion::functions_aggregate::count::count_all;
use datafusion::functions_window::lead_lag::lag_udwf;
use datafusion::logical_expr::expr::{Expr, WindowFunction, WindowFunctionParams};
use datafusion::logical_expr::{
    LogicalPlan, LogicalPlanBuilder, Operator, SortExpr, WindowFrame, WindowFunctionDefinition,
    binary_expr, col, lit,
};

/// A key column of the row ahead.
const AHEAD: &str = "__ahead";
const COUNT: &str = "__count";

/// What the names of the columns of a removal begin with in a join.
const REMOVED: &str = "__removed_";

/// A key that rows of one write have in common, or that is null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DuplicateKey {
    /// Several rows have it.
    Twice { key: String, n_rows: u64 },
    /// A part of it is null.
    Null { key: String },
}

/// The rows of `plan` that stay of their `key`, by their `order`. A row whose key has a null names no row, and stays.
///
/// The rows are put in the order of their keys, and the first of each key is told by the key ahead of it. A window
/// for each key would give the same and takes several times as long, since there are about as many keys as rows.
pub(crate) fn newest_of_key(
    plan: LogicalPlan,
    key: &[String],
    order: &Precedence,
) -> Result<LogicalPlan, DataFusionError> {
    let columns: Vec<Expr> = plan.schema().iter().map(Expr::from).collect();
    let key_columns: Vec<Expr> =
        key.iter().map(|name| column_of(&plan, name)).collect::<Result<_, _>>()?;
    let mut order_by: Vec<SortExpr> =
        key_columns.iter().map(|column| column.clone().sort(true, false)).collect();
    let mut known = std::collections::BTreeMap::new();
    for name in order.names() {
        known.insert(name, column_of(&plan, name)?);
    }
    order_by.extend(order.first(|name| known.get(name).cloned().unwrap_or_else(|| col(name))));
    let mut ahead = Vec::with_capacity(key_columns.len());
    let mut is_kept = lit(false);
    for (idx, column) in key_columns.into_iter().enumerate() {
        let name = format!("{AHEAD}_{idx}");
        let differs = binary_expr(column.clone(), Operator::IsDistinctFrom, col(&name));
        is_kept = is_kept.or(differs).or(column.clone().is_null());
        ahead.push(value_ahead(column, order_by.clone()).alias(name));
    }
    LogicalPlanBuilder::new(plan).window(ahead)?.filter(is_kept)?.project(columns)?.build()
}

/// The value of `column` in the row ahead, when the rows are ordered by `order_by`; null in the first.
fn value_ahead(column: Expr, order_by: Vec<SortExpr>) -> Expr {
    Expr::WindowFunction(Box::new(WindowFunction {
        fun: WindowFunctionDefinition::WindowUDF(lag_udwf()),
        params: WindowFunctionParams {
            args: vec![column],
            partition_by: Vec::new(),
            order_by,
            window_frame: WindowFrame::new(Some(true)),
            filter: None,
            null_treatment: None,
            distinct: false,
        },
    }))
}

/// The rows of `plan` that are newer than the removal of their `key`. `removed` has the key and the columns that say
/// which row is the newest, of each key once.
pub(crate) fn not_removed(
    plan: LogicalPlan,
    removed: LogicalPlan,
    key: &[String],
    order: &Precedence,
) -> Result<LogicalPlan, DataFusionError> {
    let columns: Vec<Expr> = plan.schema().iter().map(Expr::from).collect();
    let name_of = |name: &str| format!("{REMOVED}{name}");
    let mut renamed = Vec::new();
    for (qualifier, field) in removed.schema().iter() {
        renamed.push(Expr::from((qualifier, field)).alias(name_of(field.name())));
    }
    let removed = LogicalPlanBuilder::new(removed).project(renamed)?.build()?;
    let mut own = std::collections::BTreeMap::new();
    for name in key.iter().chain(order.newest_by()) {
        own.insert(name.as_str(), column_of(&plan, name)?);
    }
    let comes = |name: &str| own.get(name).cloned().unwrap_or_else(|| col(name));
    let there = |name: &str| col(name_of(name));
    let keys = key.iter().map(|name| comes(name)).collect();
    let removed_keys = key.iter().map(|name| there(name)).collect();
    let is_known = key.iter().map(|name| there(name).is_not_null()).reduce(Expr::and);
    let is_over = is_known.unwrap_or_else(|| lit(false)).and(order.is_removed(there, comes));
    LogicalPlanBuilder::new(plan)
        .join_with_expr_keys(removed, JoinType::Left, (keys, removed_keys), None)?
        .filter(is_over.is_not_true())?
        .project(columns)?
        .build()
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

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::prelude::SessionContext;

    #[tokio::test]
    async fn the_newest_row_of_a_key_stays_and_rows_without_one_do() {
        let check = async |values: &str, expected: &[&str]| {
            let ctx = SessionContext::new();
            let sql = format!("select * from (values {values}) as t (a, b, at, x)");
            let plan = ctx.sql(&sql).await.unwrap().into_unoptimized_plan();
            let key = ["a", "b"].map(str::to_owned);
            let newest_by = ["at".to_owned()];
            let order = Precedence::new(plan.schema().as_arrow(), &key, &newest_by, None);
            let plan = newest_of_key(plan, &key, &order).unwrap();
            let names: Vec<&str> =
                plan.schema().fields().iter().map(|f| f.name().as_str()).collect();
            assert_eq!(names, ["a", "b", "at", "x"]);
            let mut found = Vec::new();
            for batch in ctx.execute_logical_plan(plan).await.unwrap().collect().await.unwrap() {
                for row_idx in 0..batch.num_rows() {
                    let cells = batch.columns().iter().map(|c| array_value_to_string(c, row_idx));
                    found.push(cells.collect::<Result<Vec<String>, _>>().unwrap().join(" "));
                }
            }
            found.sort();
            let mut expected: Vec<&str> = expected.to_vec();
            expected.sort_unstable();
            assert_eq!(found, expected, "{values}");
        };
        check("(1, 'a', 1, 'x')", &["1 a 1 x"]).await;
        check("(1, 'a', 2, 'x'), (1, 'a', 3, 'y'), (1, 'a', 1, 'z')", &["1 a 3 y"]).await;
        check(
            "(1, 'a', 1, 'x'), (1, 'b', 1, 'y'), (2, 'a', 1, 'z')",
            &["1 a 1 x", "1 b 1 y", "2 a 1 z"],
        )
        .await;
        check("(1, 'a', null, 'x'), (1, 'a', 1, 'y')", &["1 a 1 y"]).await;
        check("(1, 'a', 1, 'x'), (1, 'a', 1, 'y'), (1, 'a', 1, 'y')", &["1 a 1 y"]).await;
        check(
            "(null, 'a', 1, 'x'), (null, 'a', 1, 'x'), (1, null, 1, 'y')",
            &["1  1 y", " a 1 x", " a 1 x"],
        )
        .await;
        check("(1, 'b', 1, 'x'), (1, null, 1, 'y'), (1, 'b', 2, 'z')", &["1  1 y", "1 b 2 z"])
            .await;
    }
}
