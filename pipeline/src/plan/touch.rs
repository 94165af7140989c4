//! Which buckets of a query's result a change of its tables can touch.
//!
//! The query over the changed rows alone does not say it: `having sum(x) > 100` leaves out a group whose new rows
//! are few, `not exists` leaves out exactly what the new rows are about, and a left join gives every row of its left
//! side whatever changed on the right. So each place where a changed table is read is looked at by itself: it gives
//! the rows that came and went, places before it read the tables as they are, places behind it as they were. On
//! the way up to the result no row that may differ is lost: conditions on values that follow from other rows than
//! the changed ones are dropped, an outer join or `not exists` over the changed side keeps the rows that meet it.
//!
//! What is left may touch a bucket too much and never one too few. A query for which that cannot be said, such as one
//! with a limit or with a bucket that is computed from several rows, is named with the reason.

mod join;
mod narrow;

use datafusion::catalog::TableProvider;
use datafusion::common::TableReference;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableScan};
use narrow::{Narrowing, Stop};
use std::sync::Arc;

/// A table that has changed.
pub(crate) struct Changed {
    /// How the query names it.
    pub(crate) table: TableReference,
    /// All its rows before.
    pub(crate) before: Arc<dyn TableProvider>,
    /// The rows that came and those that went; rows that did not change may be among them.
    pub(crate) rows: Arc<dyn TableProvider>,
}

/// The buckets that may differ.
#[derive(Debug)]
pub(crate) enum Touch {
    /// The values that any of these queries gives; each has one column.
    Queries(Vec<LogicalPlan>),
    /// It cannot be said, for a reason.
    Unknown(String),
}

/// Which values of the column `by` in the rows of `plan` the changes of some of its tables can touch. `plan` is optimized,
/// so that its subqueries are joins, and reads the tables as they are after the changes.
///
/// # Errors
/// What the engine says.
pub(crate) fn touched(
    plan: &LogicalPlan,
    changed: &[Changed],
    by: &str,
) -> Result<Touch, DataFusionError> {
    if has_subquery(plan)? {
        return Ok(Touch::Unknown("it has a subquery that is no join".to_owned()));
    }
    let bucket = super::column_of(plan, by)?;
    let Expr::Column(column) = &bucket else {
        return Ok(Touch::Unknown(format!("{by} is not one column")));
    };
    let idx = plan.schema().index_of_column(column)?;
    let mut queries = Vec::new();
    for place in 0.. {
        let before = read_before(plan, changed, place)?;
        let narrowed = match Narrowing::new(changed, place).narrow(&before) {
            Ok(Some(narrowed)) => narrowed,
            Ok(None) => break,
            Err(Stop::Unknown(reason)) => return Ok(Touch::Unknown(reason)),
            Err(Stop::Engine(error)) => return Err(error),
        };
        if narrowed.trusted.get(idx) != Some(&true) {
            return Ok(Touch::Unknown(format!("{by} follows from several rows")));
        }
        let values = LogicalPlanBuilder::new(narrowed.plan)
            .aggregate(vec![bucket.clone()], Vec::<Expr>::new())?
            .build()?;
        queries.push(values);
    }
    Ok(Touch::Queries(queries))
}

/// The one of `changed` that `scan` reads.
fn changed_in<'c>(changed: &'c [Changed], scan: &TableScan) -> Option<&'c Changed> {
    changed.iter().find(|changed| changed.table.resolved_eq(&scan.table_name))
}

/// `plan` with the places behind the one of number `place` reading the tables as they were before.
fn read_before(
    plan: &LogicalPlan,
    changed: &[Changed],
    place: usize,
) -> Result<LogicalPlan, DataFusionError> {
    let mut n_before = 0;
    let read = plan.clone().transform_down(|node| {
        let LogicalPlan::TableScan(scan) = &node else { return Ok(Transformed::no(node)) };
        let Some(changed) = changed_in(changed, scan) else { return Ok(Transformed::no(node)) };
        n_before += 1;
        if n_before - 1 <= place {
            return Ok(Transformed::no(node));
        }
        let source = provider_as_source(Arc::clone(&changed.before));
        Ok(Transformed::yes(LogicalPlan::TableScan(TableScan { source, ..scan.clone() })))
    })?;
    Ok(read.data)
}

fn has_subquery(plan: &LogicalPlan) -> Result<bool, DataFusionError> {
    let mut found = false;
    plan.apply(|node| {
        for expr in node.expressions() {
            found |= expr.exists(|expr| {
                Ok(matches!(
                    expr,
                    Expr::Exists(_)
                        | Expr::InSubquery(_)
                        | Expr::ScalarSubquery(_)
                        | Expr::OuterReferenceColumn(_, _)
                ))
            })?;
        }
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(found)
}

#[cfg(test)]
mod tests;
