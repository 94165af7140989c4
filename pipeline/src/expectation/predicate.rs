//! The expectations that one row alone can break, as expressions.

use super::{ExpectationRule, Rule, literal};
use arrow::datatypes::{DataType, Schema};
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::datasource::empty::EmptyTable;
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::execution::session_state::SessionState;
use datafusion::functions::math::expr_fn::isnan;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, lit};
use std::sync::Arc;

/// The column `name` of the rows that are checked.
pub(super) fn column(name: &str) -> Expr {
    Expr::Column(Column::new_unqualified(name))
}

/// The type of the column `name`.
///
/// # Errors
/// [`ExpectationRule::Column`] with the columns that there are.
pub(super) fn type_of<'s>(schema: &'s Schema, name: &str) -> Result<&'s DataType, ExpectationRule> {
    match schema.field_with_name(name) {
        Ok(field) => Ok(field.data_type()),
        Err(_) => Err(ExpectationRule::Column { column: name.to_owned(), known: names(schema) }),
    }
}

/// The columns of a table, for people.
pub(super) fn names(schema: &Schema) -> String {
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    names.join(", ")
}

/// What is true of a row of `schema` that breaks `rule`, and false of every other, never null;
/// `None` when other rows have a say in it.
///
/// # Errors
/// [`ExpectationRule`] when the rule does not fit the columns.
pub(super) fn is_broken(
    rule: &Rule,
    schema: &Schema,
    state: &SessionState,
) -> Result<Option<Expr>, ExpectationRule> {
    Ok(Some(match rule {
        Rule::NotNull { column: name } => {
            type_of(schema, name)?;
            column(name).is_null()
        }
        Rule::Accepted { column: name, values } => {
            let of = comparable(rule, schema, name)?;
            let mut list = Vec::with_capacity(values.len());
            for text in values {
                list.extend(zeros(value(text, name, of)?).into_iter().map(lit));
            }
            column(name).in_list(list, false).is_false()
        }
        Rule::Range { column: name, min, max } => {
            let of = comparable(rule, schema, name)?;
            if *of == DataType::Boolean {
                let (kind, column) = (rule.kind(), name.clone());
                return Err(ExpectationRule::Type { kind, column, of: of.clone() });
            }
            range(name, of, min.as_deref(), max.as_deref())?
        }
        Rule::Sql { sql } => self::sql(sql, schema, state)?.is_false(),
        Rule::Unique { .. } | Rule::Relationship { .. } => return Ok(None),
    }))
}

fn comparable<'s>(
    rule: &Rule,
    schema: &'s Schema,
    name: &str,
) -> Result<&'s DataType, ExpectationRule> {
    let of = type_of(schema, name)?;
    match literal::is_comparable(of) {
        true => Ok(of),
        false => {
            let (kind, column) = (rule.kind(), name.to_owned());
            Err(ExpectationRule::Type { kind, column, of: of.clone() })
        }
    }
}

fn value(text: &str, column: &str, of: &DataType) -> Result<ScalarValue, ExpectationRule> {
    literal::value(text, of).ok_or_else(|| ExpectationRule::Value {
        text: text.to_owned(),
        column: column.to_owned(),
        of: of.clone(),
    })
}

fn range(
    name: &str,
    of: &DataType,
    min: Option<&str>,
    max: Option<&str>,
) -> Result<Expr, ExpectationRule> {
    let least = min.map(|text| value(text, name, of)).transpose()?;
    let greatest = max.map(|text| value(text, name, of)).transpose()?;
    if let (Some(least), Some(greatest)) = (&least, &greatest)
        && least > greatest
    {
        let text = |end: Option<&str>| end.unwrap_or_default().to_owned();
        return Err(ExpectationRule::Order {
            column: name.to_owned(),
            min: text(min),
            max: text(max),
        });
    }
    let least = least.and_then(|least| zeros(least).into_iter().next());
    let greatest = greatest.and_then(|greatest| zeros(greatest).into_iter().last());
    let ends = [
        least.map(|least| column(name).gt_eq(lit(least))),
        greatest.map(|greatest| column(name).lt_eq(lit(greatest))),
    ];
    let lies_within = ends.into_iter().flatten().reduce(Expr::and).unwrap_or_else(|| lit(true));
    Ok(match of.is_floating() {
        // NaN is ordered behind every number.
        true => lies_within.is_false().or(isnan(column(name)).is_true()),
        false => lies_within.is_false(),
    })
}

/// The engine orders -0.0 before 0.0, and groups them together: both, in this order, for either.
pub(crate) fn zeros(value: ScalarValue) -> Vec<ScalarValue> {
    match value {
        ScalarValue::Float64(Some(0.0)) => [-0.0_f64, 0.0].map(ScalarValue::from).to_vec(),
        ScalarValue::Float32(Some(0.0)) => [-0.0_f32, 0.0].map(ScalarValue::from).to_vec(),
        other => vec![other],
    }
}

/// `sql` over the columns of `schema`, as a boolean.
fn sql(sql: &str, schema: &Schema, state: &SessionState) -> Result<Expr, ExpectationRule> {
    let plan_error = |error: DataFusionError| ExpectationRule::Plan {
        sql: sql.to_owned(),
        reason: error.find_root().strip_backtrace(),
    };
    let columns = DFSchema::try_from(schema.clone()).map_err(plan_error)?;
    let expr = state.create_logical_expr(sql, &columns).map_err(plan_error)?;
    if let Some(what) = beyond_a_row(&expr) {
        return Err(ExpectationRule::Beyond { sql: sql.to_owned(), what });
    }
    // The optimizer checks types, which planning alone does not.
    let table = Arc::new(EmptyTable::new(Arc::new(schema.clone())));
    let plan = LogicalPlanBuilder::scan("rows", provider_as_source(table), None)
        .and_then(|plan| plan.project([expr.clone()]))
        .and_then(LogicalPlanBuilder::build)
        .and_then(|plan| state.optimize(&plan))
        .map_err(plan_error)?;
    match plan.schema().fields().first().map(|field| field.data_type()) {
        Some(DataType::Boolean) => Ok(expr),
        other => {
            let of = other.cloned().unwrap_or(DataType::Null);
            Err(ExpectationRule::NotBoolean { sql: sql.to_owned(), of })
        }
    }
}

fn beyond_a_row(expr: &Expr) -> Option<&'static str> {
    let mut found = None;
    let searched = expr.exists(|part| {
        found = match part {
            Expr::AggregateFunction(_) => Some("an aggregate"),
            Expr::WindowFunction(_) => Some("a window function"),
            Expr::ScalarSubquery(_)
            | Expr::InSubquery(_)
            | Expr::Exists(_)
            | Expr::SetComparison(_) => Some("a subquery"),
            Expr::Placeholder(_) => Some("a placeholder"),
            part if part.is_volatile_node() => Some("a function without a fixed result"),
            _ => None,
        };
        Ok(found.is_some())
    });
    searched.ok().and(found)
}
