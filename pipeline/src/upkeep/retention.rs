//! How far back a table can be read.

use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The least retention that is taken without an explicit word.
pub const MIN_RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Every version that was current at some time within it stays readable; 30 days by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Retention(Duration);

/// A retention that is too short.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a retention of {hours} hours is shorter than 7 days: queries and builds that still read what is \
     deleted would fail; if that is meant, say --allow-short-retention"
)]
pub struct RetentionError {
    hours: u64,
}

impl Retention {
    /// A retention of at least [`MIN_RETENTION`].
    ///
    /// # Errors
    /// [`RetentionError`] when it is shorter.
    pub fn new(duration: Duration) -> Result<Retention, RetentionError> {
        if duration < MIN_RETENTION {
            return Err(RetentionError { hours: duration.as_secs() / 3600 });
        }
        Ok(Retention(duration))
    }

    /// A retention of any length: whoever says so knows that nobody reads what is deleted.
    pub fn even_short(duration: Duration) -> Retention {
        Retention(duration)
    }

    /// Its length.
    pub fn duration(self) -> Duration {
        self.0
    }
}

impl Default for Retention {
    fn default() -> Retention {
        Retention(30 * DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_one_needs_a_word() {
        assert_eq!(Retention::new(7 * DAY).unwrap().duration(), 7 * DAY);
        let error = Retention::new(DAY / 2).unwrap_err().to_string();
        assert!(error.contains("12 hours is shorter than 7 days"), "{error}");
        assert_eq!(Retention::even_short(Duration::ZERO).duration(), Duration::ZERO);
        assert_eq!(Retention::default().duration(), 30 * DAY);
    }
}
