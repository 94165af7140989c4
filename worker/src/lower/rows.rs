//! A question for rows of one table to a plan.

use super::column;
use datafusion::arrow::array::StringArray;
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::ScalarValue;
use datafusion::datasource::{TableProvider, provider_as_source};
use datafusion::error::DataFusionError;
use datafusion::functions::string::expr_fn::{contains, lower};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, lit};
use delta_log::COMMIT_VERSION;
use protocol::{Comparison, Condition, RowsSpec};
use std::sync::Arc;

/// Why a question for rows has no plan.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// A column that the table lacks.
    #[error("the table has no column {column:?}")]
    Unknown {
        /// The column.
        column: String,
    },
    /// A value that is none of the column's type.
    #[error("column {column:?}: {value:?} is not a value of type {data_type}")]
    Value {
        /// The column.
        column: String,
        /// The text.
        value: String,
        /// The column's type.
        data_type: DataType,
    },
    /// A comparison that the column's type does not know.
    #[error("column {column:?}: values of type {data_type} cannot be compared")]
    Incomparable {
        /// The column.
        column: String,
        /// The column's type.
        data_type: DataType,
    },
    /// DataFusion's reason.
    #[error(transparent)]
    Plan(#[from] DataFusionError),
}

/// Plans `spec` over `table`. The plan's columns are those asked for, in that order.
///
/// # Errors
/// [`RowsError`], which names what does not fit.
pub fn lower_rows(
    table: Arc<dyn TableProvider>,
    spec: &RowsSpec,
) -> Result<LogicalPlan, RowsError> {
    let schema = table.schema();
    let field = |name: &str| {
        schema.field_with_name(name).map_err(|_| RowsError::Unknown { column: name.to_owned() })
    };
    let mut plan = LogicalPlanBuilder::scan("rows", provider_as_source(table), None)?;
    for condition in &spec.conditions {
        plan = plan.filter(predicate(field(&condition.column)?, condition)?)?;
    }
    if !spec.columns.is_empty() {
        let columns = spec.columns.iter().map(|name| Ok(column(field(name)?.name())));
        plan = plan.project(columns.collect::<Result<Vec<Expr>, RowsError>>()?)?;
    }
    if let Some(limit) = spec.limit {
        plan = plan.limit(0, Some(usize::try_from(limit).unwrap_or(usize::MAX)))?;
    }
    Ok(plan.build()?)
}

/// Plans the changes of a table, recorded ones and those that follow from files, by version.
///
/// # Errors
/// DataFusion's, when the two have not the same columns.
pub fn lower_changes(
    recorded: Arc<dyn TableProvider>,
    implied: Arc<dyn TableProvider>,
) -> Result<LogicalPlan, DataFusionError> {
    let implied = LogicalPlanBuilder::scan("implied", provider_as_source(implied), None)?;
    LogicalPlanBuilder::scan("recorded", provider_as_source(recorded), None)?
        .union(implied.build()?)?
        .sort([column(COMMIT_VERSION).sort(true, false)])?
        .build()
}

fn predicate(field: &Field, condition: &Condition) -> Result<Expr, RowsError> {
    let it = column(field.name());
    match condition.is {
        Comparison::Null => return Ok(it.is_null()),
        Comparison::NotNull => return Ok(it.is_not_null()),
        _ if field.data_type().is_nested() => {
            return Err(RowsError::Incomparable {
                column: field.name().clone(),
                data_type: field.data_type().clone(),
            });
        }
        Comparison::Contains => {
            let text = lower(cast(it, DataType::Utf8));
            return Ok(contains(text, lit(condition.value.to_lowercase())));
        }
        _ => {}
    }
    let value = Expr::Literal(value(field, &condition.value)?, None);
    Ok(match condition.is {
        Comparison::Equal => it.eq(value),
        Comparison::NotEqual => it.not_eq(value),
        Comparison::Less => it.lt(value),
        Comparison::AtMost => it.lt_eq(value),
        Comparison::Greater => it.gt(value),
        _ => it.gt_eq(value),
    })
}

/// `text` as a value of the column's type.
fn value(field: &Field, text: &str) -> Result<ScalarValue, RowsError> {
    let refused = || RowsError::Value {
        column: field.name().clone(),
        value: text.to_owned(),
        data_type: field.data_type().clone(),
    };
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let array = cast_with_options(&StringArray::from(vec![text]), field.data_type(), &strict)
        .map_err(|_| refused())?;
    Ok(ScalarValue::try_from_array(&array, 0)?)
}
