//! Watermarks: values of a column as text, the way the server prints them, and back.

use super::cell;
use super::kind::Kind;
use crate::duration::Span;
use chrono::{Datelike, NaiveDate, NaiveTime, TimeDelta, Timelike};
use mysql_async::Value;

/// A watermark as a parameter of a query.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mark {
    /// The value.
    pub(super) value: Value,
    /// What stands for it in the query. A parameter that is text would be compared as a double, which
    /// has not all digits of a decimal.
    pub(super) placeholder: String,
}

/// Whether values of `kind` have an order that the server and this program agree on. Texts have not:
/// theirs is of a collation.
pub(super) fn is_ordered(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Int
            | Kind::Long
            | Kind::UnsignedLong
            | Kind::Decimal { .. }
            | Kind::Date
            | Kind::DateTime
            | Kind::Timestamp
    )
}

/// Reads a watermark of a column of `kind`; `None` when it is no value of such a column.
///
/// `2024-05-01 10:00:00.5` may have a `T` in its middle, and, for a timestamp, a `Z` at its end.
pub(super) fn parse(kind: Kind, text: &str) -> Option<Mark> {
    let plain = |value| Some(Mark { value, placeholder: "?".to_owned() });
    match kind {
        Kind::Int | Kind::Long => plain(Value::Int(text.parse().ok()?)),
        Kind::UnsignedLong => plain(Value::UInt(text.parse().ok()?)),
        Kind::Decimal { precision, scale } => {
            cell::decimal(text.as_bytes(), precision, scale).ok()?;
            // Which takes an empty text, or a lone sign, as zero.
            text.chars().any(|c| c.is_ascii_digit()).then_some(())?;
            let value = Value::Bytes(text.as_bytes().to_vec());
            Some(Mark { value, placeholder: format!("cast(? as decimal({precision}, {scale}))") })
        }
        Kind::Date => plain(moment(text, "00:00:00")?),
        Kind::DateTime | Kind::Timestamp => {
            let text = match kind {
                Kind::Timestamp => text.strip_suffix('Z').unwrap_or(text),
                _ => text,
            };
            let (day, time) = text.split_once([' ', 'T']).unwrap_or((text, "00:00:00"));
            plain(moment(day, time)?)
        }
        _ => None,
    }
}

/// `value` of a column of `kind` as text that [`parse`] reads; `None` when it is null.
pub(super) fn print(kind: Kind, value: &Value) -> Option<String> {
    match value {
        Value::Int(number) => Some(number.to_string()),
        Value::UInt(number) => Some(number.to_string()),
        Value::Bytes(bytes) => String::from_utf8(bytes.clone()).ok(),
        Value::Date(year, month, day, hour, minute, second, micros) => {
            let date = format!("{year:04}-{month:02}-{day:02}");
            if kind == Kind::Date {
                return Some(date);
            }
            Some(format!("{date} {hour:02}:{minute:02}:{second:02}.{micros:06}"))
        }
        _ => None,
    }
}

/// The value of a column of `kind` that lies `overlap` before `text`, as text; `text` itself when the column has no
/// times, or when no time lies so far before it.
pub(super) fn less(kind: Kind, text: &str, overlap: Span) -> String {
    let before = || {
        let mark = parse(kind, text)?;
        let Value::Date(year, month, day, hour, minute, second, micros) = mark.value else {
            return None;
        };
        let date = NaiveDate::from_ymd_opt(i32::from(year), u32::from(month), u32::from(day))?;
        let (hour, minute, second) = (u32::from(hour), u32::from(minute), u32::from(second));
        let time = date.and_hms_micro_opt(hour, minute, second, micros)?;
        let time = time.checked_sub_signed(TimeDelta::microseconds(overlap.micros()))?;
        // The server knows no year before.
        (time.year() >= 1000).then(|| match kind {
            Kind::Date => time.format("%Y-%m-%d").to_string(),
            _ => time.format("%Y-%m-%d %H:%M:%S%.6f").to_string(),
        })
    };
    before().unwrap_or_else(|| text.to_owned())
}

/// What stands for the present in a comparison with a column of `kind`; `None` when its values are no times.
pub(super) fn present(kind: Kind) -> Option<&'static str> {
    matches!(kind, Kind::Date | Kind::DateTime | Kind::Timestamp).then_some("utc_timestamp(6)")
}

fn moment(day: &str, time: &str) -> Option<Value> {
    let parts: Vec<&str> = day.split('-').collect();
    let &[year, month, date] = parts.as_slice() else { return None };
    if (year.len(), month.len(), date.len()) != (4, 2, 2) {
        return None;
    }
    let (year, month, date) =
        (year.parse::<u16>().ok()?, month.parse::<u8>().ok()?, date.parse::<u8>().ok()?);
    let is_zero = (year, month, date) == (0, 0, 0);
    if !is_zero {
        NaiveDate::from_ymd_opt(i32::from(year), u32::from(month), u32::from(date))?;
    }
    let time = NaiveTime::parse_from_str(time, "%H:%M:%S%.f").ok()?;
    let nanos = time.nanosecond();
    // More digits than a microsecond has, or the 60th second, are no value of a column.
    if nanos % 1000 != 0 || nanos >= 1_000_000_000 {
        return None;
    }
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    let small = |number: u32| u8::try_from(number).ok();
    let (hour, minute, second) = (small(hour)?, small(minute)?, small(second)?);
    Some(Value::Date(year, month, date, hour, minute, second, nanos / 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_and_printed() {
        let check = |kind: Kind, text: &str, expected: Value, printed: &str| {
            let mark = parse(kind, text).unwrap();
            assert_eq!(mark.value, expected, "{text}");
            assert_eq!(print(kind, &mark.value).as_deref(), Some(printed), "{text}");
            assert_eq!(parse(kind, printed), Some(mark), "{text}");
        };
        check(Kind::Int, "-7", Value::Int(-7), "-7");
        check(Kind::Long, "9223372036854775807", Value::Int(i64::MAX), "9223372036854775807");
        let most = u64::MAX.to_string();
        check(Kind::UnsignedLong, &most, Value::UInt(u64::MAX), &most);
        let decimal = Kind::Decimal { precision: 10, scale: 2 };
        check(decimal, "-12.50", Value::Bytes(b"-12.50".to_vec()), "-12.50");
        check(Kind::Date, "2024-02-29", Value::Date(2024, 2, 29, 0, 0, 0, 0), "2024-02-29");
        let moment = Value::Date(2024, 2, 29, 23, 59, 59, 500_000);
        for text in ["2024-02-29 23:59:59.5", "2024-02-29T23:59:59.500000"] {
            check(Kind::DateTime, text, moment.clone(), "2024-02-29 23:59:59.500000");
        }
        check(Kind::Timestamp, "2024-02-29T23:59:59.5Z", moment, "2024-02-29 23:59:59.500000");
        let zero = Value::Date(0, 0, 0, 0, 0, 0, 0);
        check(Kind::DateTime, "0000-00-00 00:00:00", zero, "0000-00-00 00:00:00.000000");
    }

    #[test]
    fn an_overlap_is_taken_from_times() {
        let hour: Span = "1 hour".parse().unwrap();
        let check = |kind: Kind, text: &str, expected: &str| {
            assert_eq!(less(kind, text, hour), expected, "{text}");
        };
        check(Kind::DateTime, "2024-01-01 00:30:00", "2023-12-31 23:30:00.000000");
        check(Kind::Timestamp, "2024-01-01 10:00:00.5Z", "2024-01-01 09:00:00.500000");
        check(Kind::Date, "2024-03-01", "2024-02-29");
        check(Kind::Long, "7", "7");
        check(Kind::DateTime, "0000-00-00 00:00:00", "0000-00-00 00:00:00");
        check(Kind::DateTime, "1000-01-01 00:30:00", "1000-01-01 00:30:00");
    }

    #[test]
    fn decimals_are_compared_as_decimals() {
        let mark = parse(Kind::Decimal { precision: 10, scale: 2 }, "1.5").unwrap();
        assert_eq!(mark.placeholder, "cast(? as decimal(10, 2))");
        assert_eq!(parse(Kind::Int, "1").unwrap().placeholder, "?");
    }

    #[test]
    fn other_texts_are_no_marks() {
        let check = |kind: Kind, texts: &[&str]| {
            for text in texts {
                assert_eq!(parse(kind, text), None, "{text}");
            }
        };
        check(Kind::Int, &["", "1.5", "1 or 1=1", "9223372036854775808"]);
        check(Kind::UnsignedLong, &["-1"]);
        check(Kind::Decimal { precision: 4, scale: 2 }, &["", "-", ".", "100.00", "0.001", "1e1"]);
        check(Kind::Date, &["2024-02-30", "2024-2-3", "2024", "20240203", "2024-02-03 00:00:00"]);
        check(Kind::DateTime, &["2024-02-03 24:00:00", "2024-02-03 10:00:00.1234567"]);
        check(Kind::DateTime, &["2024-02-03 10:00:00Z", "2024-02-03 10:00:60", "now()"]);
        check(Kind::Text, &["a"]);
    }

    #[test]
    fn only_some_kinds_are_ordered() {
        assert!(is_ordered(Kind::Timestamp) && is_ordered(Kind::Int));
        assert!(!is_ordered(Kind::Text) && !is_ordered(Kind::Float) && !is_ordered(Kind::Boolean));
    }
}
