//! A table that is a Delta folder: its log walked over a byte store, its files as a [`LakeTable`].

use super::{FileSet, LakeTable, Source};
use crate::failure;
use crate::store::{ByteStore, Location, StoreError};
use delta_log::{ErrorKind, Fetched, LogError, LogWalk, Snapshot, Step};
use futures::StreamExt;
use futures::future::{AbortHandle, Abortable, Aborted};
use futures::stream::FuturesUnordered;
use protocol::{At, ErrorCode, Failure, TableVersion};
use std::collections::HashMap;
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
}

impl DeltaTableError {
    /// Whether the folder has no log at all.
    pub fn is_no_log(&self) -> bool {
        matches!(self, DeltaTableError::Log { source: LogError::NotATable, .. })
    }

    /// The failure that the page is told.
    pub fn into_failure(self) -> Failure {
        let code = match &self {
            DeltaTableError::Store(error) => return failure::of_store(error),
            DeltaTableError::Log { source, .. } => match source.kind() {
                ErrorKind::NotATable | ErrorKind::Gone => ErrorCode::NotFound,
                ErrorKind::Denied => ErrorCode::Forbidden,
                ErrorKind::Unsupported => ErrorCode::UnsupportedFeature,
                ErrorKind::Malformed => ErrorCode::MalformedLog,
                ErrorKind::Misuse => ErrorCode::Internal,
            },
        };
        Failure::new(code, self.to_string())
    }
}

/// Opens the Delta table in the folder `location` at one of its versions. Reads its log only. Goes on
/// from `known`, a state that this folder had, where its log is still the same; for a version asked
/// for by its number that is a state of that version.
///
/// # Errors
/// [`DeltaTableError`], when the log cannot be had, is not right, or asks for what is not supported.
pub async fn open(
    table: catalog::Name,
    location: Location,
    at: At,
    known: Option<Arc<Snapshot>>,
    store: &dyn ByteStore,
    source: Source,
) -> Result<LakeTable, DeltaTableError> {
    let walk = match (at, known) {
        (At::Newest, Some(known)) => LogWalk::resume(known),
        (At::Newest, None) => LogWalk::new(),
        (At::Version(version), Some(known)) if known.version == version => LogWalk::confirm(known),
        (At::Version(version), _) => LogWalk::at_version(version),
        (At::TimeUs(time_us), _) => LogWalk::at_timestamp(time_us),
    };
    let snapshot = take(walk, &location, store).await?;
    let version = TableVersion {
        table,
        version: Some(snapshot.version),
        committed_at_us: snapshot.committed_at_us,
        n_files: snapshot.adds.len() as u64,
        size_bytes: snapshot.adds.iter().map(|add| add.size_bytes).sum(),
        stale_since_us: None,
    };
    let files = FileSet::Delta { location, snapshot: Arc::clone(&snapshot) };
    Ok(LakeTable::of_snapshot(version, files, &snapshot, source))
}

/// Takes the steps of `walk`, fetching in parallel what it asks for.
async fn take(
    mut walk: LogWalk,
    location: &Location,
    store: &dyn ByteStore,
) -> Result<Arc<Snapshot>, DeltaTableError> {
    let failed = |source| DeltaTableError::Log { location: location.clone(), source };
    let mut flying = FuturesUnordered::new();
    let mut handles: HashMap<String, AbortHandle> = HashMap::new();
    loop {
        match walk.step() {
            Step::Done(snapshot) => return Ok(snapshot),
            // Dropped with its connection: a commit may have many megabytes.
            Step::Cancel { path } => {
                if let Some(handle) = handles.remove(&path) {
                    handle.abort();
                }
            }
            Step::Fetch { path, .. } => {
                let (handle, registration) = AbortHandle::new_pair();
                handles.insert(path.clone(), handle);
                let request = Abortable::new(store.get(&location.join(&path)), registration);
                flying.push(async move { (path, request.await) });
            }
            Step::Wait => {
                let Some((path, outcome)) = flying.next().await else {
                    return Err(failed(LogError::Unasked { path: String::new() }));
                };
                let fetched = match outcome {
                    Err(Aborted) => continue,
                    Ok(Ok(bytes)) => Fetched::Bytes(bytes),
                    Ok(Err(StoreError::Absent { .. })) => Fetched::Absent,
                    Ok(Err(StoreError::Forbidden { .. })) => Fetched::Forbidden,
                    Ok(Err(error)) => return Err(error.into()),
                };
                handles.remove(&path);
                walk.answer(&path, fetched).map_err(failed)?;
            }
        }
    }
}
