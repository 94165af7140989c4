//! Record batches to the Arrow IPC stream that crosses to the page.

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::writer::StreamWriter;
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
