//! Measures: SQL text of a catalog to aggregates and what is computed from them. A build checks a measure by
//! what is here, and the engine plans it by the same, so what is built is what is shown.

mod engine;
mod nature;

pub use engine::session;
pub use nature::{Nature, of as nature};

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, plan_err};
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

/// Parses the aggregate expression `expr` over columns of `schema`, in a state of [`session`]. `prefix` makes
/// the names of its aggregates distinct from those of other measures.
///
/// # Errors
/// DataFusion's, when the text is not an expression, names unknown columns or functions, or does not aggregate.
pub fn parse(
    state: &SessionState,
    schema: &DFSchema,
    expr: &str,
    prefix: &str,
) -> Result<ParsedMeasure> {
    let parsed = expression(state, schema, expr)?;
    let found = find_aggregate_exprs([&parsed]);
    if found.is_empty() {
        return plan_err!(
            "measure expression {expr:?} does not aggregate, as sum(...) or count(...) does"
        );
    }
    let name = |idx: usize| format!("{prefix}__{idx}");
    let output = parsed.transform_down(|node| {
        Ok(match found.iter().position(|aggregate| *aggregate == node) {
            Some(idx) => Transformed::new(
                Expr::Column(Column::new_unqualified(name(idx))),
                true,
                TreeNodeRecursion::Jump,
            ),
            None => Transformed::no(node),
        })
    })?;
    let output = output.data;
    if let Some(column) = output.column_refs().iter().find(|column| {
        !(0..found.len()).any(|idx| column.relation.is_none() && column.name == name(idx))
    }) {
        return plan_err!(
            "measure expression {expr:?} uses column {column} outside of an aggregate"
        );
    }
    let aggregates =
        found.into_iter().enumerate().map(|(idx, aggregate)| aggregate.alias(name(idx))).collect();
    Ok(ParsedMeasure { aggregates, output })
}

fn expression(state: &SessionState, schema: &DFSchema, expr: &str) -> Result<Expr> {
    match state.create_logical_expr(expr, schema) {
        Err(error) if error.to_string().contains("GetFieldAccess") => plan_err!(
            "measure expression {expr:?} reads a field of a column; make it a column of the table"
        ),
        parsed => parsed,
    }
}

/// The type in which a measure of type `of` is shown, which holds every value of it; `None` when `of` is no
/// number.
pub fn shown_as(of: &DataType) -> Option<DataType> {
    Some(match of {
        DataType::Null => DataType::Int64,
        DataType::UInt64 => DataType::UInt64,
        of if of.is_integer() => DataType::Int64,
        of if of.is_floating() => DataType::Float64,
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::Decimal128(..) => of.clone(),
        DataType::Decimal256(precision, scale) => {
            DataType::Decimal128((*precision).min(DECIMAL128_MAX_PRECISION), *scale)
        }
        DataType::Dictionary(_, values) => return shown_as(values),
        _ => return None,
    })
}

/// What to write instead of a measure of type `of`, which is no number.
pub fn remedy(of: &DataType) -> &'static str {
    match of {
        DataType::Boolean => "count(*) filter (where ...) counts the rows where it is true",
        of if of.is_temporal() => {
            "count(distinct ...) counts days, and a dashboard shows its last one"
        }
        _ => "count(distinct ...) counts its values",
    }
}

#[cfg(test)]
mod tests;
