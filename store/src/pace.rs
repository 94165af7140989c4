//! How fast bytes come, measured on the requests themselves.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What a gap may be before anything was measured: 20 Mbit/s with 40 ms of round trip.
pub const INITIAL_GAP_BYTES: u64 = 100_000;

/// Never split reads that are nearer than this, however near the server is.
pub const MIN_GAP_BYTES: u64 = 16 * 1024;

/// Never read more than this that nobody asked for, however far the server is: requests go out side
/// by side, so that one more costs less than a round trip.
pub const MAX_GAP_BYTES: u64 = 128 * 1024;

/// How much the newest request weighs.
const WEIGHT: f64 = 0.25;

/// Bodies below this came with their head: they tell nothing of bandwidth.
const MIN_MEASURED_BYTES: u64 = 16 * 1024;

/// Running estimates of round trip and bandwidth.
#[derive(Debug)]
pub struct Pace(Mutex<Estimate>);

#[derive(Debug, Clone, Copy)]
struct Estimate {
    round_trip_s: f64,
    bytes_per_s: f64,
    n_round_trips: u32,
    n_bodies: u32,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace(Mutex::new(Estimate {
            round_trip_s: 0.04,
            bytes_per_s: 2.5e6,
            n_round_trips: 0,
            n_bodies: 0,
        }))
    }
}

impl Pace {
    /// Takes one request: the time until its head came, and the time that its body of `n_bytes` took.
    pub fn add(&self, head: Duration, body: Duration, n_bytes: u64) {
        let mut estimate = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let round_trip_s = head.as_secs_f64();
        estimate.round_trip_s =
            blend(estimate.round_trip_s, round_trip_s, &mut estimate.n_round_trips);
        if n_bytes >= MIN_MEASURED_BYTES && body > Duration::from_micros(100) {
            let bytes_per_s = n_bytes as f64 / body.as_secs_f64();
            estimate.bytes_per_s = blend(estimate.bytes_per_s, bytes_per_s, &mut estimate.n_bodies);
        }
    }

    /// Bytes that come in the time of one round trip, within [`MIN_GAP_BYTES`] and [`MAX_GAP_BYTES`].
    pub fn gap_bytes(&self) -> u64 {
        let estimate = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let gap = estimate.round_trip_s * estimate.bytes_per_s;
        (gap.round() as u64).clamp(MIN_GAP_BYTES, MAX_GAP_BYTES)
    }

    /// The estimated round trip.
    pub fn round_trip(&self) -> Duration {
        let estimate = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Duration::try_from_secs_f64(estimate.round_trip_s).unwrap_or_default()
    }

    /// The estimated bandwidth of one request.
    pub fn bytes_per_s(&self) -> f64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).bytes_per_s
    }
}

/// The first measurement replaces the guess, later ones are blended in.
fn blend(old: f64, new: f64, n_before: &mut u32) -> f64 {
    let first = *n_before == 0;
    *n_before = n_before.saturating_add(1);
    if first { new } else { old + WEIGHT * (new - old) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(requests: &[(u64, u64, u64)], expected: u64) {
        let pace = Pace::default();
        for (head_ms, body_ms, n_bytes) in requests {
            let (head, body) = (Duration::from_millis(*head_ms), Duration::from_millis(*body_ms));
            pace.add(head, body, *n_bytes);
        }
        assert_eq!(pace.gap_bytes(), expected, "{requests:?}");
    }

    #[test]
    fn a_gap_is_bandwidth_times_round_trip() {
        check(&[], INITIAL_GAP_BYTES);
        check(&[(100, 1000, 1_000_000)], 100_000);
        check(&[(50, 1000, 1_000_000)], 50_000);
        check(&[(100, 1000, 1_000_000), (200, 1000, 1_000_000)], 125_000);
        check(&[(1, 1000, 1_000_000)], MIN_GAP_BYTES);
        check(&[(900, 100, 1_000_000_000)], MAX_GAP_BYTES);
        check(&[(20, 0, 100)], 50_000);
    }
}
