//! Where the server's time comes from, so that a test can move it.

/// A source of the present moment.
pub trait Clock: Send + Sync + 'static {
    /// Now, UTC microseconds since 1970.
    fn now_us(&self) -> i64;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_us(&self) -> i64 {
        chrono::Utc::now().timestamp_micros()
    }
}
