//! One value as the driver gives it, as the value that its column has here. Nothing is rounded, cut or
//! guessed: what does not fit is refused.
//!
//! Values come in the binary protocol, in which a `float` has all its digits.

use super::kind::Kind;
use chrono::{Datelike, NaiveDate};
use mysql_async::Value;
use std::borrow::Cow;
use std::fmt::Write;

/// Days from 0001-01-01, which chrono counts as 1, to 1970-01-01.
const EPOCH_DAY: i32 = 719_163;

/// Characters of a refused value that an error shows.
const N_SHOWN: usize = 60;

/// The session sees one state of the rows, but a table can be altered between its description and its
/// query.
pub(super) const OTHER_TYPE: &str = "is not of the type that the table was described with";

/// A value of a column.
#[derive(Debug, PartialEq)]
pub(super) enum Cell<'v> {
    /// No value.
    Null,
    /// Of an int.
    Int(i32),
    /// Of a bigint.
    Long(i64),
    /// Of a decimal: the number without its point.
    Decimal(i128),
    /// Of a float.
    Float(f32),
    /// Of a double.
    Double(f64),
    /// Of a boolean.
    Boolean(bool),
    /// Of a date: days since 1970-01-01.
    Days(i32),
    /// Of a timestamp: microseconds since 1970-01-01.
    Micros(i64),
    /// Of a text.
    Text(Cow<'v, str>),
    /// Of a binary column.
    Bytes(&'v [u8]),
}

/// A value that its column cannot have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Misfit {
    /// `0000-00-00`, the way of saying that there is no date.
    ZeroDate,
    /// Any other, and the rule that it breaks.
    Value(&'static str),
}

/// What `value` is in a column of `kind`.
pub(super) fn read(kind: Kind, value: &Value) -> Result<Cell<'_>, Misfit> {
    let other = Misfit::Value(OTHER_TYPE);
    Ok(match (kind, value) {
        (_, Value::NULL) => Cell::Null,
        (Kind::Int, Value::Int(number)) => Cell::Int(i32::try_from(*number).map_err(|_| other)?),
        (Kind::Long, Value::Int(number)) => Cell::Long(*number),
        (Kind::UnsignedLong, Value::Int(number)) => Cell::Decimal(i128::from(*number)),
        (Kind::UnsignedLong, Value::UInt(number)) => Cell::Decimal(i128::from(*number)),
        (Kind::Decimal { precision, scale }, Value::Bytes(text)) => {
            Cell::Decimal(decimal(text, precision, scale)?)
        }
        (Kind::Float, Value::Float(number)) => Cell::Float(*number),
        (Kind::Double, Value::Double(number)) => Cell::Double(*number),
        (Kind::Boolean, Value::Bytes(bytes)) => match bits(bytes).ok_or(other.clone())? {
            0 => Cell::Boolean(false),
            1 => Cell::Boolean(true),
            _ => return Err(other),
        },
        (Kind::Bits, Value::Bytes(bytes)) => {
            Cell::Long(bits(bytes).and_then(|bits| i64::try_from(bits).ok()).ok_or(other)?)
        }
        (Kind::WideBits, Value::Bytes(bytes)) => {
            Cell::Decimal(i128::from(bits(bytes).ok_or(other)?))
        }
        (Kind::Date, Value::Date(year, month, day, 0, 0, 0, 0)) => {
            Cell::Days(date(*year, *month, *day)?.num_days_from_ce() - EPOCH_DAY)
        }
        (Kind::DateTime | Kind::Timestamp, Value::Date(..)) => Cell::Micros(micros(value)?),
        (Kind::Time { n_decimals }, Value::Time(..)) => {
            Cell::Text(Cow::Owned(time(value, n_decimals)))
        }
        (Kind::Text, Value::Bytes(bytes)) => {
            let text = std::str::from_utf8(bytes).map_err(|_| Misfit::Value("is not UTF-8"))?;
            Cell::Text(Cow::Borrowed(text))
        }
        (Kind::Binary, Value::Bytes(bytes)) => Cell::Bytes(bytes),
        _ => return Err(other),
    })
}

/// `value` as the server prints it, cut to a length that a line has room for.
pub(super) fn shown(value: &Value) -> String {
    let text = match value {
        Value::NULL => "null".to_owned(),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Date(year, month, day, hour, minute, second, micros) => {
            let mut text = format!("{year:04}-{month:02}-{day:02}");
            if (*hour, *minute, *second, *micros) != (0, 0, 0, 0) {
                // Writing to a String does not fail.
                let _ = write!(text, " {hour:02}:{minute:02}:{second:02}.{micros:06}");
            }
            text
        }
        Value::Time(..) => time(value, 6),
    };
    match text.char_indices().nth(N_SHOWN) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// The digits of `text` without the point, with `scale` of them behind it.
pub(super) fn decimal(text: &[u8], precision: u8, scale: u8) -> Result<i128, Misfit> {
    let misfit = Misfit::Value("has more digits than its column");
    let (is_negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let (mut number, mut n_decimals, mut is_behind) = (0_i128, 0_u8, false);
    for byte in digits {
        match byte {
            b'.' if !is_behind => is_behind = true,
            b'0'..=b'9' => {
                let digit = i128::from(byte - b'0');
                if is_behind && n_decimals == scale {
                    // Zeros behind the last digit say nothing.
                    if digit != 0 {
                        return Err(misfit);
                    }
                    continue;
                }
                n_decimals += u8::from(is_behind);
                number = number
                    .checked_mul(10)
                    .and_then(|number| number.checked_add(digit))
                    .ok_or(misfit.clone())?;
            }
            _ => return Err(Misfit::Value("is no decimal number")),
        }
    }
    let shift = 10_i128.checked_pow(u32::from(scale - n_decimals));
    let number = shift.and_then(|shift| number.checked_mul(shift)).ok_or(misfit.clone())?;
    match 10_i128.checked_pow(u32::from(precision)) {
        Some(limit) if number >= limit => Err(misfit),
        _ => Ok(if is_negative { -number } else { number }),
    }
}

/// The number that `bytes` are, the highest first; `None` when they are more than eight.
fn bits(bytes: &[u8]) -> Option<u64> {
    (bytes.len() <= 8).then(|| bytes.iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte)))
}

fn date(year: u16, month: u8, day: u8) -> Result<NaiveDate, Misfit> {
    if (year, month, day) == (0, 0, 0) {
        return Err(Misfit::ZeroDate);
    }
    NaiveDate::from_ymd_opt(i32::from(year), u32::from(month), u32::from(day))
        .ok_or(Misfit::Value("is no day of the calendar"))
}

fn micros(value: &Value) -> Result<i64, Misfit> {
    let Value::Date(year, month, day, hour, minute, second, micros) = *value else {
        return Err(Misfit::Value("is no date"));
    };
    let is_midnight = (hour, minute, second, micros) == (0, 0, 0, 0);
    let day = date(year, month, day).map_err(|misfit| match misfit {
        // A time of the day on no day is more than no date.
        Misfit::ZeroDate if !is_midnight => Misfit::Value("is no day of the calendar"),
        misfit => misfit,
    })?;
    let moment =
        day.and_hms_micro_opt(u32::from(hour), u32::from(minute), u32::from(second), micros);
    let moment = moment.ok_or(Misfit::Value("is no time of a day"))?;
    Ok(moment.and_utc().timestamp_micros())
}

/// A duration as the server prints it: hours may be more than 24.
fn time(value: &Value, n_decimals: usize) -> String {
    let Value::Time(is_negative, days, hours, minutes, seconds, micros) = value else {
        return String::new();
    };
    let sign = if *is_negative { "-" } else { "" };
    let hours = u64::from(*days) * 24 + u64::from(*hours);
    let mut text = format!("{sign}{hours:02}:{minutes:02}:{seconds:02}");
    if n_decimals > 0 {
        text.push('.');
        text.extend(format!("{micros:06}").chars().take(n_decimals));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Value {
        Value::Bytes(text.as_bytes().to_vec())
    }

    #[test]
    fn decimals_are_exact() {
        let check = |text: &str, precision: u8, scale: u8, expected: Option<i128>| {
            assert_eq!(decimal(text.as_bytes(), precision, scale).ok(), expected, "{text}");
        };
        check("0.00", 10, 2, Some(0));
        check("12.34", 10, 2, Some(1234));
        check("-12.3", 10, 2, Some(-1230));
        check("-0.01", 10, 2, Some(-1));
        check("7", 10, 2, Some(700));
        check("12.3400", 10, 2, Some(1234));
        check("12.341", 10, 2, None);
        check("99999999.99", 10, 2, Some(9_999_999_999));
        check("100000000.00", 10, 2, None);
        let nines = "9".repeat(38);
        check(&nines, 38, 0, Some(10_i128.pow(38) - 1));
        check(&format!("-0.{nines}"), 38, 38, Some(1 - 10_i128.pow(38)));
        check(&"9".repeat(39), 38, 0, None);
        check(&"9".repeat(60), 38, 0, None);
        for text in ["1e5", "1.2.3", "--1", "nan"] {
            check(text, 38, 10, None);
        }
    }

    #[test]
    fn dates_are_days_of_the_calendar() {
        let check = |(year, month, day): (u16, u8, u8), expected: Result<i32, Misfit>| {
            let value = Value::Date(year, month, day, 0, 0, 0, 0);
            assert_eq!(read(Kind::Date, &value), expected.map(Cell::Days), "{value:?}");
        };
        let no_day = || Err(Misfit::Value("is no day of the calendar"));
        check((1970, 1, 1), Ok(0));
        check((1969, 12, 31), Ok(-1));
        check((2024, 2, 29), Ok(19_782));
        check((9999, 12, 31), Ok(2_932_896));
        check((1000, 1, 1), Ok(-354_285));
        check((0, 0, 0), Err(Misfit::ZeroDate));
        check((2024, 0, 0), no_day());
        check((2024, 2, 31), no_day());
    }

    #[test]
    fn moments_are_microseconds() {
        let check = |value: Value, expected: Result<i64, Misfit>| {
            assert_eq!(read(Kind::DateTime, &value), expected.map(Cell::Micros), "{value:?}");
        };
        check(Value::Date(1970, 1, 1, 0, 0, 0, 1), Ok(1));
        check(Value::Date(1969, 12, 31, 23, 59, 59, 999_999), Ok(-1));
        check(Value::Date(2038, 1, 19, 3, 14, 7, 0), Ok(2_147_483_647_000_000));
        check(Value::Date(9999, 12, 31, 23, 59, 59, 999_999), Ok(253_402_300_799_999_999));
        check(Value::Date(0, 0, 0, 0, 0, 0, 0), Err(Misfit::ZeroDate));
        check(Value::Date(0, 0, 0, 10, 0, 0, 0), Err(Misfit::Value("is no day of the calendar")));
    }

    #[test]
    fn durations_are_printed_as_the_server_does() {
        let check = |value: Value, n_decimals: usize, expected: &str| {
            let kind = Kind::Time { n_decimals };
            assert_eq!(read(kind, &value), Ok(Cell::Text(expected.into())), "{value:?}");
        };
        check(Value::Time(false, 0, 0, 0, 0, 0), 0, "00:00:00");
        check(Value::Time(true, 34, 22, 59, 59, 0), 0, "-838:59:59");
        check(Value::Time(false, 1, 1, 2, 3, 45_000), 3, "25:02:03.045");
        check(Value::Time(false, 0, 1, 2, 3, 1), 6, "01:02:03.000001");
    }

    #[test]
    fn bits_and_integers_are_whole() {
        let check = |kind: Kind, value: Value, expected: Cell<'_>| {
            assert_eq!(read(kind, &value), Ok(expected), "{kind:?} {value:?}");
        };
        check(Kind::Boolean, Value::Bytes(vec![1]), Cell::Boolean(true));
        check(Kind::Boolean, Value::Bytes(vec![0]), Cell::Boolean(false));
        check(Kind::Bits, Value::Bytes(vec![1, 0]), Cell::Long(256));
        let ones = vec![0xff; 8];
        check(Kind::WideBits, Value::Bytes(ones), Cell::Decimal(i128::from(u64::MAX)));
        check(Kind::UnsignedLong, Value::UInt(u64::MAX), Cell::Decimal(i128::from(u64::MAX)));
        check(Kind::UnsignedLong, Value::Int(7), Cell::Decimal(7));
        check(Kind::Long, Value::Int(i64::MIN), Cell::Long(i64::MIN));
        check(Kind::Int, Value::Int(-1), Cell::Int(-1));
        check(Kind::Int, Value::NULL, Cell::Null);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let check = |kind: Kind, value: Value| {
            assert!(matches!(read(kind, &value), Err(Misfit::Value(_))), "{kind:?} {value:?}");
        };
        check(Kind::Int, Value::Int(1 << 31));
        check(Kind::Int, bytes("1"));
        check(Kind::Long, Value::UInt(u64::MAX));
        check(Kind::Boolean, Value::Bytes(vec![2]));
        check(Kind::Bits, Value::Bytes(vec![0xff; 8]));
        check(Kind::WideBits, Value::Bytes(vec![0; 9]));
        check(Kind::Text, Value::Bytes(vec![0xff]));
        check(Kind::Date, Value::Date(2024, 1, 1, 1, 0, 0, 0));
    }

    #[test]
    fn errors_show_values_in_short() {
        let check = |value: Value, expected: &str| assert_eq!(shown(&value), expected);
        check(Value::NULL, "null");
        check(Value::Date(2024, 0, 9, 0, 0, 0, 0), "2024-00-09");
        check(Value::Date(2024, 1, 9, 1, 2, 3, 4), "2024-01-09 01:02:03.000004");
        check(Value::Int(-7), "-7");
        check(bytes(&"é".repeat(61)), &format!("{}...", "é".repeat(60)));
    }
}
