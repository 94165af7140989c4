//! The system's clock. Sleeping needs a tokio runtime with time, as reading files does.

use super::Clock;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The system's clock.
#[derive(Debug, Clone)]
pub struct PlatformClock(Instant);

impl Default for PlatformClock {
    fn default() -> PlatformClock {
        PlatformClock(Instant::now())
    }
}

impl Clock for PlatformClock {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn utc_s(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.ok().and_then(|since| i64::try_from(since.as_secs()).ok()).unwrap_or(0)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        async move { tokio::time::sleep(duration).await }.boxed()
    }

    fn random(&self) -> f64 {
        // Each state is seeded anew by the standard library; its upper 53 bits fill a fraction.
        let bits = RandomState::new().hash_one(self.0) >> 11;
        bits as f64 / (1_u64 << 53) as f64
    }
}
