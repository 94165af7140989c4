//! A table at one state, as far as it must be read to be described.

use super::counted::Counted;
use super::until::Until;
use crate::failure;
use crate::lake::Lake;
use crate::store::{ByteStore, Location};
use crate::table::delta;
use delta_log::Snapshot;
use protocol::{At, ErrorCode, Failure, TableAt, TableKind};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// So many states of tables are kept. One may have hundreds of thousands of files.
const N_KEPT: usize = 2;

/// What there is at a location.
#[derive(Debug)]
pub enum State {
    /// A Delta table.
    Log(Arc<Snapshot>),
    /// One Parquet file.
    File(PlainFile),
}

/// A file that no log describes.
#[derive(Debug, Clone)]
pub struct PlainFile {
    /// Where it lies.
    pub location: Location,
    /// Its size.
    pub size_bytes: u64,
    /// When it was last modified, UTC microseconds, if the server says so.
    pub modified_us: Option<i64>,
}

/// The states of Delta tables that were read last: a state never changes under its version, and
/// whoever describes a table mostly looks at its files next.
#[derive(Debug, Default)]
pub struct Snapshots(Mutex<VecDeque<(Location, Arc<Snapshot>)>>);

impl Snapshots {
    fn find(&self, location: &Location, version: u64) -> Option<Arc<Snapshot>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter()
            .find(|(place, snapshot)| place == location && snapshot.version == version)
            .map(|(_, snapshot)| Arc::clone(snapshot))
    }

    /// The latest version of that table that is kept.
    pub fn latest(&self, location: &Location) -> Option<u64> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let versions = kept.iter().filter(|(place, _)| place == location);
        versions.map(|(_, snapshot)| snapshot.version).max()
    }

    fn keep(&self, location: &Location, snapshot: &Arc<Snapshot>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(place, other)| place != location || other.version != snapshot.version);
        kept.push_front((location.clone(), Arc::clone(snapshot)));
        kept.truncate(N_KEPT);
    }
}

/// Where the table lies, without a slash at its end.
pub fn place(table: &TableAt) -> Location {
    Location::new(table.location.trim_end_matches('/'))
}

impl Lake {
    /// Reads as much of `table` as tells its files; a version that was read a moment ago is not
    /// read again.
    ///
    /// # Errors
    /// A [`Failure`]: nothing is there, it is not right, or it is no table that can be described.
    pub(super) async fn state_of(
        &self,
        table: &TableAt,
        store: &Counted,
    ) -> Result<State, Failure> {
        let location = place(table);
        match (Lake::kind(&table.location), table.at) {
            (TableKind::Delta, at) => {
                let held = match at {
                    At::Version(version) => self.snapshots().find(&location, version),
                    At::Newest | At::TimeUs(_) => None,
                };
                let snapshot = match held {
                    Some(snapshot) => snapshot,
                    None => Arc::new(read_log(&location, at, store).await?),
                };
                self.snapshots().keep(&location, &snapshot);
                Ok(State::Log(snapshot))
            }
            (TableKind::Parquet, At::Newest) => {
                let facts =
                    store.facts(&location).await.map_err(|error| failure::of_store(&error))?;
                let (size_bytes, modified_us) = (facts.size_bytes, facts.modified_us);
                Ok(State::File(PlainFile { location, size_bytes, modified_us }))
            }
            (TableKind::Parquet, _) => {
                let message = format!("{location} is a file, which has one state only");
                Err(Failure::new(ErrorCode::InvalidRequest, message))
            }
            (TableKind::Files, _) => {
                let message = format!("{location}: the files of a manifest are not described");
                Err(Failure::new(ErrorCode::InvalidRequest, message))
            }
        }
    }
}

/// Reads the log at `location` as it was at `at`.
///
/// # Errors
/// A [`Failure`], which says so when that version is gone or has never been.
pub async fn read_log(
    location: &Location,
    at: At,
    store: &(impl ByteStore + Clone + 'static),
) -> Result<Snapshot, Failure> {
    let failed = |error: delta::DeltaTableError| error.into_failure();
    match at {
        At::Newest => delta::walk(location, store).await.map_err(failed),
        At::Version(version) => {
            let until = Until { inner: Arc::new(store.clone()), version };
            let snapshot = delta::walk(location, &until).await.map_err(failed)?;
            until.check(location, Some(snapshot.version))?;
            Ok(snapshot)
        }
        At::TimeUs(_) => {
            let message = format!("{location}: a state is named by its version");
            Err(Failure::new(ErrorCode::InvalidRequest, message))
        }
    }
}
