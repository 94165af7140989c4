//! Deletion vectors: which rows of a file a scan leaves out.

use super::LakeTable;
use super::files::{FileError, data_location};
use crate::meter::Meter;
use crate::reader::FileReader;
use crate::store::Location;
use datafusion::common::DataFusionError;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::ParquetRowSelection;
use delta_log::{Add, DeletedRows, DvError};
use parquet::arrow::arrow_reader::RowSelection;
use parquet::arrow::async_reader::AsyncFileReader;
use std::ops::Range;
use std::sync::Arc;

/// Why the deletion vector over a file cannot be applied.
#[derive(Debug, thiserror::Error)]
pub enum DeletionError {
    /// Its bytes are not one.
    #[error("{location}, deletion vector of file {file}: {source}")]
    Vector {
        /// The table's folder.
        location: Location,
        /// The data file.
        file: String,
        /// Why.
        source: DvError,
    },
    /// It deletes rows that the file has not.
    #[error("{location}, deletion vector of file {file}: row {row_idx} of {n_rows} is deleted")]
    Beyond {
        /// The table's folder.
        location: Location,
        /// The data file.
        file: String,
        /// The last row that is deleted, from 0.
        row_idx: u64,
        /// The rows of the file.
        n_rows: u64,
    },
}

impl From<DeletionError> for DataFusionError {
    fn from(error: DeletionError) -> DataFusionError {
        DataFusionError::External(Box::new(error))
    }
}

/// `file` with the rows selected that its deletion vector leaves.
///
/// # Errors
/// [`DeletionError`], or the store's.
pub async fn select(
    table: &LakeTable,
    location: &Location,
    add: &Add,
    place: &Location,
    file: PartitionedFile,
    meter: &Arc<Meter>,
) -> Result<PartitionedFile, DataFusionError> {
    let deleted = deleted_rows(table, location, add, meter).await?;
    let mut reader: FileReader =
        table.readers(Arc::clone(meter)).open(place.clone(), add.size_bytes);
    let footer = reader.get_metadata(None).await?;
    let n_rows = u64::try_from(footer.file_metadata().num_rows()).unwrap_or_default();
    if let Some(row_idx) = deleted.last().filter(|row_idx| *row_idx >= n_rows) {
        let file = add.path.as_str().to_owned();
        return Err(
            DeletionError::Beyond { location: location.clone(), file, row_idx, n_rows }.into()
        );
    }
    let kept = deleted.kept_ranges(n_rows).map(|rows: Range<u64>| {
        usize::try_from(rows.start).unwrap_or(usize::MAX)
            ..usize::try_from(rows.end).unwrap_or(usize::MAX)
    });
    let n_rows = usize::try_from(n_rows).unwrap_or(usize::MAX);
    let selection = RowSelection::from_consecutive_ranges(kept, n_rows);
    Ok(file.with_extension(ParquetRowSelection::new(selection)))
}

async fn deleted_rows(
    table: &LakeTable,
    location: &Location,
    add: &Add,
    meter: &Arc<Meter>,
) -> Result<DeletedRows, DataFusionError> {
    let Some(vector) = &add.deletion_vector else {
        return Err(DataFusionError::Internal("a file without deletions".to_owned()));
    };
    let bytes = match vector.byte_range() {
        None => None,
        Some((path, range)) => {
            let place = data_location(location, &path)
                .map_err(|error: FileError| DataFusionError::External(Box::new(error)))?;
            let fetched = table.source.store.get_ranges(&place, &[range], meter).await;
            let fetched = fetched.map_err(|error| DataFusionError::External(Box::new(error)))?;
            fetched.into_iter().next()
        }
    };
    vector.decode(bytes.as_deref()).map_err(|source| {
        let (location, file) = (location.clone(), add.path.as_str().to_owned());
        DeletionError::Vector { location, file, source }.into()
    })
}
