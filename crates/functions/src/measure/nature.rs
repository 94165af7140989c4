//! What follows from the expression of a measure: its type, whether its parts add up, what it is over no rows.

use super::{expression, parse, remedy, shown_as};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, ScalarValue, plan_err};
use datafusion::datasource::empty::EmptyTable;
use datafusion::datasource::provider_as_source;
use datafusion::error::Result;
use datafusion::execution::SessionState;
use datafusion::logical_expr::utils::find_aggregate_exprs;
use datafusion::logical_expr::{
    BinaryExpr, Expr, ExprSchemable, LogicalPlanBuilder, Operator, UNNAMED_TABLE,
};
use std::sync::Arc;

/// What follows from the expression of a measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nature {
    /// The type in which it is shown.
    pub shown_as: DataType,
    /// Whether the value of a whole is the sum of the values of its parts, however the rows are parted.
    pub adds_up: bool,
    /// Whether it is zero over no rows, when the sum of nothing is taken for zero.
    pub is_zero_over_no_rows: bool,
}

/// The nature of the measure `expr` over a table of `schema`, in a state of [`super::session`].
///
/// # Errors
/// As those of [`parse`]; also when the expression's types do not fit, or it is no number.
pub fn of(state: &SessionState, schema: &SchemaRef, expr: &str) -> Result<Nature> {
    let df_schema = DFSchema::try_from(Arc::clone(schema))?;
    let parsed = parse(state, &df_schema, expr, "measure")?;
    let table = provider_as_source(Arc::new(EmptyTable::new(Arc::clone(schema))));
    let aggregated = LogicalPlanBuilder::scan(UNNAMED_TABLE, table, None)?
        .aggregate(Vec::<Expr>::new(), parsed.aggregates)?;
    // The optimizer checks types and evaluates constants, which planning alone does not.
    let parts = state.optimize(&aggregated.clone().build()?)?;
    let plan = state.optimize(&aggregated.project([parsed.output.clone()])?.build()?)?;
    let Some(of) = plan.schema().fields().first().map(|field| field.data_type().clone()) else {
        return plan_err!("it gives no column");
    };
    let Some(shown_as) = shown_as(&of) else {
        return plan_err!("it is {of}, and a measure is a number; {}", remedy(&of));
    };
    let whole = expression(state, &df_schema, expr)?;
    Ok(Nature {
        shown_as,
        adds_up: adds_up(&whole, &df_schema),
        is_zero_over_no_rows: is_zero_over_no_rows(state, parsed.output, &whole, parts.schema()),
    })
}

/// Whether `expr` is a sum of sums and counts, each times a constant.
fn adds_up(expr: &Expr, schema: &DFSchema) -> bool {
    match expr {
        Expr::Alias(alias) => adds_up(&alias.expr, schema),
        Expr::AggregateFunction(call) => {
            matches!(call.func.name(), "sum" | "count") && !call.params.distinct
        }
        Expr::Negative(inner) => adds_up(inner, schema),
        // A cast that rounds each part rounds the whole otherwise.
        Expr::Cast(cast) => adds_up(&cast.expr, schema) && !is_whole(cast.field.data_type()),
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
            Operator::Plus | Operator::Minus => adds_up(left, schema) && adds_up(right, schema),
            Operator::Multiply => {
                (adds_up(left, schema) && is_constant(right))
                    || (is_constant(left) && adds_up(right, schema))
            }
            Operator::Divide => {
                let rounds = expr.get_type(schema).map_or(true, |of| is_whole(&of));
                adds_up(left, schema) && is_constant(right) && !rounds
            }
            _ => false,
        },
        Expr::ScalarFunction(call) if call.name() == "coalesce" => match call.args.as_slice() {
            [first, rest @ ..] => adds_up(first, schema) && rest.iter().all(is_zero_literal),
            [] => false,
        },
        _ => false,
    }
}

fn is_whole(of: &DataType) -> bool {
    of.is_integer() || matches!(of, DataType::Boolean | DataType::Utf8)
}

fn is_constant(expr: &Expr) -> bool {
    expr.column_refs().is_empty() && find_aggregate_exprs([expr]).is_empty() && !expr.is_volatile()
}

fn is_zero_literal(expr: &Expr) -> bool {
    let zero = |value: &ScalarValue| ScalarValue::new_zero(&value.data_type()).ok();
    matches!(expr, Expr::Literal(value, _) if zero(value).as_ref() == Some(value))
}

fn unalias(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => unalias(&alias.expr),
        expr => expr,
    }
}

/// Whether `output` is zero when each `sum` and `count` that it is computed from is zero, and every other
/// aggregate of `whole` is null. `parts` are the columns that `output` names, in order.
fn is_zero_over_no_rows(
    state: &SessionState,
    output: Expr,
    whole: &Expr,
    parts: &DFSchema,
) -> bool {
    let aggregates = find_aggregate_exprs([whole]);
    let value = |column: &str| -> Result<Expr> {
        let idx = parts.fields().iter().position(|field| field.name() == column);
        let (Some(idx), Some(aggregate)) = (idx, idx.and_then(|idx| aggregates.get(idx))) else {
            return plan_err!("{column} is no aggregate");
        };
        let of = parts.field(idx).data_type();
        let counts =
            |name: &str| name == "sum" || name.contains("count") || name.contains("distinct");
        let value = match aggregate {
            Expr::AggregateFunction(call) if counts(call.func.name()) => ScalarValue::new_zero(of)?,
            _ => ScalarValue::try_from(of)?,
        };
        Ok(Expr::Literal(value, None))
    };
    let evaluate = || -> Result<bool> {
        let constant = output.transform_up(|part| match &part {
            Expr::Column(column) => Ok(Transformed::yes(value(&column.name)?)),
            _ => Ok(Transformed::no(part)),
        })?;
        let plan = LogicalPlanBuilder::empty(true).project([constant.data])?.build()?;
        // The optimizer evaluates what it can; the rest has no value.
        let value = match state.optimize(&plan)?.expressions().first().map(unalias) {
            Some(Expr::Literal(value, _)) => value.cast_to(&DataType::Float64)?,
            _ => return Ok(false),
        };
        Ok(value == ScalarValue::Float64(Some(0.0)) || value == ScalarValue::Float64(Some(-0.0)))
    };
    // What cannot be computed, such as a quotient of zeros, is no zero.
    evaluate().unwrap_or(false)
}
