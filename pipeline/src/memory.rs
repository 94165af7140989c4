//! The memory that the queries of a build share.
//!
//! What spills to disk has a fair share of what the rest leaves, as of DataFusion's own `FairSpillPool`, and more. Half of the
//! whole is kept for what cannot spill: a sort counts its rows a second time while it merges them, and a merge that
//! finds no room ends the query. Of the many operators of a long query few work at a time, so
//! that one may take half of what nobody has. And what holds nothing yet gets its first piece: it has nothing to
//! spill, and refusing it would end the query.

use datafusion::common::human_readable_size;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So many spilled files are merged at once. A merge would open as many as it is given memory for, and leave none to the
/// next one.
const MOST_MERGED: usize = 8;

/// A pool of so many bytes.
#[derive(Debug)]
pub(crate) struct SharedMemory {
    size_bytes: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    /// Operators that can spill.
    n_spilling: usize,
    spilling_bytes: usize,
    fixed_bytes: usize,
}

impl SharedMemory {
    pub(crate) fn new(size_bytes: usize) -> SharedMemory {
        SharedMemory { size_bytes, taken: Mutex::default() }
    }

    /// What queries run with that share `size_bytes`.
    ///
    /// # Errors
    /// When there is no folder for what is spilled.
    pub(crate) fn runtime(size_bytes: usize) -> Result<Arc<RuntimeEnv>> {
        RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(SharedMemory::new(size_bytes)))
            .with_max_spill_merge_fan_in(MOST_MERGED)
            .build_arc()
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What operators that spill have together at most, while the others have less than their half.
    fn spilling_at_most(&self) -> usize {
        self.size_bytes / 2
    }

    /// How far an operator may grow that spills or does not.
    fn free_for(&self, taken: &Taken, reservation: &MemoryReservation) -> usize {
        if reservation.consumer().can_spill() {
            let left = self.size_bytes.saturating_sub(taken.fixed_bytes);
            let left = left.min(self.spilling_at_most());
            let share = left / taken.n_spilling.max(1);
            let half = left.saturating_sub(taken.spilling_bytes) / 2;
            share.saturating_sub(reservation.size()).max(half)
        } else {
            let spilling_bytes = taken.spilling_bytes.min(self.spilling_at_most());
            self.size_bytes.saturating_sub(taken.fixed_bytes + spilling_bytes)
        }
    }
}

impl Taken {
    fn of(&mut self, consumer: &MemoryConsumer) -> &mut usize {
        if consumer.can_spill() { &mut self.spilling_bytes } else { &mut self.fixed_bytes }
    }
}

impl MemoryPool for SharedMemory {
    fn name(&self) -> &str {
        "shared"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.taken().n_spilling += usize::from(consumer.can_spill());
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        let mut taken = self.taken();
        taken.n_spilling = taken.n_spilling.saturating_sub(usize::from(consumer.can_spill()));
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        *self.taken().of(reservation.consumer()) += additional;
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        let mut taken = self.taken();
        let bytes = taken.of(reservation.consumer());
        *bytes = bytes.saturating_sub(shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let mut taken = self.taken();
        let free = self.free_for(&taken, reservation);
        let is_first = reservation.consumer().can_spill() && reservation.size() == 0;
        if additional > free && !is_first {
            return Err(DataFusionError::ResourcesExhausted(format!(
                "{} needs {} more than its {}, and {} of {} are left for it",
                reservation.consumer().name(),
                human_readable_size(additional),
                human_readable_size(reservation.size()),
                human_readable_size(free),
                human_readable_size(self.size_bytes),
            )));
        }
        *taken.of(reservation.consumer()) += additional;
        Ok(())
    }

    fn reserved(&self) -> usize {
        let taken = self.taken();
        taken.spilling_bytes + taken.fixed_bytes
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.size_bytes)
    }
}

impl fmt::Display for SharedMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.name(), human_readable_size(self.size_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(size_bytes: usize) -> Arc<dyn MemoryPool> {
        Arc::new(SharedMemory::new(size_bytes))
    }

    fn spilling(pool: &Arc<dyn MemoryPool>) -> MemoryReservation {
        MemoryConsumer::new("sort").with_can_spill(true).register(pool)
    }

    fn fixed(pool: &Arc<dyn MemoryPool>) -> MemoryReservation {
        MemoryConsumer::new("join").register(pool)
    }

    #[test]
    fn what_spills_has_a_share_and_half_of_what_is_free() {
        let pool = pool(800);
        let (first, second) = (spilling(&pool), spilling(&pool));
        first.try_grow(200).unwrap();
        assert!(first.try_grow(101).is_err());
        first.try_grow(100).unwrap();
        assert!(first.try_grow(51).is_err());
        // What the first took of the second's share is the second's all the same.
        second.try_grow(150).unwrap();
        second.try_grow(50).unwrap();
        assert!(second.try_grow(1).is_err());
        drop(first);
        second.try_grow(100).unwrap();
    }

    #[test]
    fn the_first_piece_is_never_refused() {
        let pool = pool(400);
        let join = fixed(&pool);
        join.try_grow(400).unwrap();
        let sort = spilling(&pool);
        sort.try_grow(500).unwrap();
        assert!(sort.try_grow(1).is_err());
        sort.free();
        sort.try_grow(500).unwrap();
    }

    #[test]
    fn what_cannot_spill_always_finds_half() {
        let pool = pool(400);
        let early = spilling(&pool);
        early.try_grow(300).unwrap();
        // It comes late, when the first has all; together they have more than they should.
        let late = spilling(&pool);
        late.try_grow(100).unwrap();
        let merge = fixed(&pool);
        merge.try_grow(200).unwrap();
        assert!(merge.try_grow(1).is_err());
        assert_eq!(pool.reserved(), 600);
    }

    #[test]
    fn what_cannot_spill_may_have_everything() {
        let pool = pool(400);
        let join = fixed(&pool);
        join.try_grow(400).unwrap();
        let error = join.try_grow(1).unwrap_err().strip_backtrace();
        let expected = "Resources exhausted: join needs 1.0 B more than its 400.0 B, and 0.0 B of 400.0 B are left for it";
        assert_eq!(error, expected);
        drop(join);
        assert_eq!(pool.reserved(), 0);
    }
}
