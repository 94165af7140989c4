//! Lengths of time as people write them: `90 seconds`, `3 minutes`, `1 day`.

use datafusion::common::ScalarValue;
use serde::Deserialize;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

const UNITS: [(&str, u64); 5] = [
    ("week", 7 * 24 * 3600 * 1000),
    ("day", 24 * 3600 * 1000),
    ("hour", 3600 * 1000),
    ("minute", 60 * 1000),
    ("second", 1000),
];

/// A length of time, written as a number and a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Span(Duration);

/// A text that is no length of time.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{text:?} is no length of time such as `90 seconds`, `3 minutes`, `1 hour`, `30 days`")]
pub struct SpanError {
    text: String,
}

impl Span {
    /// A length of time.
    pub const fn new(duration: Duration) -> Span {
        Span(duration)
    }

    /// As the standard library has it.
    pub fn duration(self) -> Duration {
        self.0
    }

    /// In microseconds, as far as they go.
    pub(crate) fn micros(self) -> i64 {
        i64::try_from(self.0.as_micros()).unwrap_or(i64::MAX)
    }

    /// As a value of SQL that can be taken from a time.
    pub(crate) fn interval(self) -> ScalarValue {
        let nanoseconds = i64::try_from(self.0.as_nanos()).unwrap_or(i64::MAX);
        ScalarValue::new_interval_mdn(0, 0, nanoseconds)
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Span, SpanError> {
        let error = || SpanError { text: text.to_owned() };
        let (number, unit) = text.trim().split_once(' ').ok_or_else(error)?;
        let number: u64 = number.parse().map_err(|_| error())?;
        let unit = unit.trim();
        let unit = unit.strip_suffix('s').unwrap_or(unit);
        let (_, unit_ms) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(error)?;
        let ms = number.checked_mul(*unit_ms).ok_or_else(error)?;
        Ok(Span(Duration::from_millis(ms)))
    }
}

impl TryFrom<String> for Span {
    type Error = SpanError;

    fn try_from(text: String) -> Result<Span, SpanError> {
        text.parse()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        let fits = |(_, unit_ms): &&(&str, u64)| ms >= *unit_ms && ms % unit_ms == 0;
        let (unit, unit_ms) = UNITS.iter().find(fits).copied().unwrap_or(("second", 1000));
        let number = ms / unit_ms;
        write!(f, "{number} {unit}{}", if number == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_and_written() {
        let check = |text: &str, seconds: u64, written: &str| {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.duration(), Duration::from_secs(seconds), "{text}");
            assert_eq!(span.to_string(), written);
        };
        check("90 seconds", 90, "90 seconds");
        check("1 minute", 60, "1 minute");
        check("60 minutes", 3600, "1 hour");
        check("30 days", 2_592_000, "30 days");
        check("2 weeks", 1_209_600, "2 weeks");
        for text in ["", "5", "minutes", "-1 day", "1.5 hours", "3 parsecs", "99999999999999 weeks"]
        {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
