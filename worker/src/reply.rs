//! Record batches to the Arrow IPC stream that crosses to the page.

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, StringBuilder};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::writer::StreamWriter;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use functions::text;
use std::sync::Arc;

/// Writes `batches` of `schema` as one IPC stream. Views and dictionaries of text become plain
/// `Utf8`, so that the page decodes few types.
///
/// # Errors
/// Arrow's, when a batch does not have the schema.
pub fn encode(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>, ArrowError> {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| field.as_ref().clone().with_data_type(plain(field.data_type())))
        .collect();
    let plain_schema = Arc::new(Schema::new(fields));
    let mut writer = StreamWriter::try_new(Vec::new(), &plain_schema)?;
    for batch in batches {
        let columns = batch
            .columns()
            .iter()
            .map(|column| cast(column, &plain(column.data_type())))
            .collect::<Result<Vec<ArrayRef>, ArrowError>>()?;
        writer.write(&RecordBatch::try_new(Arc::clone(&plain_schema), columns)?)?;
    }
    writer.finish()?;
    writer.into_inner()
}

fn plain(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::Dictionary(_, values) => plain(values),
        other => other.clone(),
    }
}

/// The same rows with every column as text to show; nulls stay nulls. A value that no calendar says
/// is shown as it is counted, and a time in a zone that nobody knows in UTC.
///
/// # Errors
/// Arrow's, when a column's type has no text.
pub fn as_text(
    schema: &SchemaRef,
    batches: &[RecordBatch],
) -> Result<(SchemaRef, Vec<RecordBatch>), ArrowError> {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| Field::new(field.name(), DataType::Utf8, true))
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let batches = batches
        .iter()
        .map(|batch| {
            let columns = batch.columns().iter().map(text_column);
            RecordBatch::try_new(Arc::clone(&schema), columns.collect::<Result<_, _>>()?)
        })
        .collect::<Result<Vec<RecordBatch>, ArrowError>>()?;
    Ok((schema, batches))
}

fn text_column(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let column = text::in_known_zone(column)?;
    let without_text = text::without_text(column.as_ref())?;
    let is_beyond = |idx: usize| without_text.as_ref().is_some_and(|rows| rows.value(idx));
    let options = FormatOptions::default().with_null("null");
    let formatter = ArrayFormatter::try_new(column.as_ref(), &options)?;
    let mut texts = StringBuilder::new();
    for row_idx in 0..column.len() {
        if column.is_null(row_idx) {
            texts.append_null();
        } else if is_beyond(row_idx) {
            let counted = text::counted(column.as_ref(), row_idx);
            texts.append_value(format!("{counted} (beyond the calendar)"));
        } else {
            let shown = formatter.value(row_idx).try_to_string();
            texts.append_value(shown.unwrap_or_else(|error| format!("({error})")));
        }
    }
    Ok(Arc::new(texts.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::{AsArray, TimestampMicrosecondArray};

    #[test]
    fn a_cell_that_cannot_be_shown_hides_no_other() {
        let times = TimestampMicrosecondArray::from(vec![Some(0), Some(i64::MAX), None]);
        let column: ArrayRef = Arc::new(times.with_timezone("tzlocal()"));
        let batch = RecordBatch::try_from_iter([("at", column)]).unwrap();
        let (_, shown) = as_text(&batch.schema(), &[batch]).unwrap();
        let found: Vec<Option<&str>> = shown[0].column(0).as_string::<i32>().iter().collect();
        let beyond = "9223372036854775807 µs since 1970 (beyond the calendar)";
        assert_eq!(found, [Some("1970-01-01T00:00:00Z"), Some(beyond), None]);
    }
}
