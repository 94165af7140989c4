//! Bytes that outlive the page: a second visit fetches the tip of each log and what is new, and a lake
//! opens without a network as it was when it was last read.
//!
//! What is kept is believed by its [`Kind`]: a file with an identity always; the files of a log once
//! its ends are found unchanged; any other never, except where no answer comes at all. Then
//! the answer is what was kept, and [`PersistentStore::stale_since_utc_s`] tells so. One visit reads
//! a log either from the network or, all of it, as it was: never a mixture.

#[cfg(target_arch = "wasm32")]
pub mod browser;
pub mod disk;
mod entry;
mod folder;
mod index;
mod log;
pub mod shelf;

pub use disk::{Disk, DiskError, MemoryDisk};
pub use shelf::Shelf;

use crate::clock::Clock;
use crate::{
    ByteStore, Content, FileFacts, Location, MAX_WHOLE_BYTES, Part, StoreError, Validator,
};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use entry::{FileKey, Slot, Stored};
use folder::{Kind, LOG_FOLDER};
use futures::FutureExt;
use futures::future::{BoxFuture, try_join_all};
use log::Folders;
use shelf::Found;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// A store whose answers are kept on a disk.
#[derive(Clone)]
pub struct PersistentStore(Arc<Keeper>);

struct Keeper {
    inner: Arc<dyn ByteStore>,
    /// Tells the files of this store from those of others on the same disk.
    scope: String,
    shelf: Shelf,
    clock: Arc<dyn Clock>,
    folders: Folders,
    /// By folder or file: when the oldest answer was saved that was given in place of the network's.
    stale: Mutex<BTreeMap<String, i64>>,
}

impl PersistentStore {
    /// A store that keeps what `inner` answers. `scope` is the root that `inner` reads below, such as
    /// its URL: what it keeps is not found by a store of another one. A signature in it counts for
    /// nothing.
    pub fn new(
        inner: Arc<dyn ByteStore>,
        scope: &str,
        shelf: Shelf,
        clock: Arc<dyn Clock>,
    ) -> PersistentStore {
        PersistentStore(Arc::new(Keeper {
            inner,
            scope: Location::new(scope).unsigned(),
            shelf,
            clock,
            folders: Folders::default(),
            stale: Mutex::default(),
        }))
    }

    /// Begins a new visit, as when a lake is opened again: logs are compared with the network before
    /// they are believed, and no answer counts as stale yet.
    pub fn begin_visit(&self) {
        self.0.folders.forget();
        self.0.stale.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Begins a new reading of the log of the Delta table at `table`: it is compared with the network
    /// before it is believed again, since the table may have been made anew meanwhile. A log that is
    /// read as it was stays so until the next visit.
    pub fn begin_reading(&self, table: &Location) {
        self.0.folders.doubt(&table.join(LOG_FOLDER));
    }

    /// Since when the answers of this visit for files at or below `location` may be out of date, in
    /// seconds since 1970, UTC: the network was away, and they are as they were then. `None` when
    /// all of them are the network's or cannot change.
    pub fn stale_since_utc_s(&self, location: &Location) -> Option<i64> {
        let stale = self.0.stale.lock().unwrap_or_else(PoisonError::into_inner);
        let is_within = |path: &str| Location::new(path).is_within(location);
        stale.iter().filter(|(path, _)| is_within(path)).map(|(_, saved)| *saved).min()
    }

    /// Removes all that is kept, of every store on the same disk: for when somebody logs out.
    ///
    /// # Errors
    /// When the disk does not remove a file.
    pub async fn clear(&self) -> Result<(), DiskError> {
        self.begin_visit();
        self.0.shelf.clear().await
    }
}

impl Keeper {
    fn key(&self, location: &Location) -> FileKey {
        let identity = location.identity().unwrap_or_default();
        FileKey::new(format!("{}\n{}\n{identity}", self.scope, location.unsigned()))
    }

    fn put(&self, key: &FileKey, slot: Slot, bytes: &Bytes, validator: &Validator) {
        let (bytes, validator) = (bytes.clone(), validator.clone());
        let stored = Stored { bytes, validator, saved_utc_s: self.clock.utc_s() };
        self.shelf.put(key, slot, stored);
    }

    fn mark_stale(&self, location: &Location, saved_utc_s: i64) {
        let mut stale = self.stale.lock().unwrap_or_else(PoisonError::into_inner);
        let since = stale.entry(location.unsigned()).or_insert(saved_utc_s);
        *since = saved_utc_s.min(*since);
    }

    async fn read(
        self: &Arc<Self>,
        location: &Location,
        part: Part,
    ) -> Result<Content, StoreError> {
        let key = self.key(location);
        match (Kind::of(location), part) {
            (Kind::Identified, Part::Range(range)) => {
                let found = self.shelf.cut(&key, &range).await;
                self.complete(location, &key, found).await
            }
            (Kind::Identified, Part::Whole { max_bytes }) => {
                match self.shelf.find(&key, Slot::Whole).await {
                    Some(stored) => bounded(location, stored, max_bytes),
                    None => self.fetch_whole(location, &key, max_bytes).await,
                }
            }
            (Kind::Log(file), part) => self.read_log(location, &file, part).await,
            (Kind::Hint(file), Part::Whole { max_bytes }) => {
                self.read_hint(location, &file, max_bytes).await
            }
            (Kind::Other, Part::Whole { max_bytes }) => {
                match self.fetch_whole(location, &key, max_bytes).await {
                    Err(away @ StoreError::Away { .. }) => {
                        let stored = self.shelf.find(&key, Slot::Whole).await;
                        let stored = stored.ok_or(away)?;
                        self.mark_stale(location, stored.saved_utc_s);
                        bounded(location, stored, max_bytes)
                    }
                    outcome => outcome,
                }
            }
            (Kind::Hint(_) | Kind::Other, part @ Part::Range(_)) => {
                self.inner.read(location, part).await
            }
        }
    }

    async fn fetch_whole(
        &self,
        location: &Location,
        key: &FileKey,
        max_bytes: u64,
    ) -> Result<Content, StoreError> {
        let content = self.inner.read(location, Part::Whole { max_bytes }).await?;
        self.put(key, Slot::Whole, &content.bytes, &content.validator);
        Ok(content)
    }

    /// Fetches what is missing of a range, each gap by itself, and puts it together.
    async fn complete(
        &self,
        location: &Location,
        key: &FileKey,
        found: Vec<Found>,
    ) -> Result<Content, StoreError> {
        let parts = try_join_all(found.into_iter().map(async |found| match found {
            Found::Stored(stored) => {
                Ok(Content { bytes: stored.bytes, validator: stored.validator })
            }
            Found::Missing(range) => {
                let start = range.start;
                let content = self.inner.read(location, Part::Range(range)).await?;
                self.put(key, Slot::Range(start), &content.bytes, &content.validator);
                Ok(content)
            }
        }));
        let parts = self.unchanged(location, key, parts.await).await?;
        if parts.len() == 1 {
            return Ok(parts.into_iter().next().unwrap_or_else(nothing));
        }
        let mut whole = BytesMut::with_capacity(parts.iter().map(|part| part.bytes.len()).sum());
        parts.iter().for_each(|part| whole.extend_from_slice(&part.bytes));
        let validator = parts.into_iter().next_back().unwrap_or_else(nothing).validator;
        Ok(Content { bytes: whole.freeze(), validator })
    }

    /// `parts` if nothing shows that they are of several contents; else the file is forgotten.
    async fn unchanged(
        &self,
        location: &Location,
        key: &FileKey,
        parts: Result<Vec<Content>, StoreError>,
    ) -> Result<Vec<Content>, StoreError> {
        let outcome = parts.and_then(|parts| {
            let difference = parts.windows(2).find_map(|pair| match pair {
                [a, b] => a.validator.difference(&b.validator),
                _ => None,
            });
            match difference {
                Some(reason) => Err(StoreError::Changed { location: location.clone(), reason }),
                None => Ok(parts),
            }
        });
        if let Err(StoreError::Changed { .. }) = outcome {
            self.shelf.forget(key).await;
        }
        outcome
    }

    async fn facts(&self, location: &Location) -> Result<FileFacts, StoreError> {
        let key = self.key(location);
        match self.inner.facts(location).await {
            Ok(facts) => {
                let validator = Validator { etag: facts.etag.clone(), ..Validator::default() };
                let mut bytes = BytesMut::new();
                bytes.put_u64(facts.size_bytes);
                bytes.put_i64(facts.modified_us.unwrap_or(i64::MIN));
                self.put(&key, Slot::Facts, &bytes.freeze(), &validator);
                Ok(facts)
            }
            Err(away @ StoreError::Away { .. }) => {
                let Some(stored) = self.shelf.find(&key, Slot::Facts).await else {
                    return Err(away);
                };
                let mut bytes = stored.bytes;
                let (Ok(size_bytes), Ok(modified_us)) = (bytes.try_get_u64(), bytes.try_get_i64())
                else {
                    return Err(away);
                };
                self.mark_stale(location, stored.saved_utc_s);
                let modified_us = (modified_us != i64::MIN).then_some(modified_us);
                Ok(FileFacts { size_bytes, modified_us, etag: stored.validator.etag })
            }
            Err(error) => Err(error),
        }
    }
}

fn nothing() -> Content {
    Content { bytes: Bytes::new(), validator: Validator::default() }
}

fn bounded(location: &Location, stored: Stored, limit_bytes: u64) -> Result<Content, StoreError> {
    if stored.bytes.len() as u64 > limit_bytes {
        return Err(StoreError::TooLarge { location: location.clone(), limit_bytes });
    }
    Ok(Content { bytes: stored.bytes, validator: stored.validator })
}

/// The bytes of `range` of a file that is kept whole.
fn sliced(location: &Location, stored: &Stored, range: &Range<u64>) -> Result<Content, StoreError> {
    let n_bytes = stored.bytes.len() as u64;
    if range.end > n_bytes || range.start > range.end {
        return Err(StoreError::WrongBytes {
            location: location.clone(),
            start: range.start,
            end: range.end,
            reason: format!("the file has {n_bytes} bytes"),
        });
    }
    let bytes = stored.bytes.slice(range.start as usize..range.end as usize);
    Ok(Content { bytes, validator: stored.validator.clone() })
}

impl ByteStore for PersistentStore {
    fn get(&self, location: &Location) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        let whole = self.read(location, Part::Whole { max_bytes: MAX_WHOLE_BYTES });
        async move { Ok(whole.await?.bytes) }.boxed()
    }

    fn get_range(
        &self,
        location: &Location,
        range: Range<u64>,
    ) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        let part = self.read(location, Part::Range(range));
        async move { Ok(part.await?.bytes) }.boxed()
    }

    fn facts(&self, location: &Location) -> BoxFuture<'static, Result<FileFacts, StoreError>> {
        let (keeper, location) = (Arc::clone(&self.0), location.clone());
        async move { keeper.facts(&location).await }.boxed()
    }

    fn read(
        &self,
        location: &Location,
        part: Part,
    ) -> BoxFuture<'static, Result<Content, StoreError>> {
        let (keeper, location) = (Arc::clone(&self.0), location.clone());
        async move { keeper.read(&location, part).await }.boxed()
    }

    fn gap_bytes(&self) -> u64 {
        self.0.inner.gap_bytes()
    }
}

impl fmt::Debug for PersistentStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (inner, shelf) = (&self.0.inner, &self.0.shelf);
        f.debug_struct("PersistentStore").field("inner", inner).field("shelf", shelf).finish()
    }
}

#[cfg(test)]
mod tests;
