//! The rows of a running query, on their way into a table.

use crate::plan;
use crate::source;
use crate::spool::{Spool, SpoolWriter};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};
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
    /// Columns of the partitions.
    partition_by: Vec<String>,
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
        Output::partitioned(schema, stream, required, Vec::new())
    }

    /// The same for a table of partitions: a text in one of the columns `partition_by` that would be taken for null
    /// ends the rows, too.
    pub(crate) fn partitioned(
        schema: SchemaRef,
        stream: SendableRecordBatchStream,
        required: Vec<String>,
        partition_by: Vec<String>,
    ) -> Output {
        let rows = Rows {
            schema,
            stream: Mutex::new(Some(stream)),
            required,
            partition_by,
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

    /// The rows as a table of one partition.
    pub(crate) fn provider(&self) -> Result<Arc<dyn TableProvider>, DataFusionError> {
        source::streamed(Arc::clone(&self.rows.schema), Arc::new(self.clone()))
    }
}

/// The name of a partition's folder whose value is null. A text that is the same shares the folder, and one of the two
/// becomes the other.
///
/// Source: Delta protocol, "Partition Value Serialization"; the name is Hive's.
const NULL_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";

impl Rows {
    /// Refuses a text in a column of the partitions that stands for null there.
    fn check_partitions(&self, batch: &RecordBatch) -> Result<(), DataFusionError> {
        for name in &self.partition_by {
            let Some(column) = batch.column_by_name(name) else { continue };
            if !matches!(
                column.data_type(),
                DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
            ) {
                continue;
            }
            let texts = cast(column, &DataType::Utf8)?;
            if texts.as_string::<i32>().iter().any(|text| text == Some(NULL_PARTITION)) {
                return Err(DataFusionError::Execution(format!(
                    "column {name:?} is {NULL_PARTITION:?} in a row, which stands for null in partition_by; write \
                     another text, or take the column out of partition_by"
                )));
            }
        }
        Ok(())
    }

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
            let batch = batch.and_then(|batch| rows.check_partitions(&batch).map(|()| batch));
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

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::StringArray;
    use arrow::datatypes::{Field, Schema};

    #[tokio::test]
    async fn a_text_that_stands_for_null_is_no_partition() {
        let check = async |partition_by: &[&str], text: Option<&str>, expected: Option<&str>| {
            let schema = Arc::new(Schema::new(vec![Field::new("c", DataType::Utf8, true)]));
            let column = Arc::new(StringArray::from(vec![Some("a"), text]));
            let batch = RecordBatch::try_new(Arc::clone(&schema), vec![column]).unwrap();
            let rows = futures::stream::iter([Ok(batch)]);
            let rows = Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&schema), rows));
            let columns = partition_by.iter().map(|name| (*name).to_owned()).collect();
            let output = Output::partitioned(schema, rows, Vec::new(), columns);
            let spooled = output.spool().await;
            assert_eq!(spooled.is_ok(), expected.is_none(), "{text:?}");
            let error = output.take_error().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(expected.unwrap_or_default()), "{error}");
        };
        let word = Some("__HIVE_DEFAULT_PARTITION__");
        check(&["c"], word, Some("column \"c\" is \"__HIVE_DEFAULT_PARTITION__\" in a row")).await;
        check(&[], word, None).await;
        for text in [None, Some(""), Some("__HIVE_DEFAULT_PARTITION"), Some("null")] {
            check(&["c"], text, None).await;
        }
    }
}
