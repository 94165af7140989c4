//! Slows down who guesses passwords: after some failures for one user from one address, the next
//! attempt has to wait, longer each time.

use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// How many failures are free, and the waits after them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Failures before the first wait.
    pub max_failures: u32,
    /// The first wait, microseconds; each further failure doubles it.
    pub first_wait_us: i64,
    /// The longest wait, microseconds.
    pub longest_wait_us: i64,
    /// Failures are forgotten so long after the last one, microseconds.
    pub forget_after_us: i64,
    /// Users and addresses that are counted at a time.
    pub max_tallies: usize,
}

/// A user and an address, in a form of fixed size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key([u8; 32]);

impl Key {
    /// An IPv6 address counts by its /64, since one customer has all of that.
    pub(crate) fn new(user: &str, address: IpAddr) -> Key {
        let network = match address.to_canonical() {
            IpAddr::V4(address) => u128::from(u32::from(address)),
            IpAddr::V6(address) => u128::from(address) >> 64 << 64,
        };
        let mut hasher = Sha256::new();
        hasher.update(network.to_be_bytes());
        hasher.update(user.as_bytes());
        Key(hasher.finalize().into())
    }
}

#[derive(Clone, Copy)]
struct Tally {
    n_failures: u32,
    last_us: i64,
    locked_until_us: i64,
}

/// The failures of late.
pub(crate) struct Throttle {
    limits: Limits,
    tallies: Mutex<HashMap<Key, Tally>>,
}

impl Throttle {
    pub(crate) fn new(limits: Limits) -> Throttle {
        Throttle { limits, tallies: Mutex::new(HashMap::new()) }
    }

    /// Lets an attempt through and counts it as failed until [`Throttle::succeeded`] says
    /// otherwise, so that neither attempts at once nor one that hangs up is free.
    ///
    /// # Errors
    /// The microseconds to wait.
    pub(crate) fn attempt(&self, key: Key, now_us: i64) -> Result<(), i64> {
        let limits = &self.limits;
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tally = match tallies.get(&key) {
            Some(tally) if tally.last_us.saturating_add(limits.forget_after_us) > now_us => *tally,
            _ => Tally { n_failures: 0, last_us: now_us, locked_until_us: i64::MIN },
        };
        if tally.locked_until_us > now_us {
            return Err(tally.locked_until_us.saturating_sub(now_us));
        }
        tally.n_failures = tally.n_failures.saturating_add(1);
        tally.last_us = now_us;
        if let Some(n_over) = tally.n_failures.checked_sub(limits.max_failures) {
            let factor = 1_i64.checked_shl(n_over.min(40)).unwrap_or(i64::MAX);
            let wait_us = limits.first_wait_us.saturating_mul(factor).min(limits.longest_wait_us);
            tally.locked_until_us = now_us.saturating_add(wait_us);
        }
        if tallies.len() >= limits.max_tallies && !tallies.contains_key(&key) {
            make_room(&mut tallies, limits, now_us);
        }
        tallies.insert(key, tally);
        Ok(())
    }

    /// Forgets the failures: the password was right.
    pub(crate) fn succeeded(&self, key: Key) {
        self.tallies.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }
}

/// Drops what is forgotten anyway, and if that is nothing, the oldest.
fn make_room(tallies: &mut HashMap<Key, Tally>, limits: &Limits, now_us: i64) {
    tallies.retain(|_, tally| tally.last_us.saturating_add(limits.forget_after_us) > now_us);
    if tallies.len() >= limits.max_tallies {
        let oldest = tallies.iter().min_by_key(|(_, tally)| tally.last_us).map(|(key, _)| *key);
        if let Some(key) = oldest {
            tallies.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        max_failures: 3,
        first_wait_us: 10,
        longest_wait_us: 25,
        forget_after_us: 100,
        max_tallies: 2,
    };

    fn key(user: &str) -> Key {
        Key::new(user, IpAddr::from([127, 0, 0, 1]))
    }

    #[test]
    fn waits_double_up_to_the_longest_and_are_forgotten() {
        let throttle = Throttle::new(LIMITS);
        for now_us in [0, 1, 2] {
            assert_eq!(throttle.attempt(key("ada"), now_us), Ok(()));
        }
        assert_eq!(throttle.attempt(key("ada"), 3), Err(9));
        assert_eq!(throttle.attempt(key("bob"), 3), Ok(()), "another user is not held up");
        assert_eq!(throttle.attempt(key("ada"), 12), Ok(()));
        assert_eq!(throttle.attempt(key("ada"), 12), Err(20));
        assert_eq!(throttle.attempt(key("ada"), 32), Ok(()));
        assert_eq!(throttle.attempt(key("ada"), 32), Err(25));
        for now_us in [132, 133, 134] {
            assert_eq!(throttle.attempt(key("ada"), now_us), Ok(()));
        }
    }

    #[test]
    fn the_right_password_clears_the_count() {
        let throttle = Throttle::new(LIMITS);
        for _ in 0..9 {
            assert_eq!(throttle.attempt(key("ada"), 0), Ok(()));
            throttle.succeeded(key("ada"));
        }
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::new(LIMITS);
        for (now_us, user) in (0..).zip(["a", "b", "c", "d"]) {
            throttle.attempt(key(user), now_us).unwrap();
        }
        assert_eq!(throttle.tallies.lock().unwrap().len(), 2);
    }

    #[test]
    fn one_network_is_one_address() {
        let at = |address: &str| Key::new("ada", address.parse().unwrap());
        assert_eq!(at("2001:db8:0:1::1"), at("2001:db8:0:1:ffff::2"));
        assert_ne!(at("2001:db8:0:1::1"), at("2001:db8:0:2::1"));
        assert_eq!(at("::ffff:10.0.0.1"), at("10.0.0.1"));
        assert_ne!(at("10.0.0.2"), at("10.0.0.1"));
    }
}
