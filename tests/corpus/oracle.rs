//! Parquet files read by the plain reader of the parquet crate: no byte store, no DataFusion, no
//! projection, no filter. What it reads is what a reader of ours should read.

use anyhow::Context;
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, TimeUnit};
use datafusion::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use datafusion::parquet::basic::Type;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use walkdir::WalkDir;

/// All rows of the Parquet files below `dir`, however deep, hidden ones aside.
///
/// # Errors
/// When one cannot be read.
pub fn rows_below(dir: &Path) -> anyhow::Result<Vec<RecordBatch>> {
    let mut batches = Vec::new();
    for path in parquet_files(dir) {
        batches.extend(rows_of(&path)?);
    }
    Ok(batches)
}

/// The Parquet files below `dir` in the order of their paths; those that begin with `.` or `_` and
/// what cannot be listed are left out.
pub fn parquet_files(dir: &Path) -> Vec<PathBuf> {
    WalkDir::new(dir)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy();
            name.ends_with(".parquet") && !name.starts_with(['.', '_'])
        })
        .map(|entry| entry.path().to_owned())
        .collect()
}

/// All rows of one Parquet file. A file without rows gives one empty batch, which has the columns.
///
/// # Errors
/// When it cannot be read.
pub fn rows_of(path: &Path) -> anyhow::Result<Vec<RecordBatch>> {
    let name = || path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let file = File::open(path).with_context(name)?;
    let plain = ArrowReaderOptions::new();
    let mut metadata = ArrowReaderMetadata::load(&file, plain).with_context(name)?;
    let has_int96 = metadata
        .parquet_schema()
        .columns()
        .iter()
        .any(|column| column.physical_type() == Type::INT96);
    if has_int96 {
        // Nanoseconds in 64 bits end in the year 2262; writers of INT96 have microseconds.
        let fields = metadata.schema().fields().iter().map(in_microseconds);
        let schema = Schema::new(fields.collect::<Vec<FieldRef>>());
        let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
        if let Ok(better) = ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options) {
            metadata = better;
        }
    }
    let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
        .build()
        .with_context(name)?;
    let schema = arrow::array::RecordBatchReader::schema(&reader);
    let mut batches = reader.collect::<Result<Vec<_>, _>>().with_context(name)?;
    if batches.is_empty() {
        batches.push(RecordBatch::new_empty(schema));
    }
    Ok(batches)
}

fn in_microseconds(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => {
            DataType::Timestamp(TimeUnit::Microsecond, zone.clone())
        }
        DataType::List(item) => DataType::List(in_microseconds(item)),
        DataType::LargeList(item) => DataType::LargeList(in_microseconds(item)),
        DataType::Map(entry, sorted) => DataType::Map(in_microseconds(entry), *sorted),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(in_microseconds).collect()),
        other => other.clone(),
    };
    Arc::new(Field::clone(field).with_data_type(data_type))
}
