//! A table at one state, as far as it must be read to be described.

use super::counted::Counted;
use crate::failure;
use crate::lake::Lake;
use crate::rows::unnamed;
use crate::store::{ByteStore, Location};
use delta_log::Snapshot;
use protocol::{At, ErrorCode, Failure, TableAt, TableKind};
use std::sync::Arc;

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

/// Where the table lies, without a slash at its end.
pub fn place(table: &TableAt) -> Location {
    Location::new(table.location.trim_end_matches('/'))
}

impl Lake {
    /// Reads as much of `table` as tells its files, through `store`; a version that was opened
    /// before is not read again.
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
            (TableKind::Parquet, At::Newest) => {
                let facts = store.facts(&location).await;
                let facts = facts.map_err(|error| failure::of_store(&error))?;
                let (size_bytes, modified_us) = (facts.size_bytes, facts.modified_us);
                Ok(State::File(PlainFile { location, size_bytes, modified_us }))
            }
            (kind, _) => {
                let opened = self.open_through(unnamed()?, kind, table, store).await?;
                opened.snapshot().cloned().map(State::Log).ok_or_else(|| {
                    let message = format!("{location}: the files of a manifest are not described");
                    Failure::new(ErrorCode::InvalidRequest, message)
                })
            }
        }
    }
}
