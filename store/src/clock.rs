//! Time and chance, brought by the platform, or by a test that neither waits nor throws dice.

#[cfg_attr(target_arch = "wasm32", path = "clock/browser.rs")]
#[cfg_attr(not(target_arch = "wasm32"), path = "clock/native.rs")]
mod platform;

pub use platform::PlatformClock;

use futures::future::BoxFuture;
use std::fmt;
use std::time::Duration;

/// Time and chance.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Time since some moment in the past; never goes back.
    fn elapsed(&self) -> Duration;

    /// Seconds since 1970, UTC.
    fn utc_s(&self) -> i64;

    /// Waits.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;

    /// A number of 0 to 1, 1 excluded, any as likely as any other.
    fn random(&self) -> f64;
}
