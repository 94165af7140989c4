//! A table's rows: those for which a condition holds, and the greatest value of a column.

use crate::plan::{Scope, column_of};
use arrow::datatypes::DataType;
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::error::DataFusionError;
use datafusion::functions_aggregate::min_max::max;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use std::sync::Arc;

/// The rows of `table` for which `condition` is true.
pub(super) fn filtered(
    table: Arc<dyn TableProvider>,
    condition: impl FnOnce(&LogicalPlanBuilder) -> Result<Expr, DataFusionError>,
) -> Result<Arc<dyn TableProvider>, DataFusionError> {
    let scan = LogicalPlanBuilder::scan("input", provider_as_source(table), None)?;
    let condition = condition(&scan)?;
    Ok(Arc::new(ViewTable::new(scan.filter(condition)?.build()?, None)))
}

/// The greatest value of `column` in `table`, as text; `None` when there is none.
pub(super) async fn greatest(
    scope: &Scope,
    table: Arc<dyn TableProvider>,
    column: &str,
) -> Result<Option<String>, DataFusionError> {
    let scan = LogicalPlanBuilder::scan("input", provider_as_source(table), None)?;
    let column = column_of(scan.plan(), column)?;
    let plan = scan.aggregate(Vec::<Expr>::new(), vec![max(column)])?.build()?;
    for batch in scope.rows(&plan).await? {
        if batch.num_rows() > 0 {
            let value = ScalarValue::try_from_array(batch.column(0), 0)?;
            if value.is_null() {
                return Ok(None);
            }
            return Ok(value.cast_to(&DataType::Utf8)?.try_as_str().flatten().map(str::to_owned));
        }
    }
    Ok(None)
}
