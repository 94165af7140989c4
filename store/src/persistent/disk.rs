//! A flat folder that outlives the page, as small as a cache needs it.

use bytes::Bytes;
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Files by name. Nothing is promised but that a file which is read was written by that name, maybe
/// in part, maybe long ago, maybe by another page: whoever reads checks what came.
pub trait Disk: fmt::Debug + Send + Sync {
    /// The names of all files, in any order.
    fn list(&self) -> BoxFuture<'static, Result<Vec<String>, DiskError>>;

    /// All of a file; `None` when there is none of that name.
    fn read(&self, name: &str) -> BoxFuture<'static, Result<Option<Bytes>, DiskError>>;

    /// Writes a file in place of what was there.
    fn write(&self, name: &str, bytes: Bytes) -> BoxFuture<'static, Result<(), DiskError>>;

    /// Removes a file; no matter if there is none.
    fn remove(&self, name: &str) -> BoxFuture<'static, Result<(), DiskError>>;
}

/// Why a disk did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiskError {
    /// The page may not keep more.
    #[error("the browser gives this page no more room")]
    Full,
    /// Anything else, such as a file that another page has open.
    #[error("{reason}")]
    Broken {
        /// The platform's text.
        reason: String,
    },
}

/// A disk in memory, for tests.
#[derive(Default)]
pub struct MemoryDisk {
    files: Mutex<BTreeMap<String, Bytes>>,
    room_bytes: Mutex<Option<u64>>,
}

impl MemoryDisk {
    /// Lets it hold so many bytes and no more.
    pub fn limit(&self, room_bytes: u64) {
        *self.room_bytes.lock().unwrap_or_else(PoisonError::into_inner) = Some(room_bytes);
    }

    /// The names of all files.
    pub fn names(&self) -> Vec<String> {
        self.files().keys().cloned().collect()
    }

    /// Changes what a file holds behind everybody's back.
    pub fn damage(&self, name: &str, damage: impl FnOnce(&mut Vec<u8>)) {
        if let Some(bytes) = self.files().get_mut(name) {
            let mut damaged = bytes.to_vec();
            damage(&mut damaged);
            *bytes = damaged.into();
        }
    }

    /// How many bytes it holds.
    pub fn size_bytes(&self) -> u64 {
        self.files().values().map(|bytes| bytes.len() as u64).sum()
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk for MemoryDisk {
    fn list(&self) -> BoxFuture<'static, Result<Vec<String>, DiskError>> {
        ready(Ok(self.names())).boxed()
    }

    fn read(&self, name: &str) -> BoxFuture<'static, Result<Option<Bytes>, DiskError>> {
        ready(Ok(self.files().get(name).cloned())).boxed()
    }

    fn write(&self, name: &str, bytes: Bytes) -> BoxFuture<'static, Result<(), DiskError>> {
        let room_bytes = *self.room_bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let n_bytes = bytes.len() as u64;
        if room_bytes.is_some_and(|room_bytes| self.size_bytes() + n_bytes > room_bytes) {
            return ready(Err(DiskError::Full)).boxed();
        }
        self.files().insert(name.to_owned(), bytes);
        ready(Ok(())).boxed()
    }

    fn remove(&self, name: &str) -> BoxFuture<'static, Result<(), DiskError>> {
        self.files().remove(name);
        ready(Ok(())).boxed()
    }
}

impl fmt::Debug for MemoryDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryDisk({} files)", self.files().len())
    }
}
