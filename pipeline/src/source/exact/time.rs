//! Days and times of day, as they are written: `2024-05-01`, `2024-05-01 10:00:00.123456+02:00`.

use chrono::{Datelike, NaiveDate};

/// Days from 0001-01-01 to 1970-01-01, plus one: what `chrono` counts.
const EPOCH_DAYS_FROM_CE: i32 = 719_163;

const US_PER_SECOND: i64 = 1_000_000;
const US_PER_MINUTE: i64 = 60 * US_PER_SECOND;
const US_PER_DAY: i64 = 24 * 60 * US_PER_MINUTE;

/// The first microsecond of the year 1 and the first of the year 10000, since 1970 UTC.
const YEARS_US: std::ops::Range<i64> = -62_135_596_800_000_000..253_402_300_800_000_000;

/// Which zone a text names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zone {
    Unsaid,
    /// Minutes before UTC's clock.
    Offset(i64),
}

/// Days since 1970-01-01 of a text that is a day of the years 1 to 9999 and nothing else: `2024-05-01`, `2024-5-1`
/// or `20240501`.
pub(super) fn days(text: &str) -> Option<i32> {
    let (year, month, day) = match text.split_once('-') {
        Some((year, rest)) => {
            let (month, day) = rest.split_once('-')?;
            (number(year, 4..=4)?, number(month, 1..=2)?, number(day, 1..=2)?)
        }
        None if text.len() == 8 => (
            number(text.get(..4)?, 4..=4)?,
            number(text.get(4..6)?, 2..=2)?,
            number(text.get(6..)?, 2..=2)?,
        ),
        None => return None,
    };
    let date =
        NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day).filter(|_| year > 0)?;
    Some(date.num_days_from_ce() - EPOCH_DAYS_FROM_CE)
}

/// Microseconds since 1970 UTC of a day, or of a day and a time; in UTC unless it names another zone.
pub(super) fn utc_us(text: &str) -> Option<i64> {
    let (local_us, zone) = parts(text)?;
    let us = match zone {
        Zone::Unsaid => local_us,
        Zone::Offset(minutes) => local_us - minutes * US_PER_MINUTE,
    };
    YEARS_US.contains(&us).then_some(us)
}

/// Microseconds since 1970 on a clock without a zone; a text that names one is no such time.
pub(super) fn local_us(text: &str) -> Option<i64> {
    parts(text).and_then(|(us, zone)| (zone == Zone::Unsaid).then_some(us))
}

/// Microseconds of a number of milliseconds, both since 1970 UTC; of the years 1 to 9999.
pub(super) fn of_ms(ms: i64) -> Option<i64> {
    ms.checked_mul(1000).filter(|us| YEARS_US.contains(us))
}

fn parts(text: &str) -> Option<(i64, Zone)> {
    let Some((date, rest)) = text.split_once(['T', 't', ' ']) else {
        return Some((i64::from(days(text)?) * US_PER_DAY, Zone::Unsaid));
    };
    let midnight_us = i64::from(days(date)?) * US_PER_DAY;
    let (time, zone) = match rest.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.') {
        Some(at) => (rest.get(..at)?, zone(rest.get(at..)?)?),
        None => (rest, Zone::Unsaid),
    };
    Some((midnight_us + time_us(time)?, zone))
}

/// `10:00`, `10:00:00` or `10:00:00.123456`, with zeros behind.
fn time_us(text: &str) -> Option<i64> {
    let (hours, rest) = text.split_once(':')?;
    let (minutes, seconds) = match rest.split_once(':') {
        Some((minutes, seconds)) => (minutes, seconds),
        None => (rest, "00"),
    };
    let (seconds, fraction) = match seconds.split_once('.') {
        Some((_, "")) => return None,
        Some((seconds, fraction)) => (seconds, fraction),
        None => (seconds, ""),
    };
    let below = |text: &str, limit: u32| {
        number(text, 2..=2).filter(|number| *number < limit).map(i64::from)
    };
    let (hours, minutes, seconds) = (below(hours, 24)?, below(minutes, 60)?, below(seconds, 60)?);
    let micros = match fraction.trim_end_matches('0') {
        "" if fraction.bytes().all(|byte| byte == b'0') => 0,
        digits => {
            let shift = 6_u32.checked_sub(u32::try_from(digits.len()).ok()?)?;
            i64::from(number(digits, 1..=6)?) * 10_i64.pow(shift)
        }
    };
    Some(((hours * 60 + minutes) * 60 + seconds) * US_PER_SECOND + micros)
}

/// `Z`, `UTC`, `+02`, `+0200` or `+02:00`, with a blank before or without.
fn zone(text: &str) -> Option<Zone> {
    let text = text.strip_prefix(' ').unwrap_or(text);
    if text.eq_ignore_ascii_case("z") || text.eq_ignore_ascii_case("utc") {
        return Some(Zone::Offset(0));
    }
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) => (hours, minutes),
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "00"),
    };
    let (hours, minutes) = (number(hours, 2..=2)?, number(minutes, 2..=2)?);
    // No clock is further from UTC than these.
    (hours <= 18 && minutes < 60).then_some(Zone::Offset(sign * i64::from(hours * 60 + minutes)))
}

/// A number of as many ASCII digits as `n_digits` allows.
fn number(text: &str, n_digits: std::ops::RangeInclusive<usize>) -> Option<u32> {
    let is_one = n_digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_one.then(|| text.parse().ok()).flatten()
}
