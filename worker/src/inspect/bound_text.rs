//! A bound of a Parquet column as text, by the column's logical type.

use super::cut;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta};
use datafusion::arrow::datatypes::{ArrowPrimitiveType, Float16Type};
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::data_type::Int96;
use parquet::schema::types::ColumnDescriptor;
use std::fmt::Write;

type F16 = <Float16Type as ArrowPrimitiveType>::Native;

/// What the bytes of a bound mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Plain,
    Unsigned,
    Text,
    Date,
    Time(TimeUnit),
    Timestamp(TimeUnit, Zone),
    Decimal { scale: i32 },
    Uuid,
    Half,
}

/// Whether an instant is one of UTC or of no zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zone {
    Utc,
    None,
}

/// The bound that lies in `bytes`, plainly encoded, of a column of the type that `column` says.
/// `None` when there are not as many bytes as the type has, or they are no value of it.
///
/// Source: Parquet's `LogicalTypes.md` and `Encodings.md`.
pub fn bound_text(column: &ColumnDescriptor, bytes: &[u8]) -> Option<String> {
    let meaning = meaning(column);
    match column.physical_type() {
        Type::BOOLEAN => Some((*bytes.first()? != 0).to_string()),
        Type::INT32 => integer(meaning, i64::from(i32::from_le_bytes(bytes.try_into().ok()?)), 32),
        Type::INT64 => integer(meaning, i64::from_le_bytes(bytes.try_into().ok()?), 64),
        Type::INT96 => {
            let word = |idx: usize| -> Option<u32> {
                Some(u32::from_le_bytes(bytes.get(idx * 4..idx * 4 + 4)?.try_into().ok()?))
            };
            let mut value = Int96::new();
            value.set_data(word(0)?, word(1)?, word(2)?);
            instant(value.to_micros(), TimeUnit::MICROS, Zone::None)
        }
        Type::FLOAT => Some(f32::from_le_bytes(bytes.try_into().ok()?).to_string()),
        Type::DOUBLE => Some(f64::from_le_bytes(bytes.try_into().ok()?).to_string()),
        Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY => of_bytes(meaning, bytes),
    }
}

fn meaning(column: &ColumnDescriptor) -> Meaning {
    let zone = |is_utc: bool| if is_utc { Zone::Utc } else { Zone::None };
    match column.logical_type_ref() {
        Some(LogicalType::String | LogicalType::Enum | LogicalType::Json) => Meaning::Text,
        Some(LogicalType::Date) => Meaning::Date,
        Some(LogicalType::Time(time)) => Meaning::Time(time.unit),
        Some(LogicalType::Timestamp(timestamp)) => {
            Meaning::Timestamp(timestamp.unit, zone(timestamp.is_adjusted_to_u_t_c))
        }
        Some(LogicalType::Decimal(decimal)) => Meaning::Decimal { scale: decimal.scale },
        Some(LogicalType::Integer(integer)) if !integer.is_signed => Meaning::Unsigned,
        Some(LogicalType::Uuid) => Meaning::Uuid,
        Some(LogicalType::Float16) => Meaning::Half,
        Some(_) => Meaning::Plain,
        None => match column.converted_type() {
            ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON => Meaning::Text,
            ConvertedType::DATE => Meaning::Date,
            ConvertedType::TIME_MILLIS => Meaning::Time(TimeUnit::MILLIS),
            ConvertedType::TIME_MICROS => Meaning::Time(TimeUnit::MICROS),
            ConvertedType::TIMESTAMP_MILLIS => Meaning::Timestamp(TimeUnit::MILLIS, Zone::Utc),
            ConvertedType::TIMESTAMP_MICROS => Meaning::Timestamp(TimeUnit::MICROS, Zone::Utc),
            ConvertedType::DECIMAL => Meaning::Decimal { scale: column.type_scale() },
            ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32
            | ConvertedType::UINT_64 => Meaning::Unsigned,
            _ => Meaning::Plain,
        },
    }
}

fn integer(meaning: Meaning, value: i64, n_bits: u32) -> Option<String> {
    match meaning {
        Meaning::Unsigned if n_bits == 32 => Some((value as u32).to_string()),
        Meaning::Unsigned => Some((value as u64).to_string()),
        Meaning::Date => date(value),
        Meaning::Time(unit) => time(value, unit),
        Meaning::Timestamp(unit, zone) => instant(value, unit, zone),
        Meaning::Decimal { scale } => Some(decimal(i128::from(value), scale)),
        _ => Some(value.to_string()),
    }
}

fn of_bytes(meaning: Meaning, bytes: &[u8]) -> Option<String> {
    match meaning {
        // A bound may be cut in the middle of a character.
        Meaning::Text => Some(cut(&String::from_utf8_lossy(bytes))),
        Meaning::Decimal { scale } if !bytes.is_empty() && bytes.len() <= 16 => {
            let sign = if bytes.first().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
            let mut wide = [sign; 16];
            wide.get_mut(16 - bytes.len()..)?.copy_from_slice(bytes);
            Some(decimal(i128::from_be_bytes(wide), scale))
        }
        Meaning::Half => Some(F16::from_le_bytes(bytes.try_into().ok()?).to_string()),
        Meaning::Uuid if bytes.len() == 16 => {
            let hex = hex(bytes);
            let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
            let parts = [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)];
            Some(parts.join("-"))
        }
        _ => Some(cut(&format!("0x{}", hex(bytes.get(..64).unwrap_or(bytes))))),
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _always_fits = write!(text, "{byte:02x}");
    }
    text
}

fn date(days: i64) -> Option<String> {
    let epoch = NaiveDate::from_ymd_opt(1970, 1, 1)?;
    let distance = Days::new(days.unsigned_abs());
    let date = match days < 0 {
        true => epoch.checked_sub_days(distance),
        false => epoch.checked_add_days(distance),
    };
    date.map(|date| date.to_string())
}

fn time(value: i64, unit: TimeUnit) -> Option<String> {
    let span = match unit {
        TimeUnit::MILLIS => TimeDelta::try_milliseconds(value)?,
        TimeUnit::MICROS => TimeDelta::microseconds(value),
        TimeUnit::NANOS => TimeDelta::nanoseconds(value),
    };
    let (time, n_days) = NaiveTime::MIN.overflowing_add_signed(span);
    (n_days == 0).then(|| time.to_string())
}

fn instant(value: i64, unit: TimeUnit, zone: Zone) -> Option<String> {
    let at = match unit {
        TimeUnit::MILLIS => DateTime::from_timestamp_millis(value)?,
        TimeUnit::MICROS => DateTime::from_timestamp_micros(value)?,
        TimeUnit::NANOS => DateTime::from_timestamp_nanos(value),
    };
    let end = if zone == Zone::Utc { "Z" } else { "" };
    Some(format!("{}{end}", at.format("%Y-%m-%d %H:%M:%S%.f")))
}

/// `units` over ten to the `scale`, every digit kept.
fn decimal(units: i128, scale: i32) -> String {
    let scale = usize::try_from(scale).unwrap_or(0).min(76);
    let digits = units.unsigned_abs().to_string();
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (whole, rest) = digits.split_at(digits.len() - scale);
    let sign = if units < 0 { "-" } else { "" };
    match rest {
        "" => format!("{sign}{whole}"),
        rest => format!("{sign}{whole}.{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::schema::parser::parse_message_type;
    use parquet::schema::types::SchemaDescriptor;
    use std::sync::Arc;

    #[track_caller]
    fn check(column: &str, bytes: &[u8], expected: Option<&str>) {
        let message = format!("message m {{ required {column}; }}");
        let schema = SchemaDescriptor::new(Arc::new(parse_message_type(&message).unwrap()));
        let found = bound_text(&schema.column(0), bytes);
        assert_eq!(found.as_deref(), expected, "{column} {bytes:?}");
    }

    #[test]
    fn bounds_are_said_by_their_logical_type() {
        check("boolean a", &[1], Some("true"));
        check("int32 a", &(-7_i32).to_le_bytes(), Some("-7"));
        check("int32 a (INTEGER(32,false))", &(-1_i32).to_le_bytes(), Some("4294967295"));
        check("int64 a (UINT_64)", &(-1_i64).to_le_bytes(), Some("18446744073709551615"));
        check("int32 a (DATE)", &17_821_i32.to_le_bytes(), Some("2018-10-17"));
        check("int32 a (DATE)", &(-1_i32).to_le_bytes(), Some("1969-12-31"));
        check("int32 a (DATE)", &i32::MAX.to_le_bytes(), None);
        check("int32 a (DECIMAL(9,2))", &(-5_i32).to_le_bytes(), Some("-0.05"));
        check("int64 a (DECIMAL(18,0))", &12_i64.to_le_bytes(), Some("12"));
        check("binary a (DECIMAL(20,2))", &[0xff, 0x85], Some("-1.23"));
        check("fixed_len_byte_array(3) a (DECIMAL(6,1))", &[0, 1, 0], Some("25.6"));
        check("binary a (DECIMAL(20,2))", &[], Some("0x"));
        check(
            "int64 a (TIMESTAMP(MICROS,true))",
            &1_539_795_018_250_000_i64.to_le_bytes(),
            Some("2018-10-17 16:50:18.250Z"),
        );
        check(
            "int64 a (TIMESTAMP(NANOS,false))",
            &1_i64.to_le_bytes(),
            Some("1970-01-01 00:00:00.000000001"),
        );
        check("int64 a (TIMESTAMP_MILLIS)", &0_i64.to_le_bytes(), Some("1970-01-01 00:00:00Z"));
        check("int64 a (TIMESTAMP_MILLIS)", &i64::MAX.to_le_bytes(), None);
        check("int32 a (TIME_MILLIS)", &3_661_000_i32.to_le_bytes(), Some("01:01:01"));
        check("int32 a (TIME_MILLIS)", &i32::MAX.to_le_bytes(), None);
        check("float a", &0.5_f32.to_le_bytes(), Some("0.5"));
        check("double a", &f64::NAN.to_le_bytes(), Some("NaN"));
        check("binary a (STRING)", "são".as_bytes(), Some("são"));
        check("binary a (UTF8)", b"s\xc3", Some("s\u{fffd}"));
        check("binary a", b"\x01\xab", Some("0x01ab"));
        check(
            "fixed_len_byte_array(16) a (UUID)",
            &[0x11; 16],
            Some("11111111-1111-1111-1111-111111111111"),
        );
        check(
            "int96 a",
            &[0, 0, 0, 0, 0, 0, 0, 0, 0x8c, 0x3d, 0x25, 0],
            Some("1970-01-01 00:00:00"),
        );
    }

    #[test]
    fn bytes_that_are_no_value_are_none() {
        for column in ["int32 a", "int64 a", "int96 a", "float a", "double a", "boolean a"] {
            check(column, &[], None);
        }
        check("int32 a", &[1, 2, 3], None);
        check("int96 a", &[1; 7], None);
        let long = "x".repeat(1000);
        let expected = format!("{}…", "x".repeat(super::super::MAX_TEXT_CHARS));
        check("binary a (STRING)", long.as_bytes(), Some(&expected));
    }
}
