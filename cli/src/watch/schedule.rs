//! When the next run begins.

use chrono::{DateTime, TimeDelta, Utc};
use croner::Cron;
use pipeline::Span;
use std::str::FromStr;

/// The times at which runs begin.
#[derive(Debug, Clone)]
pub enum Schedule {
    /// Those of a cron expression, in UTC.
    Cron(Box<Cron>),
    /// So long after each other, from the first on.
    Every {
        /// How long.
        every: Span,
        /// The first.
        from: DateTime<Utc>,
    },
}

impl Schedule {
    /// Reads a cron expression of five fields, or of six with seconds first.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn cron(text: &str) -> Result<Schedule, String> {
        let cron = Cron::from_str(text).map_err(|error| {
            format!(
                "{text:?} is no cron expression such as \"*/5 * * * *\" (minute, hour, day, month, weekday; in UTC): {error}"
            )
        })?;
        Ok(Schedule::Cron(Box::new(cron)))
    }

    /// The first time behind `after`; `None` when there is none. What lies before is left out, however many runs that were.
    pub fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Schedule::Cron(cron) => cron.find_next_occurrence(&after, false).ok(),
            Schedule::Every { every, from } => {
                let every_ms = i64::try_from(every.duration().as_millis()).ok()?;
                let gone_ms = (after - *from).num_milliseconds().max(0);
                let n = gone_ms.checked_div(every_ms)?.checked_add(1)?;
                from.checked_add_signed(TimeDelta::try_milliseconds(every_ms.checked_mul(n)?)?)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_next_time_lies_ahead() {
        let check = |cron: &str, after: &str, expected: &str| {
            let next = Schedule::cron(cron).unwrap().next(at(after));
            assert_eq!(next, Some(at(expected)), "{cron} after {after}");
        };
        check("*/5 * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z");
        check("*/5 * * * *", "2026-01-01T00:17:31.5Z", "2026-01-01T00:20:00Z");
        check("0 6 * * MON", "2026-01-01T07:00:00Z", "2026-01-05T06:00:00Z");
        check("*/2 * * * * *", "2026-01-01T00:00:01.2Z", "2026-01-01T00:00:02Z");
        // In UTC there is no hour that comes twice or not at all.
        check("30 2 * * *", "2026-03-28T03:00:00Z", "2026-03-29T02:30:00Z");
        let never = Schedule::cron("0 0 30 2 *").unwrap();
        assert_eq!(never.next(at("2026-01-01T00:00:00Z")), None);
    }

    #[test]
    fn what_is_no_schedule_is_said() {
        for text in ["", "* * * *", "61 * * * *", "every day"] {
            let error = Schedule::cron(text).unwrap_err();
            assert!(
                error.starts_with(&format!("{text:?} is no cron expression such as")),
                "{error}"
            );
        }
    }

    #[test]
    fn runs_that_were_missed_are_left_out() {
        let from = at("2026-01-01T00:00:00Z");
        let schedule = Schedule::Every { every: "5 minutes".parse().unwrap(), from };
        let check = |after: &str, expected: &str| {
            assert_eq!(schedule.next(at(after)), Some(at(expected)), "{after}");
        };
        check("2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z");
        check("2026-01-01T00:05:00Z", "2026-01-01T00:10:00Z");
        check("2026-01-01T00:17:30Z", "2026-01-01T00:20:00Z");
        // A clock that was set back.
        check("2025-12-31T00:00:00Z", "2026-01-01T00:05:00Z");
        let none = Schedule::Every { every: "0 seconds".parse().unwrap(), from };
        assert_eq!(none.next(from), None);
    }
}
