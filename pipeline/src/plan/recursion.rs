//! Recursive queries whose step gives other types than their first part. The planner casts the step to them without a
//! word, so that `n + 0.5` of a whole number is `n`, and the recursion has no end.

use super::schema::keeps_values;
use arrow::datatypes::DataType;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::logical_plan::RecursiveQuery;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};
use datafusion::sql::sqlparser::ast::{
    Expr as SqlExpr, Query, SelectItem, SetExpr, Statement, Visit, Visitor,
};
use std::collections::HashMap;
use std::ops::ControlFlow;

/// Refuses a recursive query of `plan`, as it was planned from `statement`, whose step would be cast to values that are
/// not its own. What the text itself casts is meant.
///
/// # Errors
/// With the column and its types, and what to write.
pub(super) fn refuse_narrowing(
    plan: &LogicalPlan,
    statement: &Statement,
) -> Result<(), DataFusionError> {
    let mut written = Written::default();
    let _ = statement.visit(&mut written);
    each(plan, |query| {
        let LogicalPlan::Projection(step) = query.recursive_term.as_ref() else { return Ok(()) };
        let casts = written.casts.get(&query.name.to_lowercase());
        for (idx, expr) in step.expr.iter().enumerate() {
            let Expr::Cast(cast) = expr.clone().unalias() else { continue };
            let is_meant = casts.and_then(|casts| casts.get(idx)) == Some(&true);
            let from = cast.expr.get_type(step.input.schema().as_ref())?;
            if !is_meant && !keeps_values(&from, cast.field.data_type()) {
                return Err(unlike(query, idx, cast.field.data_type(), &from));
            }
        }
        Ok(())
    })
}

/// Refuses a recursive query of `plan`, which is analyzed, whose step has other types than its first part.
///
/// # Errors
/// With the column and its types, and what to write.
pub(super) fn refuse_unlike(plan: &LogicalPlan) -> Result<(), DataFusionError> {
    each(plan, |query| {
        let first = query.static_term.schema().fields().iter();
        for (idx, (first, step)) in first.zip(query.recursive_term.schema().fields()).enumerate() {
            if first.data_type() != step.data_type() {
                return Err(unlike(query, idx, first.data_type(), step.data_type()));
            }
        }
        Ok(())
    })
}

fn each(
    plan: &LogicalPlan,
    mut check: impl FnMut(&RecursiveQuery) -> Result<(), DataFusionError>,
) -> Result<(), DataFusionError> {
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::RecursiveQuery(query) = node {
            check(query)?;
        }
        Ok(TreeNodeRecursion::Continue)
    })
    .map(drop)
}

fn unlike(
    query: &RecursiveQuery,
    idx: usize,
    first: &DataType,
    step: &DataType,
) -> DataFusionError {
    let name = query.static_term.schema().fields().get(idx).map_or("", |field| field.name());
    DataFusionError::Plan(format!(
        "column {name:?} of the recursive query {} is {first} in its first part and {step} in its step; cast it to one type \
         in both",
        query.name
    ))
}

/// Which columns of the step of each recursive query the text casts itself.
#[derive(Default)]
struct Written {
    casts: HashMap<String, Vec<bool>>,
}

impl Visitor for Written {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for table in
            query.with.iter().filter(|with| with.recursive).flat_map(|with| &with.cte_tables)
        {
            let SetExpr::SetOperation { right, .. } = table.query.body.as_ref() else { continue };
            let SetExpr::Select(step) = right.as_ref() else { continue };
            let casts = step.projection.iter().map(|item| match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                    Some(matches!(expr, SqlExpr::Cast { .. }))
                }
                // What follows a star stands nobody knows where.
                _ => None,
            });
            if let Some(casts) = casts.collect() {
                self.casts.insert(table.alias.name.value.to_lowercase(), casts);
            }
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use crate::model::parse_query;
    use crate::plan::Planner;

    /// The numbers of a recursive query, or why it is refused.
    async fn rows(sql: &str) -> Result<usize, String> {
        let scope = Planner::new(64 << 20).unwrap().scope().unwrap();
        let (statement, _) = parse_query(sql).unwrap();
        let (plan, _) = scope.planned(&statement).await.map_err(|error| error.to_string())?;
        let rows = scope.rows(&plan).await.map_err(|error| error.to_string())?;
        Ok(rows.iter().map(|batch| batch.num_rows()).sum())
    }

    #[tokio::test]
    async fn a_step_has_the_types_of_the_first_part() {
        let recursive = |first: &str, step: &str| {
            format!(
                "with recursive r(n) as (select {first} union all select {step} from r where n < 3) select n from r"
            )
        };
        let fits = async |first: &str, step: &str, expected: usize| {
            assert_eq!(rows(&recursive(first, step)).await, Ok(expected), "{first}, {step}");
        };
        let is_refused = async |first: &str, step: &str, part: &str| {
            let error = rows(&recursive(first, step)).await.unwrap_err();
            assert!(error.contains(part), "{first}, {step}: {error}");
        };
        fits("1", "n + 1", 3).await;
        fits("cast(1 as double)", "n + 0.5", 5).await;
        fits("cast(1 as double)", "n + 1", 3).await;
        fits("cast(1 as int)", "n + 1", 3).await;
        fits("1", "cast(n + 1.7 as bigint)", 3).await;
        fits("cast(1 as decimal(10, 2))", "cast(n + 0.5 as decimal(10, 2))", 5).await;
        is_refused(
            "1",
            "n + 0.5",
            "column \"n\" of the recursive query r is Int64 in its first part and Float64 in its",
        )
        .await;
        is_refused("1", "case when n > 5 then 1 else n + 0.5 end", "cast it to one type in both")
            .await;
        is_refused(
            "cast(1 as decimal(10, 2))",
            "n * cast(1.55 as decimal(10, 2))",
            "cast it to one type",
        )
        .await;
        is_refused("cast(1 as int)", "n + 0.5", "cast it to one type").await;
    }
}
