//! How many bytes those may hold who hold bytes only to be faster.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Holds bytes that can be had again.
pub trait Shrink: Send + Sync {
    /// Gives up at least `n_bytes` if it has so many, what was least recently used first; takes them
    /// off the budget and returns how many they were.
    fn shrink(&self, n_bytes: u64) -> u64;
}

/// A number of bytes that several caches share.
pub struct Budget {
    capacity_bytes: AtomicU64,
    used_bytes: AtomicU64,
    holders: Mutex<Vec<Weak<dyn Shrink>>>,
}

impl Budget {
    /// A budget of so many bytes.
    pub fn new(capacity_bytes: u64) -> Arc<Budget> {
        Arc::new(Budget {
            capacity_bytes: AtomicU64::new(capacity_bytes),
            used_bytes: AtomicU64::new(0),
            holders: Mutex::default(),
        })
    }

    /// Adds somebody who can give bytes back. Those added first are asked first.
    pub fn register(&self, holder: Weak<dyn Shrink>) {
        let mut holders = self.holders();
        holders.retain(|holder| holder.strong_count() > 0);
        holders.push(holder);
    }

    /// Takes `n_bytes` if they are free.
    pub fn try_take(&self, n_bytes: u64) -> bool {
        let capacity_bytes = self.capacity_bytes();
        self.used_bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(n_bytes).filter(|used| *used <= capacity_bytes)
            })
            .is_ok()
    }

    /// Gives back what was taken.
    pub fn give_back(&self, n_bytes: u64) {
        let _ = self.used_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            Some(used.saturating_sub(n_bytes))
        });
    }

    /// Asks the holders to give up `n_bytes`, and returns how many they gave up.
    pub fn shrink(&self, n_bytes: u64) -> u64 {
        let holders: Vec<Arc<dyn Shrink>> =
            self.holders().iter().filter_map(Weak::upgrade).collect();
        let mut freed_bytes = 0;
        for holder in holders {
            if freed_bytes >= n_bytes {
                break;
            }
            freed_bytes += holder.shrink(n_bytes - freed_bytes);
        }
        freed_bytes
    }

    /// Makes the budget another one; what is held beyond it is given up.
    pub fn resize(&self, capacity_bytes: u64) {
        self.capacity_bytes.store(capacity_bytes, Ordering::Relaxed);
        let excess_bytes = self.used_bytes().saturating_sub(capacity_bytes);
        if excess_bytes > 0 {
            self.shrink(excess_bytes);
        }
    }

    /// The most that may be held.
    pub fn capacity_bytes(&self) -> u64 {
        self.capacity_bytes.load(Ordering::Relaxed)
    }

    /// What is held.
    pub fn used_bytes(&self) -> u64 {
        self.used_bytes.load(Ordering::Relaxed)
    }

    fn holders(&self) -> MutexGuard<'_, Vec<Weak<dyn Shrink>>> {
        self.holders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Budget({} of {} bytes)", self.used_bytes(), self.capacity_bytes())
    }
}
