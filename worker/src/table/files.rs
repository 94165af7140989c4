//! The data files of a table, and each of them as a scan needs it.

use super::LakeTable;
use super::deletions::{self, FileRows, Vectored};
use super::statistics;
use crate::meter::Meter;
use crate::store::Location;
use datafusion::arrow::datatypes::{FieldRef, Schema};
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::table_schema::TableSchema;
use delta_log::{Add, FilePath, PartitionError, Snapshot, physical_name};
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{self, StreamExt, TryStreamExt};
use std::collections::BTreeMap;
use std::sync::Arc;

/// So many deletion vectors are fetched at once.
const MAX_FLYING: usize = 8;

/// One data file that no log describes.
#[derive(Debug, Clone)]
pub struct DataFile {
    /// Where it is.
    pub location: Location,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// The partition columns' values.
    pub partition_values: BTreeMap<String, ScalarValue>,
    /// Which of its rows are taken, and the folder that vectors are relative to; all when `None`.
    pub rows: Option<(Location, FileRows)>,
}

/// The data files of a table.
#[derive(Debug)]
pub enum FileSet {
    /// Those of a log.
    Delta {
        /// The table's folder.
        location: Location,
        /// The state of the log.
        snapshot: Arc<Snapshot>,
    },
    /// Those of a list.
    Listed(Vec<DataFile>),
}

/// Why a file of a table cannot be read as the log describes it.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// A partition value does not fit its column.
    #[error("{location}, file {file}: {source}")]
    Partition {
        /// The table's folder.
        location: Location,
        /// The file whose value it is.
        file: String,
        /// Why.
        source: PartitionError,
    },
    /// A data file's path that a browser cannot fetch.
    #[error("{location}: file {file} lies outside of the table and is not an http(s) URL")]
    Outside {
        /// The table's folder.
        location: Location,
        /// The path as the log has it.
        file: String,
    },
}

impl From<FileError> for DataFusionError {
    fn from(error: FileError) -> DataFusionError {
        DataFusionError::External(Box::new(error))
    }
}

impl FileSet {
    /// The number of files.
    pub fn len(&self) -> usize {
        match self {
            FileSet::Delta { snapshot, .. } => snapshot.adds.len(),
            FileSet::Listed(files) => files.len(),
        }
    }

    /// Rows of a file, those deleted not among them, if the log tells.
    pub fn n_rows(&self, file_idx: usize) -> Option<u64> {
        let FileSet::Delta { snapshot, .. } = self else { return None };
        let add = snapshot.adds.get(file_idx)?;
        let deleted = add.deletion_vector.as_ref().map_or(0, |vector| vector.cardinality);
        statistics::parsed(add)?.num_records?.checked_sub(deleted)
    }

    /// The value of a partition column in a file.
    ///
    /// # Errors
    /// [`FileError`] when the log's text is no value of the column's type.
    pub fn partition_value(
        &self,
        file_idx: usize,
        field: &FieldRef,
    ) -> Result<ScalarValue, DataFusionError> {
        match self {
            FileSet::Listed(files) => Ok(files
                .get(file_idx)
                .and_then(|file| file.partition_values.get(field.name()).cloned())
                .unwrap_or(ScalarValue::try_from(field.data_type())?)),
            FileSet::Delta { location, snapshot } => {
                let Some(add) = snapshot.adds.get(file_idx) else {
                    return ScalarValue::try_from(field.data_type());
                };
                let own = snapshot.metadata.schema.field_with_name(field.name())?;
                let text = add.partition_value(physical_name(own));
                let array =
                    delta_log::partition_array(own.data_type(), text).map_err(|source| {
                        FileError::Partition {
                            location: location.clone(),
                            file: add.path.as_str().to_owned(),
                            source,
                        }
                    })?;
                ScalarValue::try_from_array(&array, 0)?.cast_to(field.data_type())
            }
        }
    }
}

/// Where the file of `path` lies, of a table at `table`.
///
/// # Errors
/// [`FileError::Outside`] when no browser can fetch it.
pub fn data_location(table: &Location, path: &FilePath) -> Result<Location, FileError> {
    match path {
        FilePath::Relative(path) => Ok(table.join(path)),
        FilePath::Absolute(url) if url.starts_with("http://") || url.starts_with("https://") => {
            Ok(Location::new(url.as_str()))
        }
        FilePath::Absolute(path) => {
            Err(FileError::Outside { location: table.clone(), file: path.clone() })
        }
    }
}

/// What tells the content of a data file from what another table had under the same path.
fn identity(table_id: &str, add: &Add) -> String {
    format!("{}-{}-{table_id}", add.size_bytes, add.modification_time_ms)
}

impl LakeTable {
    /// The files of `kept` as a scan of `scanned` needs them, in their order.
    ///
    /// # Errors
    /// [`FileError`], or the store's when a deletion vector does not come.
    pub(super) async fn partitioned(
        &self,
        kept: &[usize],
        scanned: &TableSchema,
        meter: &Arc<Meter>,
    ) -> Result<Vec<PartitionedFile>, DataFusionError> {
        let is_summarised = kept.len() <= super::MAX_SUMMARISED_FILES;
        let files = kept.iter().copied().map(|file_idx| {
            self.file(file_idx, scanned.clone(), is_summarised, Arc::clone(meter)).boxed()
        });
        let files: Vec<BoxFuture<'_, _>> = files.collect();
        stream::iter(files).buffered(MAX_FLYING).try_collect().await
    }

    async fn file(
        &self,
        file_idx: usize,
        scanned: TableSchema,
        is_summarised: bool,
        meter: Arc<Meter>,
    ) -> Result<PartitionedFile, DataFusionError> {
        let values = scanned
            .table_partition_cols()
            .iter()
            .map(|field| self.files().partition_value(file_idx, field))
            .collect::<Result<Vec<ScalarValue>, DataFusionError>>()?;
        match self.files() {
            FileSet::Listed(files) => {
                let Some(file) = files.get(file_idx) else {
                    return Err(DataFusionError::Internal("no such file".to_owned()));
                };
                let partitioned = plain(&file.location, file.size_bytes, values);
                let Some((folder, rows)) = &file.rows else { return Ok(partitioned) };
                let (place, size_bytes) = (&file.location, file.size_bytes);
                let vectored = Vectored { folder, place, size_bytes, rows };
                deletions::select(self, vectored, partitioned, &meter).await
            }
            FileSet::Delta { location, snapshot } => {
                let Some(add) = snapshot.adds.get(file_idx) else {
                    return Err(DataFusionError::Internal("no such file".to_owned()));
                };
                let place = data_location(location, &add.path)?;
                let place = place.with_identity(identity(&snapshot.metadata.id, add));
                let file = plain(&place, add.size_bytes, values.clone());
                let mut file = match &add.deletion_vector {
                    Some(vector) => {
                        let rows = FileRows::Without(vector.as_ref().clone());
                        let (folder, size_bytes) = (location, add.size_bytes);
                        let vectored = Vectored { folder, place: &place, size_bytes, rows: &rows };
                        deletions::select(self, vectored, file, &meter).await?
                    }
                    None => file,
                };
                if is_summarised {
                    let fields = scanned.file_schema();
                    file.statistics =
                        statistics::of_add(add, fields, &self.stored(fields), &values);
                }
                Ok(file)
            }
        }
    }

    /// The fields of `schema` as the log has them.
    fn stored(&self, schema: &Schema) -> Vec<FieldRef> {
        let own = self.snapshot().map(|snapshot| &snapshot.metadata.schema);
        let field = |field: &FieldRef| {
            own.and_then(|own| own.fields().find(field.name()).map(|(_, own)| Arc::clone(own)))
                .unwrap_or_else(|| Arc::clone(field))
        };
        schema.fields().iter().map(field).collect()
    }
}

fn plain(location: &Location, size_bytes: u64, values: Vec<ScalarValue>) -> PartitionedFile {
    PartitionedFile::new(location.as_str(), size_bytes)
        .with_partition_values(values)
        .with_extension(location.clone())
}
