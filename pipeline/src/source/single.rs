//! One file of text, read as a stream from its first row to its last.

use super::dialect::Dialect;
use super::folder::Span;
use super::typed_rows::{Shape, TypedRows};
use super::{FileRule, SourceError, SourceFormat, csv, json_lines};
use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::PartitionStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The table that the rows of the file `path` are, of `shape`.
///
/// # Errors
/// [`SourceError::File`] when no table can be made. Its scan fails with `DataFusionError::External` of a
/// [`SourceError`].
pub(super) fn table(
    path: &Path,
    format: SourceFormat,
    dialect: &Dialect,
    shape: Shape,
) -> Result<Arc<dyn TableProvider>, SourceError> {
    let schema = shape.schema();
    let stream = FileStream {
        path: path.to_owned(),
        format,
        dialect: dialect.clone(),
        schema: Arc::clone(&schema),
        shape: Arc::new(shape),
    };
    super::streamed(schema, Arc::new(stream)).map_err(|error| SourceError::File {
        path: path.to_owned(),
        rule: FileRule::Unreadable(std::io::Error::other(error)),
    })
}

#[derive(Debug)]
struct FileStream {
    path: PathBuf,
    format: SourceFormat,
    dialect: Dialect,
    schema: SchemaRef,
    shape: Arc<Shape>,
}

impl PartitionStream for FileStream {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _ctx: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStreamBuilder::new(Arc::clone(&self.schema), 2);
        let batches = builder.tx();
        let rows = TypedRows::new(Arc::clone(&self.shape), &self.path, String::new(), 0);
        let (path, format, dialect) = (self.path.clone(), self.format, self.dialect.clone());
        builder.spawn_blocking(move || {
            let read = match format {
                SourceFormat::JsonLines => json_lines::read,
                SourceFormat::Csv | SourceFormat::Parquet => csv::read_typed,
            };
            let take = &mut |batch| batches.blocking_send(Ok(batch)).is_ok();
            read(&path, &dialect, Span::WHOLE, rows, take).map(drop)
        });
        builder.build()
    }
}
