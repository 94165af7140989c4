//! The rows of a query, as they come from the cluster, as one Arrow stream.

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::ipc::writer::StreamWriter;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::SessionContext;
use futures::StreamExt;
use std::io::{BufWriter, Write};
use std::sync::Arc;

/// Runs `query` on the cluster of `ctx` and writes its rows to `out`.
///
/// # Errors
/// What the cluster says, or that nobody reads on.
pub async fn send(
    ctx: &SessionContext,
    query: LogicalPlan,
    out: impl Write,
) -> Result<(), DataFusionError> {
    let schema: SchemaRef = Arc::new(query.schema().as_arrow().clone());
    let mut writer = StreamWriter::try_new(BufWriter::with_capacity(1 << 18, out), &schema)?;
    let physical = ctx.state().create_physical_plan(&query).await?;
    let mut rows = execute_stream(physical, ctx.task_ctx())?;
    while let Some(batch) = rows.next().await {
        let batch = fit(&batch?, &schema)?;
        if batch.num_rows() > 0 {
            writer.write(&batch)?;
        }
    }
    writer.finish()?;
    writer.into_inner()?.flush()?;
    Ok(())
}

/// `batch` with the types of `schema`. The scheduler optimises the plan once more, after which a sum may be wider and
/// a text of another kind; whatever else differs is an error.
fn fit(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, DataFusionError> {
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    if batch.num_columns() != schema.fields().len() {
        let reason = format!("{} columns came, not {}", batch.num_columns(), schema.fields().len());
        return Err(DataFusionError::Execution(reason));
    }
    let columns = batch.columns().iter().zip(schema.fields()).map(|(column, field)| {
        let (found, wanted) = (column.data_type(), field.data_type());
        if found == wanted {
            return Ok(Arc::clone(column));
        }
        if !is_alike(found, wanted) {
            let reason = format!("column {:?} came as {found}, not as {wanted}", field.name());
            return Err(DataFusionError::Execution(reason));
        }
        Ok(cast_with_options(column, wanted, &strict)?)
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}

/// Whether every value of `found` that has a place in `wanted` is the same there.
fn is_alike(found: &DataType, wanted: &DataType) -> bool {
    use DataType::{Decimal128, Decimal256, Dictionary, LargeUtf8, Utf8, Utf8View};
    match (found, wanted) {
        (Decimal128(_, a) | Decimal256(_, a), Decimal128(_, b) | Decimal256(_, b)) => a == b,
        (Dictionary(_, found), wanted) => is_alike(found, wanted),
        (found, Dictionary(_, wanted)) => is_alike(found, wanted),
        (Utf8 | LargeUtf8 | Utf8View, Utf8 | LargeUtf8 | Utf8View) => true,
        (found, wanted) => found == wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::{Array, ArrayRef, Decimal128Array, Int64Array, StringArray};
    use datafusion::arrow::datatypes::{Field, Schema};

    fn batch(column: ArrayRef) -> RecordBatch {
        let field = Field::new("a", column.data_type().clone(), true);
        RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![column]).unwrap()
    }

    #[test]
    fn a_wider_sum_is_narrowed_and_a_number_is_no_text() {
        let decimal = |value: i128, precision| -> ArrayRef {
            let one = Decimal128Array::from(vec![value]);
            Arc::new(one.with_precision_and_scale(precision, 2).unwrap())
        };
        let wanted = batch(decimal(0, 5)).schema();
        let narrow = fit(&batch(decimal(12_345, 15)), &wanted).unwrap();
        assert_eq!(narrow.column(0).to_data(), decimal(12_345, 5).to_data());
        assert!(fit(&batch(decimal(123_456, 15)), &wanted).is_err());
        let number: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        assert!(fit(&batch(number), &wanted).is_err());
        let text: ArrayRef = Arc::new(StringArray::from(vec!["1"]));
        assert!(fit(&batch(text), &wanted).is_err());
    }
}
