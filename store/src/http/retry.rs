//! When a request is repeated, and how long that waits.

use std::time::Duration;

/// How often and how long a request is tried. Waits grow from attempt to attempt, with full jitter,
/// so that many pages that failed together do not come back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Requests at most, the first included.
    pub n_attempts: u32,
    /// The longest wait before the second request; it doubles for each later one.
    pub first_wait: Duration,
    /// No wait is longer, except one that the server asks for.
    pub longest_wait: Duration,
    /// How long a request may bring no byte.
    pub stall: Duration,
    /// How long all attempts together may take, besides what the bytes need at
    /// [`Policy::slowest_bytes_per_s`].
    pub total: Duration,
    /// Slower than this is broken, even if it never stalls.
    pub slowest_bytes_per_s: u64,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            n_attempts: 4,
            first_wait: Duration::from_millis(300),
            longest_wait: Duration::from_secs(8),
            stall: Duration::from_secs(15),
            total: Duration::from_secs(60),
            slowest_bytes_per_s: 4096,
        }
    }
}

impl Policy {
    /// How long to wait before the attempt after `n_failed` ones; `random` is of 0 to 1.
    /// What the server asks for is never cut short.
    pub fn wait(&self, n_failed: u32, asked: Option<Duration>, random: f64) -> Duration {
        let factor = 1_u32.checked_shl(n_failed.saturating_sub(1)).unwrap_or(u32::MAX);
        let ceiling = self.first_wait.saturating_mul(factor).min(self.longest_wait);
        let jitter = ceiling.mul_f64(random.clamp(0.0, 1.0));
        asked.map_or(jitter, |asked| asked.saturating_add(jitter))
    }

    /// How long all attempts for `n_bytes` may take.
    pub fn limit(&self, n_bytes: u64) -> Duration {
        self.total.saturating_add(Duration::from_secs(n_bytes / self.slowest_bytes_per_s.max(1)))
    }
}

/// What `Retry-After` asks for at `utc_s`: seconds or an HTTP date; `None` if it is neither. A date
/// in the past is no wait.
pub fn retry_after(header: &str, utc_s: i64) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at_s = http_date_s(header)?;
    Some(Duration::from_secs(u64::try_from(at_s.saturating_sub(utc_s)).unwrap_or(0)))
}

/// Seconds since 1970 of an HTTP date in any of its three forms.
pub fn http_date_s(text: &str) -> Option<i64> {
    let since = httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_within_their_ceiling() {
        let policy = Policy::default();
        let check = |n_failed: u32, asked_s: Option<u64>, random: f64, expected_ms: u128| {
            let wait = policy.wait(n_failed, asked_s.map(Duration::from_secs), random);
            assert_eq!(wait.as_millis(), expected_ms);
        };
        check(1, None, 1.0, 300);
        check(2, None, 1.0, 600);
        check(2, None, 0.5, 300);
        check(3, None, 0.0, 0);
        check(9, None, 1.0, 8000);
        check(99, None, 1.0, 8000);
        check(1, Some(7), 0.5, 7150);
        assert_eq!(policy.wait(1, Some(Duration::MAX), 1.0), Duration::MAX);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let check = |header: &str, expected_s: Option<u64>| {
            let asked = retry_after(header, 784_111_777);
            assert_eq!(asked, expected_s.map(Duration::from_secs), "{header}");
        };
        check("3", Some(3));
        check(" 120 ", Some(120));
        check("Sun, 06 Nov 1994 08:49:47 GMT", Some(10));
        check("Sunday, 06-Nov-94 08:49:47 GMT", Some(10));
        check("Sun Nov  6 08:49:47 1994", Some(10));
        check("Sun, 06 Nov 1994 08:00:00 GMT", Some(0));
        check("soon", None);
        check("-1", None);
        check("1.5", None);
    }
}
