//! Deletion vectors: which rows of a file a scan leaves out.

use super::LakeTable;
use super::files::{FileError, data_location};
use crate::meter::Meter;
use crate::reader::FileReader;
use crate::store::Location;
use datafusion::common::DataFusionError;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::ParquetRowSelection;
use delta_log::{DeletedRows, DeletionVector, DvError};
use parquet::arrow::arrow_reader::RowSelection;
use parquet::arrow::async_reader::AsyncFileReader;
use std::ops::Range;
use std::sync::Arc;

/// What tells a file of deletion vectors apart: its name, which is a UUID, and nothing else.
const VECTORS: &str = "vectors";

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

/// Which rows of a file a scan takes, told by deletion vectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileRows {
    /// Those that are not in the vector.
    Without(DeletionVector),
    /// Those that are in `after` and not in `before`.
    Since {
        /// The rows that were deleted earlier; none without a vector.
        before: Option<DeletionVector>,
        /// The rows that are deleted later; none without a vector.
        after: Option<DeletionVector>,
    },
}

/// A data file over which deletion vectors lie.
#[derive(Debug, Clone, Copy)]
pub struct Vectored<'a> {
    /// The table's folder.
    pub folder: &'a Location,
    /// Where the file is.
    pub place: &'a Location,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Which of its rows are taken.
    pub rows: &'a FileRows,
}

/// `file` with the rows selected that `vectored` takes.
///
/// # Errors
/// [`DeletionError`], or the store's.
pub async fn select(
    table: &LakeTable,
    vectored: Vectored<'_>,
    file: PartitionedFile,
    meter: &Arc<Meter>,
) -> Result<PartitionedFile, DataFusionError> {
    let Vectored { folder, place, size_bytes, rows } = vectored;
    let mut reader: FileReader = table.readers(Arc::clone(meter)).open(place.clone(), size_bytes);
    let footer = reader.get_metadata(None).await?;
    let n_rows = u64::try_from(footer.file_metadata().num_rows()).unwrap_or_default();
    let read = async |vector: &DeletionVector| {
        let deleted = deleted_rows(table, folder, place, vector, meter).await?;
        match deleted.last().filter(|row_idx| *row_idx >= n_rows) {
            None => Ok(deleted),
            Some(row_idx) => {
                let (location, file) = (folder.clone(), place.as_str().to_owned());
                let beyond = DeletionError::Beyond { location, file, row_idx, n_rows };
                Err(DataFusionError::from(beyond))
            }
        }
    };
    let ranges: Vec<Range<u64>> = match rows {
        FileRows::Without(vector) => read(vector).await?.kept_ranges(n_rows).collect(),
        FileRows::Since { before, after } => {
            let mut of = [DeletedRows::default(), DeletedRows::default()];
            for (rows, vector) in of.iter_mut().zip([before, after]) {
                if let Some(vector) = vector {
                    *rows = read(vector).await?;
                }
            }
            let [before, after] = of;
            after.since(&before).ranges().collect()
        }
    };
    let taken = ranges.into_iter().map(|rows| {
        usize::try_from(rows.start).unwrap_or(usize::MAX)
            ..usize::try_from(rows.end).unwrap_or(usize::MAX)
    });
    let n_rows = usize::try_from(n_rows).unwrap_or(usize::MAX);
    let selection = RowSelection::from_consecutive_ranges(taken, n_rows);
    Ok(file.with_extension(ParquetRowSelection::new(selection)))
}

async fn deleted_rows(
    table: &LakeTable,
    folder: &Location,
    place: &Location,
    vector: &DeletionVector,
    meter: &Arc<Meter>,
) -> Result<DeletedRows, DataFusionError> {
    let bytes = match vector.byte_range() {
        None => None,
        Some((path, range)) => {
            let vectors = data_location(folder, &path)
                .map_err(|error: FileError| DataFusionError::External(Box::new(error)))?
                .with_identity(VECTORS);
            let fetched = table.source.store.get_ranges(&vectors, &[range], meter).await;
            let fetched = fetched.map_err(|error| DataFusionError::External(Box::new(error)))?;
            fetched.into_iter().next()
        }
    };
    vector.decode(bytes.as_deref()).map_err(|source| {
        let (location, file) = (folder.clone(), place.as_str().to_owned());
        DeletionError::Vector { location, file, source }.into()
    })
}
