//! Small tables in memory, for tests.

use crate::Lake;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use protocol::{At, Condition, Failure, RowForm, RowsSpec, TableAt};

/// A batch of these columns, all of them nullable.
pub fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let columns = columns.into_iter().map(|(name, column)| (name, column, true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

/// The Parquet file of `batch`.
pub fn parquet(batch: &RecordBatch) -> Vec<u8> {
    parquet_with(batch, WriterProperties::default())
}

/// The same, written with `properties`.
pub fn parquet_with(batch: &RecordBatch, properties: WriterProperties) -> Vec<u8> {
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

/// A line of a first commit: a table of `fields`, each a name and a type of Delta.
pub fn metadata(fields: &[(&str, &str)]) -> String {
    let fields = fields.iter().map(|(name, data_type)| {
        serde_json::json!({"name": name, "type": data_type, "nullable": true, "metadata": {}})
    });
    let schema = serde_json::json!({"type": "struct", "fields": fields.collect::<Vec<_>>()});
    let protocol = r#"{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}"#;
    let metadata = serde_json::json!({"metaData": {
        "id": "table", "format": {"provider": "parquet", "options": {}},
        "schemaString": schema.to_string(), "partitionColumns": [], "configuration": {},
    }});
    format!("{protocol}\n{metadata}\n")
}

/// A line that adds the file at `path`, with `stats` in the log.
pub fn add(path: &str, n_bytes: usize, modified_ms: i64, stats: &str) -> String {
    let add = serde_json::json!({"add": {
        "path": path, "partitionValues": {}, "size": n_bytes, "modificationTime": modified_ms,
        "dataChange": true, "stats": stats,
    }});
    format!("{add}\n")
}

/// The newest state of the table at `location`.
pub fn newest(location: &str) -> TableAt {
    TableAt { location: location.to_owned(), at: At::Newest }
}

/// The rows of a table that satisfy `conditions`, as texts with `|` between the columns.
///
/// # Errors
/// Those of [`Lake::rows`].
pub async fn rows(
    lake: &Lake,
    table: TableAt,
    conditions: Vec<Condition>,
) -> Result<Vec<String>, Failure> {
    let (columns, limit, form) = (Vec::new(), None, RowForm::Text);
    let rows = lake.rows(&RowsSpec { table, columns, conditions, limit, form }).await?;
    let mut texts = Vec::new();
    for batch in &rows.batches {
        let columns: Vec<_> = batch.columns().iter().map(|it| it.as_string::<i32>()).collect();
        for row_idx in 0..batch.num_rows() {
            let cells = columns
                .iter()
                .map(|column| if column.is_null(row_idx) { "null" } else { column.value(row_idx) });
            texts.push(cells.collect::<Vec<_>>().join("|"));
        }
    }
    Ok(texts)
}
