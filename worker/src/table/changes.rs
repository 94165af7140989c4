//! The change data feed of a Delta table as two tables: the changes that its writer recorded, and
//! those that follow from the files that came and went.

use super::files::{FileError, data_location};
use super::{DataFile, FileRows, FileSet, LakeTable, Source, Words};
use crate::failure;
use crate::reader::Footers;
use crate::store::{ByteStore, Location, StoreError};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, TimeUnit};
use datafusion::common::{DataFusionError, ScalarValue};
use delta_log::{
    CHANGE_TYPE, COMMIT_TIMESTAMP, COMMIT_VERSION, ChangeError, ChangeStep, ChangeWalk,
    ChangedFile, ChangedRows, CommitChanges, ErrorKind, Fetched, PartitionError, Snapshot,
    partition_array, physical_name,
};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use protocol::{ErrorCode, Failure, TableVersion};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Why changes cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum ChangesError {
    /// Bytes did not come.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log does not tell them.
    #[error("{location}: {source}")]
    Walk {
        /// The table's folder.
        location: Location,
        /// Why.
        source: ChangeError,
    },
    /// A file that cannot be fetched.
    #[error(transparent)]
    File(#[from] FileError),
    /// A partition value does not fit its column.
    #[error("{location}: {source}")]
    Partition {
        /// The table's folder.
        location: Location,
        /// Why.
        source: PartitionError,
    },
    /// A value that DataFusion lacks.
    #[error(transparent)]
    Value(#[from] DataFusionError),
}

impl ChangesError {
    /// The failure that the page is told.
    pub fn into_failure(self) -> Failure {
        let code = match &self {
            ChangesError::Store(error) => return failure::of_store(error),
            ChangesError::Value(error) => return failure::of_plan(error),
            ChangesError::Walk { source, .. } => match source.kind() {
                ErrorKind::NotATable | ErrorKind::Gone => ErrorCode::NotFound,
                ErrorKind::Denied => ErrorCode::Forbidden,
                ErrorKind::Unsupported => ErrorCode::UnsupportedFeature,
                ErrorKind::Malformed => ErrorCode::MalformedLog,
                ErrorKind::Misuse => ErrorCode::Internal,
            },
            ChangesError::File(_) | ChangesError::Partition { .. } => ErrorCode::MalformedLog,
        };
        Failure::new(code, self.to_string())
    }
}

/// The changes of versions `first.version` to `last_version`, both included: recorded ones, then
/// those that follow from files. Both have the table's columns and then [`CHANGE_TYPE`],
/// [`COMMIT_VERSION`] and [`COMMIT_TIMESTAMP`]. Reads commits only.
///
/// # Errors
/// [`ChangesError`], also when the feed was not enabled at one of the versions.
pub async fn open(
    version: &TableVersion,
    location: &Location,
    first: &Snapshot,
    last_version: u64,
    store: &dyn ByteStore,
    source: &Source,
) -> Result<[LakeTable; 2], ChangesError> {
    let commits = take(first, last_version, location, store).await?;
    let (mut recorded, mut implied) = (Vec::new(), Vec::new());
    for commit in &commits {
        for file in &commit.files {
            let parts: Vec<(Option<&str>, Option<FileRows>)> = match &file.rows {
                ChangedRows::Recorded => vec![(None, None)],
                ChangedRows::Inserted(vector) => {
                    vec![(Some("insert"), vector.clone().map(FileRows::Without))]
                }
                ChangedRows::Deleted(vector) => {
                    vec![(Some("delete"), vector.clone().map(FileRows::Without))]
                }
                ChangedRows::Vector { before, after } => {
                    let since = |before: &Option<_>, after: &Option<_>| {
                        Some(FileRows::Since { before: before.clone(), after: after.clone() })
                    };
                    vec![
                        (Some("delete"), since(before, after)),
                        (Some("insert"), since(after, before)),
                    ]
                }
            };
            for (change, rows) in parts {
                let file = changed(location, first, commit, file, change, rows, store).await?;
                match change {
                    None => recorded.push(file),
                    Some(_) => implied.push(file),
                }
            }
        }
    }
    let table = |in_file: &[FieldRef], files| {
        let metadata = &first.metadata;
        let own = metadata.file_fields().chain(in_file);
        let words = Words { fields: own.cloned().collect(), mapping: metadata.column_mapping };
        let fields: Fields =
            metadata.schema.fields().iter().cloned().chain(added_fields()).collect();
        let is_partition = |field: &&FieldRef| {
            metadata.partition_columns.contains(field.name())
                || (metadata.schema.field_with_name(field.name()).is_err()
                    && !in_file.iter().any(|it| it.name() == field.name()))
        };
        LakeTable {
            version: version.clone(),
            schema: super::engine_schema(&fields),
            partition_columns: fields
                .iter()
                .filter(is_partition)
                .map(|field| field.name().clone())
                .collect(),
            words: Some(Arc::new(words)),
            files: Arc::new(FileSet::Listed(files)),
            footers: Footers::within(source.store.budget()),
            source: source.clone(),
        }
    };
    let [change_type, ..] = added_fields();
    Ok([table(&[change_type], recorded), table(&[], implied)])
}

/// What a feed adds to the table's columns.
fn added_fields() -> [FieldRef; 3] {
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    [
        Arc::new(Field::new(CHANGE_TYPE, DataType::Utf8, true)),
        Arc::new(Field::new(COMMIT_VERSION, DataType::Int64, true)),
        Arc::new(Field::new(COMMIT_TIMESTAMP, time, true)),
    ]
}

async fn changed(
    location: &Location,
    first: &Snapshot,
    commit: &CommitChanges,
    file: &ChangedFile,
    change: Option<&str>,
    rows: Option<FileRows>,
    store: &dyn ByteStore,
) -> Result<DataFile, ChangesError> {
    let place = data_location(location, &file.path)?;
    let size_bytes = match file.size_bytes {
        Some(size_bytes) => size_bytes,
        None => store.facts(&place).await?.size_bytes,
    };
    let mut partition_values = BTreeMap::new();
    for field in first.metadata.partition_fields() {
        let text = file.partition_values.get(physical_name(field)).and_then(Option::as_deref);
        let array = partition_array(field.data_type(), text)
            .map_err(|source| ChangesError::Partition { location: location.clone(), source })?;
        let wanted = super::engine_schema(&Fields::from(vec![Arc::clone(field)]));
        let value = ScalarValue::try_from_array(&array, 0)?;
        partition_values.insert(field.name().clone(), value.cast_to(wanted.field(0).data_type())?);
    }
    let version = i64::try_from(commit.version).ok();
    let time = ScalarValue::TimestampMicrosecond(commit.committed_at_us, Some("UTC".into()));
    partition_values.insert(COMMIT_VERSION.to_owned(), ScalarValue::Int64(version));
    partition_values.insert(COMMIT_TIMESTAMP.to_owned(), time);
    if let Some(change) = change {
        let change = ScalarValue::Utf8View(Some(change.to_owned()));
        partition_values.insert(CHANGE_TYPE.to_owned(), change);
    }
    let rows = rows.map(|rows| (location.clone(), rows));
    Ok(DataFile { location: place, size_bytes, partition_values, rows })
}

/// Takes the steps of a walk over the commits.
async fn take(
    first: &Snapshot,
    last_version: u64,
    location: &Location,
    store: &dyn ByteStore,
) -> Result<Vec<CommitChanges>, ChangesError> {
    let failed = |source| ChangesError::Walk { location: location.clone(), source };
    let mut walk = ChangeWalk::new(first, last_version).map_err(failed)?;
    let mut flying = FuturesUnordered::new();
    let mut commits = Vec::new();
    loop {
        match walk.step() {
            ChangeStep::Done => return Ok(commits),
            ChangeStep::Commit(commit) => commits.push(*commit),
            ChangeStep::Fetch { path } => {
                let request = store.get(&location.join(&path));
                flying.push(async move { (path, request.await) });
            }
            ChangeStep::Wait => {
                let Some((path, outcome)) = flying.next().await else { return Ok(commits) };
                let fetched = match outcome {
                    Ok(bytes) => Fetched::Bytes(bytes),
                    Err(StoreError::Absent { .. }) => Fetched::Absent,
                    Err(StoreError::Forbidden { .. }) => Fetched::Forbidden,
                    Err(error) => return Err(error.into()),
                };
                walk.answer(&path, fetched).map_err(failed)?;
            }
        }
    }
}
