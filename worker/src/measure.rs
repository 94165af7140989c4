//! A measure's expression: SQL text of the catalog to aggregates and what is computed from them.

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema};
use datafusion::error::Result;
use datafusion::execution::SessionState;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::utils::find_aggregate_exprs;

/// A parsed measure: `output` is computed from the columns that `aggregates` yield.
#[derive(Debug, Clone)]
pub struct ParsedMeasure {
    /// Each bears an alias, by which `output` names it.
    pub aggregates: Vec<Expr>,
    /// The measure's value.
    pub output: Expr,
}

/// Parses the aggregate expression `expr` over columns of `schema`. `prefix` makes the names of its
/// aggregates distinct from those of other measures.
///
/// # Errors
/// DataFusion's, when the text is not an expression, names unknown columns, or does not aggregate.
pub fn parse(
    state: &SessionState,
    schema: &DFSchema,
    expr: &str,
    prefix: &str,
) -> Result<ParsedMeasure> {
    let parsed = state.create_logical_expr(expr, schema)?;
    let found = find_aggregate_exprs([&parsed]);
    if found.is_empty() {
        return datafusion::common::plan_err!("measure expression {expr:?} does not aggregate");
    }
    let name = |idx: usize| format!("{prefix}__{idx}");
    let output = parsed.transform_down(|node| {
        Ok(match found.iter().position(|aggregate| *aggregate == node) {
            Some(idx) => Transformed::new(
                Expr::Column(Column::new_unqualified(name(idx))),
                true,
                datafusion::common::tree_node::TreeNodeRecursion::Jump,
            ),
            None => Transformed::no(node),
        })
    })?;
    let output = output.data;
    if let Some(column) = output.column_refs().iter().find(|column| {
        !(0..found.len()).any(|idx| column.relation.is_none() && column.name == name(idx))
    }) {
        return datafusion::common::plan_err!(
            "measure expression {expr:?} uses column {column} outside of an aggregate"
        );
    }
    let aggregates =
        found.into_iter().enumerate().map(|(idx, aggregate)| aggregate.alias(name(idx))).collect();
    Ok(ParsedMeasure { aggregates, output })
}
