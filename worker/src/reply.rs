//! Record batches to the Arrow IPC stream that crosses to the page.

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, StringBuilder};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::writer::StreamWriter;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
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

/// The same rows with every column as text to show; nulls stay nulls.
///
/// # Errors
/// Arrow's, when a value cannot be shown.
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
    let options = FormatOptions::default().with_null("null");
    let formatter = ArrayFormatter::try_new(column.as_ref(), &options)?;
    let mut texts = StringBuilder::new();
    for row_idx in 0..column.len() {
        if column.is_null(row_idx) {
            texts.append_null();
        } else {
            texts.append_value(formatter.value(row_idx).try_to_string()?);
        }
    }
    Ok(Arc::new(texts.finish()))
}
