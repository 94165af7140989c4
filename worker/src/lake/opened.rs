//! Tables that were opened before: what never changes of them is not read again.

use crate::store::Location;
use crate::table::LakeTable;
use protocol::At;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many states of tables are kept.
const MAX_HELD: usize = 32;

/// The files of all states that are kept, the one opened last aside.
const MAX_HELD_FILES: u64 = 500_000;

/// States of Delta tables, the one used last in front.
#[derive(Debug, Default)]
pub struct Opened(Mutex<VecDeque<(Location, LakeTable)>>);

impl Opened {
    /// The table at `location` at a version that was opened before. Which version is the newest,
    /// and which one a time means, only the log knows.
    pub fn at(&self, location: &Location, at: At) -> Option<LakeTable> {
        let At::Version(version) = at else { return None };
        let mut held = self.held();
        let held_idx = held.iter().position(|(place, table)| {
            place == location && table.version.version == Some(version)
        })?;
        let found = held.remove(held_idx)?;
        let table = found.1.clone();
        held.push_front(found);
        Some(table)
    }

    /// The newest state of the table at `location` that was opened before.
    pub fn newest(&self, location: &Location) -> Option<LakeTable> {
        let held = self.held();
        let of_table = held.iter().filter(|(place, _)| place == location);
        of_table.map(|(_, table)| table).max_by_key(|table| table.version.version).cloned()
    }

    /// Drops all states of the table at `location`: another log lies there.
    pub fn forget(&self, location: &Location) {
        self.held().retain(|(place, _)| place != location);
    }

    /// Keeps a state; the one that was not used for longest goes.
    pub fn keep(&self, location: Location, table: &LakeTable) {
        let mut held = self.held();
        held.retain(|(place, other)| {
            *place != location || other.version.version != table.version.version
        });
        held.push_front((location, table.clone()));
        held.truncate(MAX_HELD);
        let mut n_files = 0;
        let mut n_kept = 0;
        for (_, table) in held.iter() {
            n_files += table.version.n_files;
            if n_kept > 0 && n_files > MAX_HELD_FILES {
                break;
            }
            n_kept += 1;
        }
        held.truncate(n_kept);
    }

    fn held(&self) -> MutexGuard<'_, VecDeque<(Location, LakeTable)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
