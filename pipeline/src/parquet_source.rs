//! One Parquet file as a table, read as a stream, row group after row group.

use crate::source::{self, FileRule, SourceError};
use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::PartitionStream;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fmt::Display;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reads the footer of the file `path` and gives the table it is.
///
/// # Errors
/// [`SourceError::File`].
pub(crate) fn open(path: &Path) -> Result<Arc<dyn TableProvider>, SourceError> {
    // Fields only: metadata such as the writer's own schema text is not the lake's.
    let fields = builder(path)?.schema().fields().clone();
    let schema: SchemaRef = Arc::new(arrow::datatypes::Schema::new(fields));
    let stream = Arc::new(ParquetStream { path: path.to_owned(), schema: Arc::clone(&schema) });
    source::streamed(schema, stream).map_err(|error| damaged(path, error))
}

#[derive(Debug)]
struct ParquetStream {
    path: PathBuf,
    schema: SchemaRef,
}

impl PartitionStream for ParquetStream {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _ctx: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut stream = RecordBatchReceiverStreamBuilder::new(Arc::clone(&self.schema), 2);
        let batches = stream.tx();
        let path = self.path.clone();
        let schema = Arc::clone(&self.schema);
        stream.spawn_blocking(move || {
            let external = |error| DataFusionError::External(Box::new(error));
            let reader = builder(&path).map_err(external)?.with_batch_size(8192).build();
            for batch in reader.map_err(|error| external(damaged(&path, error)))? {
                let batch = batch.map_err(|error| external(damaged(&path, error)))?;
                if batches.blocking_send(Ok(batch.with_schema(Arc::clone(&schema))?)).is_err() {
                    break; // Nobody reads on.
                }
            }
            Ok(())
        });
        stream.build()
    }
}

fn builder(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>, SourceError> {
    let file = File::open(path).map_err(|source| SourceError::File {
        path: path.to_owned(),
        rule: FileRule::Unreadable(source),
    })?;
    ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| damaged(path, error))
}

fn damaged(path: &Path, error: impl Display) -> SourceError {
    SourceError::File { path: path.to_owned(), rule: FileRule::Parquet(error.to_string()) }
}
