//! Rows that wait on disk: written once, in order, and then read as a table.

use crate::lake::{is_full, system_error};
use crate::source;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::FileReader;
use arrow::ipc::writer::FileWriter;
use datafusion::catalog::TableProvider;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::PartitionStream;
use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::sync::Arc;
use tempfile::TempPath;

/// A spool that is being written, in the system's folder for temporary files.
pub(crate) struct SpoolWriter {
    writer: FileWriter<BufWriter<File>>,
    path: TempPath,
    schema: SchemaRef,
    n_rows: u64,
}

/// A spool that is whole. The file goes with its last clone.
#[derive(Clone)]
pub(crate) struct Spool {
    path: Arc<TempPath>,
    schema: SchemaRef,
    n_rows: u64,
}

impl SpoolWriter {
    /// Begins a spool of rows of `schema`.
    ///
    /// # Errors
    /// When no temporary file can be made.
    pub(crate) fn new(schema: &SchemaRef) -> Result<SpoolWriter, DataFusionError> {
        let (file, path) = tempfile::NamedTempFile::new()?.into_parts();
        let writer = FileWriter::try_new(BufWriter::with_capacity(1 << 18, file), schema)?;
        Ok(SpoolWriter { writer, path, schema: Arc::clone(schema), n_rows: 0 })
    }

    /// The columns of its rows.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Adds rows.
    ///
    /// # Errors
    /// When the disk does not take them.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), DataFusionError> {
        self.n_rows += batch.num_rows() as u64;
        Ok(self.writer.write(batch)?)
    }

    /// Ends the spool.
    ///
    /// # Errors
    /// When the disk does not take what was left.
    pub(crate) fn finish(mut self) -> Result<Spool, DataFusionError> {
        self.writer.finish()?;
        Ok(Spool { path: Arc::new(self.path), schema: self.schema, n_rows: self.n_rows })
    }
}

impl Spool {
    /// How many rows there are.
    pub(crate) fn n_rows(&self) -> u64 {
        self.n_rows
    }

    /// The rows in the order in which they were written.
    pub(crate) fn table(&self) -> Result<Arc<dyn TableProvider>, DataFusionError> {
        source::streamed(Arc::clone(&self.schema), Arc::new(self.clone()))
    }
}

/// What `error` says when rows that wait on disk, here or in a query that spills, have no room there.
pub(crate) fn no_room(error: &(dyn Error + 'static)) -> Option<String> {
    let system = system_error(&error.to_string())?;
    if !is_full(system.kind()) {
        return None;
    }
    let folder = std::env::temp_dir();
    Some(format!(
        "rows that wait on disk do not fit into {}: {system}; make room there, or set TMPDIR to a folder that has more",
        folder.display()
    ))
}

impl fmt::Debug for Spool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spool").field("n_rows", &self.n_rows).finish_non_exhaustive()
    }
}

impl PartitionStream for Spool {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _ctx: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStreamBuilder::new(Arc::clone(&self.schema), 2);
        let batches = builder.tx();
        let path = Arc::clone(&self.path);
        builder.spawn_blocking(move || {
            let file = BufReader::with_capacity(1 << 18, File::open(path.as_ref())?);
            for batch in FileReader::try_new(file, None)? {
                if batches.blocking_send(Ok(batch?)).is_err() {
                    break; // Nobody reads on.
                }
            }
            Ok(())
        });
        builder.build()
    }
}
