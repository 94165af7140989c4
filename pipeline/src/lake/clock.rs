//! What time it is and how it passes, given by the caller, so that what waits for a time can be tried without
//! waiting.

use chrono::{DateTime, TimeDelta, Utc};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A source of the time. A clone tells the same time.
#[derive(Clone)]
pub struct Clock {
    now: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    passing: Passing,
}

/// How time passes.
#[derive(Clone)]
enum Passing {
    /// By itself, measured from here on.
    ByItself(Instant),
    /// When it is moved, or somebody sleeps: microseconds.
    ByHand(Arc<AtomicU64>),
}

impl Clock {
    /// The system's time.
    pub fn system() -> Clock {
        Clock::of(Utc::now)
    }

    /// The time of day that `now` tells; time passes by itself.
    pub fn of(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Clock {
        Clock { now: Arc::new(now), passing: Passing::ByItself(Instant::now()) }
    }

    /// A clock that shows `start` and stands still: sleeping by it moves it and takes no time.
    pub fn by_hand(start: DateTime<Utc>) -> Clock {
        let moved_us = Arc::new(AtomicU64::new(0));
        let told = Arc::clone(&moved_us);
        let now = move || {
            let us = i64::try_from(told.load(Ordering::SeqCst)).unwrap_or(i64::MAX);
            start + TimeDelta::microseconds(us)
        };
        Clock { now: Arc::new(now), passing: Passing::ByHand(moved_us) }
    }

    /// Moves a clock that is moved by hand. Another one goes by itself and is left alone.
    pub fn advance(&self, duration: Duration) {
        if let Passing::ByHand(moved_us) = &self.passing {
            let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
            moved_us.fetch_add(us, Ordering::SeqCst);
        }
    }

    /// The time of day.
    pub fn now(&self) -> DateTime<Utc> {
        (self.now)()
    }

    /// The time that has passed since some moment, which never goes back, whatever is done to the time of day.
    pub fn elapsed(&self) -> Duration {
        match &self.passing {
            Passing::ByItself(start) => start.elapsed(),
            Passing::ByHand(moved_us) => Duration::from_micros(moved_us.load(Ordering::SeqCst)),
        }
    }

    /// Waits until `duration` has passed.
    pub async fn sleep(&self, duration: Duration) {
        match &self.passing {
            Passing::ByItself(_) => tokio::time::sleep(duration).await,
            Passing::ByHand(_) => {
                self.advance(duration);
                // Whoever else waits has its turn.
                tokio::task::yield_now().await;
            }
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}
