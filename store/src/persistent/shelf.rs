//! Entries on a disk that may lose, damage or refuse any of them: what cannot be read is not there,
//! what cannot be written is not kept, and nothing fails because of either.

use super::disk::{Disk, DiskError};
use super::entry::{FileKey, LAYOUT, Slot, Stored};
use super::index::{EntryKey, Index};
use crate::gate::Gate;
use crate::turn;
use bytes::Bytes;
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::{BoxFuture, Shared};
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is kept unless it is told otherwise.
pub const CAPACITY_BYTES: u64 = 512 << 20;

/// Entries that wait to be written may take so much memory; those beyond it are not kept.
const MAX_WAITING_BYTES: u64 = 64 << 20;

/// The order of use is written after so many uses.
const USES_PER_RECENCY: u64 = 64;

/// So many writes at once.
const MAX_WRITES: usize = 2;

/// Entries on a disk.
#[derive(Clone)]
pub struct Shelf(Arc<Inside>);

struct Inside {
    disk: Arc<dyn Disk>,
    state: Mutex<State>,
    gate: Arc<Gate>,
    loaded: Mutex<Option<Shared<BoxFuture<'static, ()>>>>,
}

#[derive(Default)]
struct State {
    index: Index,
    capacity_bytes: u64,
    /// Counts how often everything was removed: what was begun before is not to appear after.
    n_clears: u64,
    n_writes: u64,
    /// What is not written yet, each entry in its latest form.
    waiting: HashMap<EntryKey, Waiting>,
    waiting_bytes: u64,
    n_puts: u64,
    n_unrecorded: u64,
    settling: Vec<oneshot::Sender<()>>,
    is_refused: bool,
}

/// An entry that is not written yet.
#[derive(Clone)]
struct Waiting {
    /// Which of all that were put.
    put: u64,
    key: FileKey,
    stored: Stored,
}

/// A part of a range that was looked up.
#[derive(Debug, Clone)]
pub enum Found {
    /// It is there.
    Stored(Stored),
    /// It is not.
    Missing(Range<u64>),
}

impl Shelf {
    /// The entries on `disk`, which may take `capacity_bytes`; the least recently used go first.
    pub fn new(disk: Arc<dyn Disk>, capacity_bytes: u64) -> Shelf {
        Shelf(Arc::new(Inside {
            disk,
            state: Mutex::new(State { capacity_bytes, ..State::default() }),
            gate: Gate::new(MAX_WRITES),
            loaded: Mutex::default(),
        }))
    }

    /// What is kept in that slot.
    pub async fn find(&self, key: &FileKey, slot: Slot) -> Option<Stored> {
        self.loaded().await;
        if let Some(waiting) = self.state().waiting.get(&(key.hash, slot))
            && waiting.key == *key
        {
            return Some(waiting.stored.clone());
        }
        self.take((key.hash, slot), key).await
    }

    /// `range`, cut where entries begin and end.
    pub async fn cut(&self, key: &FileKey, range: &Range<u64>) -> Vec<Found> {
        self.loaded().await;
        let held = self.state().index.overlapping(key.hash, range);
        let (mut at, mut found) = (range.start, Vec::new());
        for entry in held {
            let (start, end) = (entry.start.max(at), entry.end.min(range.end));
            if start >= end {
                continue;
            }
            let Some(mut stored) = self.take((key.hash, Slot::Range(entry.start)), key).await
            else {
                continue;
            };
            if stored.bytes.len() as u64 != entry.end - entry.start {
                continue;
            }
            if start > at {
                found.push(Found::Missing(at..start));
            }
            let within = (start - entry.start) as usize..(end - entry.start) as usize;
            stored.bytes = stored.bytes.slice(within);
            found.push(Found::Stored(stored));
            at = end;
        }
        if at < range.end {
            found.push(Found::Missing(at..range.end));
        }
        found
    }

    /// Keeps an entry. It is written later; nobody is told if it cannot be. One that is put again
    /// before it is written is written once.
    pub fn put(&self, key: &FileKey, slot: Slot, stored: Stored) {
        let (entry, n_bytes) = ((key.hash, slot), stored.bytes.len() as u64);
        let n_clears = {
            let mut state = self.state();
            let before = state.waiting.get(&entry).map(|it| it.stored.bytes.len() as u64);
            let waiting_bytes = state.waiting_bytes - before.unwrap_or(0) + n_bytes;
            let is_too_large = n_bytes > state.capacity_bytes / 2;
            if state.is_refused || is_too_large || waiting_bytes > MAX_WAITING_BYTES {
                return;
            }
            state.n_puts += 1;
            state.waiting_bytes = waiting_bytes;
            let waiting = Waiting { put: state.n_puts, key: key.clone(), stored };
            state.waiting.insert(entry, waiting);
            if before.is_some() {
                return;
            }
            state.n_writes += 1;
            state.n_clears
        };
        let shelf = self.clone();
        turn::spawn(
            async move {
                shelf.write_waiting(entry, n_clears).await;
                shelf.written();
            }
            .boxed(),
        );
    }

    /// Writes an entry until its latest form is written.
    async fn write_waiting(&self, entry: EntryKey, n_clears: u64) {
        self.loaded().await;
        let _pass = self.0.gate.enter().await;
        loop {
            let Some(waiting) = self.state().waiting.get(&entry).cloned() else { return };
            self.write(&waiting.key, entry.1, &waiting.stored, n_clears).await;
            let mut state = self.state();
            if state.waiting.get(&entry).is_none_or(|latest| latest.put == waiting.put) {
                state.give_up(entry);
                return;
            }
        }
    }

    /// Removes every entry of a file.
    pub async fn forget(&self, key: &FileKey) {
        self.loaded().await;
        let entries = {
            let mut state = self.state();
            let waiting = state.waiting.keys().filter(|(hash, _)| *hash == key.hash);
            for entry in waiting.copied().collect::<Vec<EntryKey>>() {
                state.give_up(entry);
            }
            state.index.of_file(key.hash)
        };
        for entry in entries {
            self.drop_entry(entry).await;
        }
    }

    /// Removes everything, that of other layouts included.
    ///
    /// # Errors
    /// What the disk says of the first file that it does not remove; the others are removed.
    pub async fn clear(&self) -> Result<(), DiskError> {
        self.loaded().await;
        {
            let mut state = self.state();
            state.n_clears += 1;
            state.index = Index::default();
            state.waiting.clear();
            state.waiting_bytes = 0;
        }
        let mut outcome = Ok(());
        for name in self.0.disk.list().await? {
            outcome = outcome.and(self.0.disk.remove(&name).await);
        }
        outcome
    }

    /// Waits until everything that was put is written, or could not be.
    pub async fn settle(&self) {
        let turn = {
            let mut state = self.state();
            if state.n_writes == 0 {
                return;
            }
            let (sender, turn) = oneshot::channel();
            state.settling.push(sender);
            turn
        };
        let _ = turn.await;
    }

    /// About what all entries take.
    pub fn size_bytes(&self) -> u64 {
        self.state().index.size_bytes()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the names on disk, once.
    async fn loaded(&self) {
        let loading = {
            let mut loaded = self.0.loaded.lock().unwrap_or_else(PoisonError::into_inner);
            let shelf = self.clone();
            loaded.get_or_insert_with(|| async move { shelf.load().await }.boxed().shared()).clone()
        };
        loading.await;
    }

    async fn load(&self) {
        let disk = &self.0.disk;
        let Ok(mut names) = disk.list().await else { return };
        let recency_name = recency_name();
        names.retain(|name| *name != recency_name);
        let recency = disk.read(&recency_name).await.ok().flatten().unwrap_or_default();
        let (index, mut useless) = Index::load(names, &String::from_utf8_lossy(&recency));
        {
            let mut state = self.state();
            state.index = index;
            let capacity_bytes = state.capacity_bytes;
            useless.extend(state.index.evict(capacity_bytes));
        }
        for name in useless {
            let _ = disk.remove(&name).await;
        }
    }

    async fn take(&self, entry: EntryKey, key: &FileKey) -> Option<Stored> {
        let name = {
            let mut state = self.state();
            state.index.touch(entry);
            state.n_unrecorded += 1;
            state.index.name(entry)?
        };
        let file = self.0.disk.read(&name).await.ok().flatten();
        let stored = file.and_then(|file| Stored::decode(&file, key));
        if stored.is_none() {
            self.drop_entry(entry).await;
        }
        stored
    }

    async fn drop_entry(&self, entry: EntryKey) {
        let name = {
            let mut state = self.state();
            let name = state.index.name(entry);
            state.index.remove(entry);
            name
        };
        if let Some(name) = name {
            let _ = self.0.disk.remove(&name).await;
        }
    }

    async fn write(&self, key: &FileKey, slot: Slot, stored: &Stored, n_clears: u64) {
        let (entry, n_bytes) = ((key.hash, slot), stored.bytes.len() as u64);
        let name = super::entry::name(key.hash, slot, n_bytes);
        let file = stored.encode(key);
        let mut outcome = Err(DiskError::Full);
        for _ in 0..2 {
            if self.state().n_clears != n_clears {
                return;
            }
            outcome = self.0.disk.write(&name, file.clone()).await;
            if outcome != Err(DiskError::Full) {
                break;
            }
            // The browser's room is smaller than ours: make do with three quarters of what fitted.
            let capacity_bytes = {
                let mut state = self.state();
                state.capacity_bytes = state.index.size_bytes() / 4 * 3;
                state.capacity_bytes
            };
            self.shrink(capacity_bytes).await;
        }
        match outcome {
            Ok(()) if self.state().n_clears != n_clears => self.remove_all([name]).await,
            Ok(()) => {
                let (replaced, capacity_bytes) = {
                    let mut state = self.state();
                    state.n_unrecorded += 1;
                    (state.index.insert(entry, n_bytes), state.capacity_bytes)
                };
                let replaced = replaced.map(|old| super::entry::name(key.hash, slot, old));
                self.remove_all(replaced).await;
                self.shrink(capacity_bytes).await;
                self.record().await;
            }
            Err(DiskError::Full) => self.state().is_refused = true,
            // Another page has the file open, or it is gone: what it holds is not ours.
            Err(DiskError::Broken { .. }) => {}
        }
    }

    async fn shrink(&self, capacity_bytes: u64) {
        let names = self.state().index.evict(capacity_bytes);
        self.remove_all(names).await;
    }

    async fn remove_all(&self, names: impl IntoIterator<Item = String>) {
        for name in names {
            let _ = self.0.disk.remove(&name).await;
        }
    }

    /// Writes the order of use now and then.
    async fn record(&self) {
        let recency = {
            let mut state = self.state();
            if state.n_unrecorded < USES_PER_RECENCY {
                return;
            }
            state.n_unrecorded = 0;
            state.index.recency()
        };
        let _ = self.0.disk.write(&recency_name(), Bytes::from(recency)).await;
    }

    fn written(&self) {
        let mut state = self.state();
        state.n_writes -= 1;
        if state.n_writes == 0 {
            for settled in state.settling.drain(..) {
                let _ = settled.send(());
            }
        }
    }
}

impl State {
    /// Does not write an entry that waits.
    fn give_up(&mut self, entry: EntryKey) {
        if let Some(waiting) = self.waiting.remove(&entry) {
            self.waiting_bytes -= waiting.stored.bytes.len() as u64;
        }
    }
}

fn recency_name() -> String {
    format!("{LAYOUT}-recency")
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shelf").field("disk", &self.0.disk).finish_non_exhaustive()
    }
}
