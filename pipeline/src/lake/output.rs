//! The rows of a running query, on their way into a table.

use crate::plan;
use crate::source;
use crate::spool::{Spool, SpoolWriter};
use arrow::array::{Array, RecordBatch};
use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use futures::{StreamExt, future};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The rows of one query, cast to the schema of their table, readable once.
///
/// The table is written through several layers that each wrap an error in their own way; so the
/// query's own error is kept here as it was.
#[derive(Clone)]
pub(crate) struct Output {
    rows: Arc<Rows>,
}

struct Rows {
    schema: SchemaRef,
    stream: Mutex<Option<SendableRecordBatchStream>>,
    /// Columns in which a null ends the query.
    required: Vec<String>,
    null_key: Mutex<Option<String>>,
    n_rows: AtomicU64,
    error: Mutex<Option<DataFusionError>>,
}

impl Output {
    /// The rows of `stream`; a null in one of the columns `required` ends them with an error.
    pub(crate) fn new(
        schema: SchemaRef,
        stream: SendableRecordBatchStream,
        required: Vec<String>,
    ) -> Output {
        let rows = Rows {
            schema,
            stream: Mutex::new(Some(stream)),
            required,
            null_key: Mutex::new(None),
            n_rows: AtomicU64::new(0),
            error: Mutex::new(None),
        };
        Output { rows: Arc::new(rows) }
    }

    /// The required column in which a null was.
    pub(crate) fn null_key(&self) -> Option<String> {
        self.rows.null_key.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Rows that were read so far.
    pub(crate) fn n_rows(&self) -> u64 {
        self.rows.n_rows.load(Ordering::Relaxed)
    }

    /// The error that ended the query, the first time it is asked for.
    pub(crate) fn take_error(&self) -> Option<DataFusionError> {
        self.rows.error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Reads the rows to a file, from which they can be read again.
    pub(crate) async fn spool(&self) -> Result<Spool, DataFusionError> {
        let mut spool = SpoolWriter::new(&self.rows.schema)?;
        let mut batches = self.execute(Arc::default());
        while let Some(batch) = batches.next().await {
            spool.write(&batch?)?;
        }
        spool.finish()
    }

    /// The rows as they come.
    pub(crate) fn batches(&self) -> SendableRecordBatchStream {
        self.execute(Arc::default())
    }

    /// The rows as a table of one partition.
    pub(crate) fn provider(&self) -> Result<Arc<dyn TableProvider>, DataFusionError> {
        source::streamed(Arc::clone(&self.rows.schema), Arc::new(self.clone()))
    }
}

impl Rows {
    /// The first required column in which `batch` has a null.
    fn null_in(&self, batch: &RecordBatch) -> Option<String> {
        let has_null = |name: &&String| {
            batch.column_by_name(name).is_some_and(|column| column.null_count() > 0)
        };
        self.required.iter().find(has_null).cloned()
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("n_rows", &self.n_rows()).finish_non_exhaustive()
    }
}

impl PartitionStream for Output {
    fn schema(&self) -> &SchemaRef {
        &self.rows.schema
    }

    fn execute(&self, _ctx: Arc<TaskContext>) -> SendableRecordBatchStream {
        let schema = Arc::clone(&self.rows.schema);
        let taken = self.rows.stream.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(stream) = taken else {
            let twice = DataFusionError::Internal("a model's rows are read once".to_owned());
            let stream = futures::stream::once(future::ready(Err(twice)));
            return Box::pin(RecordBatchStreamAdapter::new(schema, stream));
        };
        let rows = Arc::clone(&self.rows);
        let stream = stream.map(move |batch| {
            let batch = batch.and_then(|batch| plan::to_schema(&batch, &rows.schema));
            match batch {
                Ok(batch) => {
                    if let Some(column) = rows.null_in(&batch) {
                        *rows.null_key.lock().unwrap_or_else(PoisonError::into_inner) =
                            Some(column);
                        return Err(DataFusionError::Execution("a key is null".to_owned()));
                    }
                    rows.n_rows.fetch_add(batch.num_rows() as u64, Ordering::Relaxed);
                    Ok(batch)
                }
                Err(error) => {
                    *rows.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    Err(DataFusionError::Execution("the query failed".to_owned()))
                }
            }
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, stream))
    }
}
