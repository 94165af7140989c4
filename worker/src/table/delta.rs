//! A table that is a Delta folder: its log walked over a byte store, its files as a [`LakeTable`].

use super::{DataFile, LakeTable, Source, statistics};
use crate::failure;
use crate::store::{ByteStore, Location, StoreError};
use datafusion::arrow::datatypes::{FieldRef, Schema};
use datafusion::common::{DataFusionError, ScalarValue};
use delta_log::{
    Add, ColumnMapping, ErrorKind, Fetched, FilePath, LogError, LogWalk, PartitionError, Snapshot,
    Step,
};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use protocol::{ErrorCode, Failure, TableVersion};
use std::sync::Arc;

/// Why a folder cannot be read as a Delta table.
#[derive(Debug, thiserror::Error)]
pub enum DeltaTableError {
    /// Bytes of the log did not come.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log is not right, or needs what the reader lacks.
    #[error("{location}: {source}")]
    Log {
        /// The table's folder.
        location: Location,
        /// Why.
        source: LogError,
    },
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
    /// A table whose rows the log's reader knows how to read, and the engine does not.
    #[error("{location}: reader feature `{feature}` is not supported")]
    Feature {
        /// The table's folder.
        location: Location,
        /// The feature's name in the protocol.
        feature: &'static str,
    },
    /// A partition value of a type that DataFusion lacks.
    #[error(transparent)]
    Scalar(#[from] DataFusionError),
}

impl DeltaTableError {
    /// The failure that the page is told.
    pub fn into_failure(self) -> Failure {
        let code = match &self {
            DeltaTableError::Store(error) => return failure::of_store(error),
            DeltaTableError::Scalar(error) => return failure::of_plan(error),
            DeltaTableError::Log { source, .. } => match source.kind() {
                ErrorKind::NotATable | ErrorKind::Gone => ErrorCode::NotFound,
                ErrorKind::Unsupported => ErrorCode::UnsupportedFeature,
                ErrorKind::Malformed => ErrorCode::MalformedLog,
                ErrorKind::Misuse => ErrorCode::Internal,
            },
            DeltaTableError::Feature { .. } => ErrorCode::UnsupportedFeature,
            DeltaTableError::Partition { .. } | DeltaTableError::Outside { .. } => {
                ErrorCode::MalformedLog
            }
        };
        Failure::new(code, self.to_string())
    }
}

/// Opens the newest version of the Delta table in the folder `location`. Reads its log only.
///
/// # Errors
/// [`DeltaTableError`], when the log cannot be had, is not right, or asks for what is not supported.
pub async fn open(
    table: catalog::Name,
    location: Location,
    store: &dyn ByteStore,
    source: Source,
) -> Result<LakeTable, DeltaTableError> {
    let snapshot = walk(&location, store).await?;
    if snapshot.adds.iter().any(|add| add.deletion_vector.is_some()) {
        return Err(DeltaTableError::Feature { location, feature: "deletionVectors" });
    }
    if snapshot.metadata.column_mapping != ColumnMapping::None {
        return Err(DeltaTableError::Feature { location, feature: "columnMapping" });
    }
    if snapshot.metadata.schema.flattened_fields().into_iter().any(delta_log::is_variant) {
        return Err(DeltaTableError::Feature { location, feature: "variantType" });
    }
    let version = TableVersion {
        table,
        version: Some(snapshot.version),
        committed_at_us: snapshot.committed_at_us,
        n_files: snapshot.adds.len() as u64,
        size_bytes: snapshot.adds.iter().map(|add| add.size_bytes).sum(),
    };
    let metadata = &snapshot.metadata;
    let is_partition = |field: &FieldRef| metadata.partition_columns.contains(field.name());
    let (in_path, in_file): (Vec<FieldRef>, Vec<FieldRef>) =
        metadata.schema.fields().iter().cloned().partition(is_partition);
    let file_schema = Arc::new(Schema::new(in_file));
    let files = snapshot
        .adds
        .iter()
        .map(|add| {
            let partition_values = partition_values(&location, add, &in_path)?;
            Ok(DataFile {
                location: data_location(&location, add)?,
                size_bytes: add.size_bytes,
                statistics: statistics::of_add(add, &file_schema, &partition_values),
                partition_values,
            })
        })
        .collect::<Result<Vec<DataFile>, DeltaTableError>>()?;
    Ok(LakeTable::new(version, file_schema, in_path, files, source))
}

/// Reads the log of the table at `location` to its end.
///
/// # Errors
/// [`DeltaTableError`], when the log cannot be had or is not right.
pub async fn walk(location: &Location, store: &dyn ByteStore) -> Result<Snapshot, DeltaTableError> {
    let failed = |source| DeltaTableError::Log { location: location.clone(), source };
    let mut walk = LogWalk::new();
    let mut flying = FuturesUnordered::new();
    loop {
        match walk.step() {
            Step::Done(snapshot) => return Ok(*snapshot),
            Step::Fetch { path, .. } => {
                let request = store.get(&location.join(&path));
                flying.push(async move { (path, request.await) });
            }
            Step::Wait => {
                let Some((path, outcome)) = flying.next().await else {
                    return Err(failed(LogError::Unasked { path: String::new() }));
                };
                let fetched = match outcome {
                    Ok(bytes) => Fetched::Bytes(bytes),
                    Err(StoreError::Absent { .. }) => Fetched::Absent,
                    Err(error) => return Err(error.into()),
                };
                walk.answer(&path, fetched).map_err(failed)?;
            }
        }
    }
}

/// Where the file of `add` lies, of the table at `table`.
///
/// # Errors
/// [`DeltaTableError::Outside`] when no browser can fetch it.
pub fn data_location(table: &Location, add: &Add) -> Result<Location, DeltaTableError> {
    match &add.path {
        FilePath::Relative(path) => Ok(table.join(path)),
        FilePath::Absolute(url) if url.starts_with("http://") || url.starts_with("https://") => {
            Ok(Location::new(url.as_str()))
        }
        FilePath::Absolute(path) => {
            Err(DeltaTableError::Outside { location: table.clone(), file: path.clone() })
        }
    }
}

fn partition_values(
    table: &Location,
    add: &Add,
    columns: &[FieldRef],
) -> Result<Vec<ScalarValue>, DeltaTableError> {
    let value = |column: &FieldRef| {
        let text = add.partition_values.get(column.name()).and_then(Option::as_deref);
        let array = delta_log::partition_array(column.data_type(), text).map_err(|source| {
            DeltaTableError::Partition {
                location: table.clone(),
                file: add.path.as_str().to_owned(),
                source,
            }
        })?;
        Ok(ScalarValue::try_from_array(&array, 0)?)
    };
    columns.iter().map(value).collect()
}
