//! What time it is, passed in, so that what waits for a time can be tried without waiting.

use chrono::{DateTime, Utc};
use std::fmt;
use std::sync::Arc;

/// A source of the time. A clone tells the same time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Clock {
    /// The system's time.
    pub fn system() -> Clock {
        Clock::of(Utc::now)
    }

    /// The time that `now` tells.
    pub fn of(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Clock {
        Clock(Arc::new(now))
    }

    /// The time.
    pub fn now(&self) -> DateTime<Utc> {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}
