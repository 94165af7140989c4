//! A day of the calendar, and a range of them.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A day, counted from 1970-01-01 as Arrow's `Date32` does. Proleptic Gregorian calendar with
/// astronomical years: year 0 is 1 BC.
///
/// Written `YYYY-MM-DD`, also in JSON. A year outside of 0000 to 9999 has a sign and at least four
/// digits, `+10000-01-01` and `-0043-03-15`, so that every `Date32` there is has exactly one text.
///
/// Source: ISO 8601-1, 5.2.2.3, "Expanded representations".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date {
    days: i32,
}

/// A text or number that is not a [`Date`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("date {text:?} is not a day of the calendar as YYYY-MM-DD, with a sign beyond year 9999")]
pub struct DateError {
    /// The text as it was given.
    pub text: String,
}

impl Date {
    /// The day that is `days` after 1970-01-01.
    pub const fn from_days(days: i32) -> Date {
        Date { days }
    }

    /// Days since 1970-01-01.
    pub const fn days(self) -> i32 {
        self.days
    }

    /// The day `n_days` later (earlier when negative); saturates.
    pub const fn plus_days(self, n_days: i32) -> Date {
        Date { days: self.days.saturating_add(n_days) }
    }

    /// Makes a date of a calendar day.
    ///
    /// # Errors
    /// [`DateError`] when there is no such day, or it is too far from 1970 to be counted.
    pub fn from_ymd(year: i32, month: u32, day: u32) -> Result<Date, DateError> {
        // Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
        // In 64 bits, since any i32 may be asked for.
        let error = || DateError { text: written(year, month, day) };
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return Err(error());
        }
        let (month_i, day_i) = (i64::from(month), i64::from(day));
        let shifted = i64::from(year) - i64::from(month_i <= 2);
        let era = shifted.div_euclid(400);
        let year_of_era = shifted - era * 400;
        let month_from_march = (month_i + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + day_i - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = i32::try_from(era * 146_097 + day_of_era - 719_468).map_err(|_| error())?;
        let date = Date { days };
        if date.ymd() == (year, month, day) { Ok(date) } else { Err(error()) }
    }

    /// Year, month (1 to 12) and day (1 to 31).
    pub fn ymd(self) -> (i32, u32, u32) {
        // Source: the same, civil_from_days. In 64 bits, since any i32 may be asked for.
        let days = i64::from(self.days) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days - era * 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        (year as i32, month as u32, day)
    }

    /// 0 for Monday to 6 for Sunday.
    pub fn weekday(self) -> u32 {
        (i64::from(self.days) + 3).rem_euclid(7) as u32
    }
}

fn written(year: i32, month: u32, day: u32) -> String {
    match year {
        0..=9999 => format!("{year:04}-{month:02}-{day:02}"),
        // The sign counts as one of the five.
        _ => format!("{year:+05}-{month:02}-{day:02}"),
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.ymd();
        f.write_str(&written(year, month, day))
    }
}

impl FromStr for Date {
    type Err = DateError;

    /// Reads what [`Date`] is written as, and nothing else.
    fn from_str(text: &str) -> Result<Date, DateError> {
        let read = || {
            let sign = text.chars().next().filter(|c| matches!(c, '+' | '-'));
            let (year, rest) = text.get(sign.map_or(0, char::len_utf8)..)?.split_once('-')?;
            let (month, day) = rest.split_once('-')?;
            let digits = |part: &str| {
                let is_digits = part.bytes().all(|byte| byte.is_ascii_digit());
                if is_digits { part.parse::<i32>().ok() } else { None }
            };
            let year = digits(year)?.checked_mul(if sign == Some('-') { -1 } else { 1 })?;
            let (month, day) = (digits(month)?.unsigned_abs(), digits(day)?.unsigned_abs());
            // A day has one text: what is written otherwise is none.
            Date::from_ymd(year, month, day).ok().filter(|date| date.to_string() == text)
        };
        read().ok_or_else(|| DateError { text: text.to_owned() })
    }
}

impl TryFrom<String> for Date {
    type Error = DateError;

    fn try_from(text: String) -> Result<Date, DateError> {
        text.parse()
    }
}

impl From<Date> for String {
    fn from(date: Date) -> String {
        date.to_string()
    }
}

/// Days from `first` to `last`, both included. `first <= last` is not enforced: an inverted range
/// is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DateRange {
    /// The first day.
    pub first: Date,
    /// The last day.
    pub last: Date,
}

impl DateRange {
    /// How many days; 0 for an inverted range.
    pub fn n_days(self) -> i32 {
        let n_days = i64::from(self.last.days) - i64::from(self.first.days) + 1;
        n_days.clamp(0, i64::from(i32::MAX)) as i32
    }

    /// The range of the same length that ends the day before this one starts.
    pub fn before(self) -> DateRange {
        DateRange { first: self.first.plus_days(-self.n_days()), last: self.first.plus_days(-1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_and_days_agree() {
        let check = |text: &str, days: i32, weekday: u32| {
            let date: Date = text.parse().unwrap();
            assert_eq!((date.days(), date.weekday()), (days, weekday), "{text}");
            assert_eq!(Date::from_days(days).to_string(), text);
        };
        check("1970-01-01", 0, 3);
        check("1969-12-31", -1, 2);
        check("2000-02-29", 11_016, 1);
        check("2018-09-03", 17_777, 0);
        check("0001-01-01", -719_162, 0);
        check("0000-12-31", -719_163, 6);
        check("-0001-12-31", -719_529, 4);
        check("9999-12-31", 2_932_896, 4);
        check("+10000-01-01", 2_932_897, 5);
        check("+5881580-07-11", i32::MAX, 4);
        check("-5877641-06-23", i32::MIN, 1);
    }

    #[test]
    fn no_such_day_is_an_error() {
        for text in [
            "",
            "2018",
            "2018-02-29",
            "2018-13-01",
            "2018-00-10",
            "18-01-01",
            "2018-1-1",
            "2018-01-01-",
            "+018-01-01",
            "+2018-01-01",
            "-2018-1-1",
            "-0000-01-01",
            "10000-01-01",
            "+010000-01-01",
            "+5881580-07-12",
            "-5877641-06-22",
            "+99999999999-01-01",
            "-",
            "é-01-01",
        ] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_day_that_is_written_is_read(days: i32) {
            let date = Date::from_days(days);
            prop_assert_eq!(date.to_string().parse::<Date>(), Ok(date));
            let (year, month, day) = date.ymd();
            prop_assert_eq!(Date::from_ymd(year, month, day), Ok(date));
        }

        #[test]
        fn any_text_that_is_read_is_written_so(text in "[+-]?[0-9]{3,7}-[0-9]{1,2}-[0-9]{1,2}") {
            if let Ok(date) = text.parse::<Date>() {
                prop_assert_eq!(date.to_string(), text);
            }
        }
    }

    #[test]
    fn every_day_of_four_centuries_comes_back() {
        for days in -146_097..146_097 {
            let (year, month, day) = Date::from_days(days).ymd();
            assert_eq!(Date::from_ymd(year, month, day).unwrap().days(), days);
        }
    }

    #[test]
    fn the_range_before_is_as_long_and_adjacent() {
        let range =
            DateRange { first: "2018-03-01".parse().unwrap(), last: "2018-03-31".parse().unwrap() };
        assert_eq!(range.n_days(), 31);
        assert_eq!(range.before().first.to_string(), "2018-01-29");
        assert_eq!(range.before().last.to_string(), "2018-02-28");
    }
}
