//! Dates and timestamps from text, in the proleptic Gregorian calendar.

const US_PER_SECOND: i64 = 1_000_000;
const US_PER_DAY: i64 = 86_400 * US_PER_SECOND;

/// `2020-02-29` to days since 1970-01-01. Years before 0 and after 9999 have a sign.
pub(super) fn date_days(text: &str) -> Option<i32> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => (-1, text),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (year, rest) = number(text, 4..=6)?;
    let year = sign * year;
    let (month, rest) = number(rest.strip_prefix('-')?, 2..=2)?;
    let (day, rest) = number(rest.strip_prefix('-')?, 2..=2)?;
    rest.is_empty().then(|| civil_days(year, month, day))?
}

/// `2020-02-29 23:59:59.123456` or the same with `T` and a zone, `Z`, `UTC` or `+02:00`, to
/// microseconds since 1970-01-01T00:00:00Z. Without a zone it is UTC, without a time midnight. Digits beyond microseconds are dropped.
pub(super) fn timestamp_us(text: &str) -> Option<i64> {
    let (us, zone) = civil_us(text)?;
    us.checked_sub(offset_us(zone)?)
}

/// As [`timestamp_us`], with no zone allowed.
pub(super) fn local_timestamp_us(text: &str) -> Option<i64> {
    let (us, zone) = civil_us(text)?;
    zone.is_empty().then_some(us)
}

/// The microseconds as the clock shows them, and the text after them.
fn civil_us(text: &str) -> Option<(i64, &str)> {
    let Some((date, time)) = text.split_once([' ', 'T', 't']) else {
        let us = i64::from(date_days(text)?).checked_mul(US_PER_DAY)?;
        return Some((us, ""));
    };
    let days = date_days(date)?;
    let (hour, rest) = number(time, 2..=2)?;
    let (minute, rest) = number(rest.strip_prefix(':')?, 2..=2)?;
    let (second, rest) = number(rest.strip_prefix(':')?, 2..=2)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (fraction_us, zone) = match rest.strip_prefix('.') {
        Some(rest) => fraction_us(rest)?,
        None => (0, rest),
    };
    let seconds = hour * 3600 + minute * 60 + second;
    let us = i64::from(days).checked_mul(US_PER_DAY)?;
    Some((us.checked_add(seconds * US_PER_SECOND + fraction_us)?, zone))
}

/// The digits after the point, as microseconds, and the text after them.
fn fraction_us(text: &str) -> Option<(i64, &str)> {
    let n_digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at_checked(n_digits)?;
    let us = format!("{:0<6}", digits.get(..6).unwrap_or(digits)).parse().ok()?;
    (n_digits > 0).then_some((us, rest))
}

/// The offset of `zone` from UTC.
fn offset_us(zone: &str) -> Option<i64> {
    let zone = zone.strip_prefix(' ').unwrap_or(zone);
    if matches!(zone, "" | "Z" | "z" | "UTC" | "GMT") {
        return Some(0);
    }
    let (sign, rest) = match zone.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, zone.strip_prefix('+')?),
    };
    let (hours, minutes) = rest.split_at_checked(2)?;
    let (hours, _) = number(hours, 2..=2)?;
    let (minutes, rest) = match minutes {
        "" => (0, ""),
        minutes => number(minutes.strip_prefix(':').unwrap_or(minutes), 2..=2)?,
    };
    let fits = rest.is_empty() && hours <= 18 && minutes <= 59;
    fits.then_some(sign * (hours * 60 + minutes) * 60 * US_PER_SECOND)
}

/// The leading digits, so many of them, and the text after them.
fn number(text: &str, n_digits: std::ops::RangeInclusive<usize>) -> Option<(i64, &str)> {
    let found = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at_checked(found)?;
    n_digits.contains(&found).then_some((digits.parse().ok()?, rest))
}

/// Days since 1970-01-01 of a day that the calendar has.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
fn civil_days(year: i64, month: i64, day: i64) -> Option<i32> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month_days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => return None,
    };
    if !(1..=month_days).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    i32::try_from(era * 146_097 + day_of_era - 719_468).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_date(text: &str, expected: Option<i32>) {
        assert_eq!(date_days(text), expected, "{text}");
    }

    #[track_caller]
    fn check_timestamp(text: &str, expected: Option<i64>) {
        assert_eq!(timestamp_us(text), expected, "{text}");
    }

    #[test]
    fn dates() {
        check_date("1970-01-01", Some(0));
        check_date("1969-12-31", Some(-1));
        check_date("2000-02-29", Some(11_016));
        check_date("2024-12-31", Some(20_088));
        check_date("0001-01-01", Some(-719_162));
        check_date("9999-12-31", Some(2_932_896));
        for text in ["1900-02-29", "2020-13-01", "2020-00-01", "2020-01-32", "2020-1-1", "20200101"]
        {
            check_date(text, None);
        }
        check_date("2020-01-01 ", None);
        check_date("-0001-12-31", Some(-719_529));
        check_date("+10000-01-01", Some(2_932_897));
        check_date("--2020-01-01", None);
    }

    #[test]
    fn timestamps() {
        check_timestamp("1970-01-01 00:00:00", Some(0));
        check_timestamp("1970-01-01 00:00:00.1", Some(100_000));
        check_timestamp("1970-01-01T00:00:00.000001Z", Some(1));
        check_timestamp("1970-01-01T00:00:00.123456789Z", Some(123_456));
        check_timestamp("1969-12-31 23:59:59.999999", Some(-1));
        check_timestamp("1970-01-01T02:00:00+02:00", Some(0));
        check_timestamp("1970-01-01 00:00:00-0130", Some(5_400_000_000));
        check_timestamp("1970-01-01 00:00:00+02", Some(-7_200_000_000));
        check_timestamp("1970-01-01 00:00:00 UTC", Some(0));
        check_timestamp("1970-01-02", Some(86_400_000_000));
        check_timestamp("2021-09-08 11:11:11", Some(1_631_099_471_000_000));
        for text in [
            "1970-01",
            "1970-01-01 24:00:00",
            "1970-01-01 00:60:00",
            "1970-01-01 00:00:60",
            "1970-01-01 00:00:00.",
            "1970-01-01 00:00",
            "1970-01-01 00:00:00 Mars/Hellas",
            "1970-01-01 00:00:00  UTC",
            "1970-01-01 00:00:00+99:00",
            "999999-01-01 00:00:00+é",
        ] {
            check_timestamp(text, None);
        }
    }
}
