//! Counts what one question reads.

use crate::turn;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use web_time::{Duration, Instant};

/// How long a question may hold the thread while bytes are at hand.
const MAX_HOLD: Duration = Duration::from_millis(40);

/// Counters of one question; shared by all readers that work for it.
#[derive(Debug)]
pub struct Meter {
    read_bytes: AtomicU64,
    fetched_bytes: AtomicU64,
    n_requests: AtomicU64,
    files: Mutex<BTreeSet<String>>,
    last_turn: Mutex<Instant>,
    max_hold: Duration,
}

impl Default for Meter {
    fn default() -> Meter {
        Meter::with_max_hold(MAX_HOLD)
    }
}

impl Meter {
    /// A meter of a question that holds the thread for `max_hold` at most while bytes are at hand.
    pub fn with_max_hold(max_hold: Duration) -> Meter {
        Meter {
            read_bytes: AtomicU64::new(0),
            fetched_bytes: AtomicU64::new(0),
            n_requests: AtomicU64::new(0),
            files: Mutex::default(),
            last_turn: Mutex::new(Instant::now()),
            max_hold,
        }
    }

    /// Lets other tasks run if this question has held the thread for long, so that a cancellation
    /// is heard.
    pub async fn share_the_thread(&self) {
        let is_due = {
            let mut last_turn = self.last_turn.lock().unwrap_or_else(PoisonError::into_inner);
            let is_due = last_turn.elapsed() > self.max_hold;
            if is_due {
                *last_turn = Instant::now();
            }
            is_due
        };
        if is_due {
            turn::give_up().await;
        }
    }

    /// Bytes that were needed, cached or not.
    pub fn add_read(&self, n_bytes: u64) {
        self.read_bytes.fetch_add(n_bytes, Ordering::Relaxed);
    }

    /// A request that went out, and the bytes it asked for.
    pub fn add_request(&self, n_bytes: u64) {
        self.n_requests.fetch_add(1, Ordering::Relaxed);
        self.fetched_bytes.fetch_add(n_bytes, Ordering::Relaxed);
    }

    /// A file that was opened.
    pub fn add_file(&self, location: &str) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(location.to_owned());
    }

    /// Bytes that were needed.
    pub fn read_bytes(&self) -> u64 {
        self.read_bytes.load(Ordering::Relaxed)
    }

    /// Bytes that were asked of the store.
    pub fn fetched_bytes(&self) -> u64 {
        self.fetched_bytes.load(Ordering::Relaxed)
    }

    /// Requests to the store.
    pub fn n_requests(&self) -> u64 {
        self.n_requests.load(Ordering::Relaxed)
    }

    /// Distinct files that were opened.
    pub fn n_files(&self) -> u64 {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }
}
