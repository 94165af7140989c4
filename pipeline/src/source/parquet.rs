//! One Parquet file as a table, read as a stream, row group after row group.

mod fitted;

use super::folder::Inspected;
use super::typed_rows::{BATCH_ROWS, Missing, Shape};
use super::{FileRule, SourceError};
use arrow::array::{
    ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::datatypes::{Schema, SchemaRef};
use arrow::util::display::array_value_to_string;
use datafusion::catalog::TableProvider;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::PartitionStream;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
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
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let stream = Arc::new(ParquetStream { path: path.to_owned(), schema: Arc::clone(&schema) });
    super::streamed(schema, stream).map_err(|error| damaged(path, error))
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

/// Where rows come from.
pub(super) struct Origin<'o> {
    /// The file's path below its folder.
    pub(super) name: &'o str,
    /// When it was taken in, in microseconds since 1970 UTC.
    pub(super) ingested_at_us: i64,
}

/// Gives the rows of the file `path` to `take`, as long as it says that it wants more. Returns whether it
/// does. Columns are found by name and cast to the types of `shape`; others are left out, since a
/// Parquet file's own schema says that they are there. A value that its column's type does not hold is
/// rescued, where there is a column for it.
///
/// # Errors
/// [`FileRule::MissingColumn`], [`FileRule::NoCast`], and [`FileRule::ColumnType`] where nothing is rescued.
pub(super) fn read_typed(
    path: &Path,
    shape: &Shape,
    origin: &Origin<'_>,
    take: &mut dyn FnMut(RecordBatch) -> bool,
) -> Result<bool, DataFusionError> {
    let external = |error| DataFusionError::External(Box::new(error));
    let schema = shape.schema();
    let builder = builder(path).map_err(external)?;
    lacks(path, builder.schema(), shape).map_err(external)?;
    let reader = builder.with_batch_size(BATCH_ROWS).build();
    let mut n_before = 0;
    for batch in reader.map_err(|error| external(damaged(path, error)))? {
        let batch = batch.map_err(|error| external(damaged(path, error)))?;
        let n_rows = batch.num_rows();
        let mut rescued: BTreeMap<usize, Map<String, Value>> = BTreeMap::new();
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
        for column in &shape.columns {
            let (column, of) = (&column.name, &column.of);
            let Some(array) = batch.column_by_name(column) else {
                arrays.push(new_null_array(of.arrow(), n_rows));
                continue;
            };
            let cast = fitted::cast(array, of).map_err(|_| {
                let (column, found) = (column.clone(), array.data_type().to_string());
                let rule = FileRule::NoCast { column, found, wanted: of.to_string() };
                external(SourceError::File { path: path.to_owned(), rule })
            })?;
            if let (None, Some(row_idx)) = (&shape.rescue, cast.misfits.first().copied()) {
                let rule = FileRule::ColumnType {
                    column: column.clone(),
                    found: array.data_type().to_string(),
                    value: array_value_to_string(array, row_idx)?,
                    row: n_before as u64 + row_idx as u64 + 1,
                    wanted: of.to_string(),
                };
                return Err(external(SourceError::File { path: path.to_owned(), rule }));
            }
            for row_idx in cast.misfits {
                let value = array_value_to_string(array, row_idx)?;
                let row = rescued.entry(row_idx).or_default();
                row.insert(column.clone(), Value::from(value));
            }
            arrays.push(cast.values);
        }
        if shape.rescue.is_some() {
            let texts = (0..n_rows).map(|idx| Some(Value::from(rescued.remove(&idx)?).to_string()));
            arrays.push(Arc::new(texts.collect::<StringArray>()));
        }
        arrays.push(Arc::new(StringArray::from(vec![origin.name; n_rows])));
        arrays
            .push(Arc::new(Int64Array::from_iter_values(n_before + 1..=n_before + n_rows as i64)));
        n_before += n_rows as i64;
        let at = TimestampMicrosecondArray::from(vec![origin.ingested_at_us; n_rows]);
        arrays.push(Arc::new(at.with_timezone("UTC")));
        if !take(RecordBatch::try_new(Arc::clone(&schema), arrays)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reads the footer of the file `path`, whose rows become `shape`.
///
/// # Errors
/// [`SourceError::File`] when no row of the file can be read.
pub(super) fn inspect(path: &Path, shape: &Shape) -> Result<Inspected, SourceError> {
    let builder = builder(path)?;
    let has_rows = builder.metadata().file_metadata().num_rows() > 0;
    Ok(Inspected { lacks: lacks(path, builder.schema(), shape)?, has_rows })
}

/// The columns that a file of `schema` lacks although nobody said that it may.
fn lacks(path: &Path, schema: &Schema, shape: &Shape) -> Result<Vec<String>, SourceError> {
    let is_missing = |name: &str| schema.index_of(name).is_err();
    let lacking = |column: &str| {
        let known: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let rule = FileRule::MissingColumn { column: column.to_owned(), known: known.join(", ") };
        SourceError::File { path: path.to_owned(), rule }
    };
    let refused = |missing: Missing| missing == Missing::Refused;
    let mut lacks =
        shape.columns.iter().filter(|column| refused(column.missing) && is_missing(&column.name));
    match (shape.columns.first(), shape.rescue.is_some()) {
        (Some(first), _) if shape.columns.iter().all(|column| is_missing(&column.name)) => {
            Err(lacking(&first.name))
        }
        (_, true) => Ok(lacks.map(|column| column.name.clone()).collect()),
        (_, false) => lacks.next().map_or(Ok(Vec::new()), |column| Err(lacking(&column.name))),
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
