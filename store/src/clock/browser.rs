//! The browser's clock.

use super::Clock;
use futures::FutureExt;
use futures::future::BoxFuture;
use gloo_timers::future::TimeoutFuture;
use send_wrapper::SendWrapper;
use std::time::Duration;
use web_time::Instant;

/// The browser's clock.
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
        (js_sys::Date::now() / 1000.0) as i64
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let millis = u32::try_from(duration.as_millis()).unwrap_or(u32::MAX);
        SendWrapper::new(TimeoutFuture::new(millis)).boxed()
    }

    fn random(&self) -> f64 {
        js_sys::Math::random()
    }
}
