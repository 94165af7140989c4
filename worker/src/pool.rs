//! The engine's memory: one budget for the hash tables and sorts of queries and for what is held only
//! to be faster. Before a query fails, the caches give back what they hold.

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryLimit, MemoryPool, MemoryReservation};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::budget::Budget;

/// DataFusion's memory, taken from a budget that caches share.
#[derive(Debug)]
pub struct Pool {
    budget: Arc<Budget>,
    /// What queries have taken.
    queries_bytes: AtomicU64,
    /// What was taken although the budget was used up, since DataFusion asked without a way to say
    /// no.
    excess_bytes: AtomicU64,
}

impl Pool {
    /// A pool that takes from `budget`.
    pub fn new(budget: Arc<Budget>) -> Pool {
        let (queries_bytes, excess_bytes) = (AtomicU64::new(0), AtomicU64::new(0));
        Pool { budget, queries_bytes, excess_bytes }
    }

    fn take(&self, n_bytes: u64) -> bool {
        let is_taken = self.budget.try_take(n_bytes) || {
            let used_bytes = self.budget.used_bytes().saturating_add(n_bytes);
            self.budget.shrink(used_bytes.saturating_sub(self.budget.capacity_bytes()));
            self.budget.try_take(n_bytes)
        };
        if is_taken {
            self.queries_bytes.fetch_add(n_bytes, Ordering::Relaxed);
        }
        is_taken
    }
}

impl std::fmt::Display for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes, shared with caches", self.budget.capacity_bytes())
    }
}

impl MemoryPool for Pool {
    fn name(&self) -> &str {
        "lake"
    }

    fn grow(&self, _reservation: &MemoryReservation, additional: usize) {
        let n_bytes = additional as u64;
        if !self.take(n_bytes) {
            self.excess_bytes.fetch_add(n_bytes, Ordering::Relaxed);
        }
    }

    fn shrink(&self, _reservation: &MemoryReservation, shrink: usize) {
        let n_bytes = shrink as u64;
        let paid = self
            .excess_bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |excess| {
                Some(excess.saturating_sub(n_bytes))
            })
            .unwrap_or_default()
            .min(n_bytes);
        let rest = n_bytes - paid;
        self.queries_bytes.fetch_sub(rest, Ordering::Relaxed);
        self.budget.give_back(rest);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        match self.take(additional as u64) {
            true => Ok(()),
            false => Err(DataFusionError::ResourcesExhausted(format!(
                "{} needs {additional} more bytes, the engine has {}",
                reservation.consumer().name(),
                self.budget.capacity_bytes()
            ))),
        }
    }

    fn reserved(&self) -> usize {
        let taken = self.queries_bytes.load(Ordering::Relaxed);
        usize::try_from(taken + self.excess_bytes.load(Ordering::Relaxed)).unwrap_or(usize::MAX)
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(usize::try_from(self.budget.capacity_bytes()).unwrap_or(usize::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::execution::memory_pool::MemoryConsumer;
    use std::sync::Weak;
    use store::budget::Shrink;

    /// Holds bytes of a budget and gives back what is asked for.
    struct Hoard {
        budget: Arc<Budget>,
        held_bytes: AtomicU64,
    }

    impl Shrink for Hoard {
        fn shrink(&self, n_bytes: u64) -> u64 {
            let freed = n_bytes.min(self.held_bytes.load(Ordering::Relaxed));
            self.held_bytes.fetch_sub(freed, Ordering::Relaxed);
            self.budget.give_back(freed);
            freed
        }
    }

    #[test]
    fn caches_give_way_before_a_query_fails() {
        let budget = Budget::new(100);
        let hoard = Arc::new(Hoard { budget: Arc::clone(&budget), held_bytes: AtomicU64::new(80) });
        assert!(budget.try_take(80));
        let weak: Weak<Hoard> = Arc::downgrade(&hoard);
        budget.register(weak);
        let pool: Arc<dyn MemoryPool> = Arc::new(Pool::new(Arc::clone(&budget)));
        let reservation = MemoryConsumer::new("sort").register(&pool);

        reservation.try_grow(50).unwrap();
        assert_eq!((hoard.held_bytes.load(Ordering::Relaxed), budget.used_bytes()), (50, 100));
        reservation.try_grow(50).unwrap();
        assert_eq!((hoard.held_bytes.load(Ordering::Relaxed), pool.reserved()), (0, 100));
        let refused = reservation.try_grow(1).unwrap_err().strip_backtrace();
        assert!(refused.contains("sort needs 1 more bytes, the engine has 100"), "{refused}");
        reservation.grow(7);
        assert_eq!(pool.reserved(), 107);
        drop(reservation);
        assert_eq!((pool.reserved(), budget.used_bytes()), (0, 0));
    }
}
