//! A column of single values of any type that statistics and partition values have, as texts.

use super::CheckpointRule;
use super::decode::{Fixed, Int96};
use super::leaf::{Flat, Group};
use bytes::Bytes;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as PhysicalType};
use parquet::schema::types::ColumnDescriptor;

/// Microseconds in a day.
const DAY_US: i64 = 86_400_000_000;

/// A column whose values are to be texts.
#[derive(Debug)]
pub(super) enum Scalars {
    Bool(Flat<bool>),
    Int(Flat<i32>),
    Long(Flat<i64>),
    Float(Flat<f32>),
    Double(Flat<f64>),
    Text(Flat<Bytes>),
    /// Days since 1970-01-01.
    Date(Flat<i32>),
    /// So many of them are a second; `is_utc` tells a timestamp from one without a zone.
    Timestamp {
        values: Flat<i64>,
        per_second: i64,
        is_utc: bool,
    },
    Int96(Flat<Int96>),
    /// Unscaled values, with so many digits behind the point.
    DecimalInt(Flat<i32>, u32),
    DecimalLong(Flat<i64>, u32),
    DecimalFixed(Flat<Fixed>, u32),
    DecimalBytes(Flat<Bytes>, u32),
}

/// Whether JSON quotes a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    Needed,
    None,
}

impl Scalars {
    /// Bytes that a value of that column takes in memory.
    pub fn value_bytes(descriptor: &ColumnDescriptor) -> u64 {
        match descriptor.physical_type() {
            PhysicalType::BOOLEAN => 1,
            PhysicalType::INT32 | PhysicalType::FLOAT => 4,
            PhysicalType::INT64 | PhysicalType::DOUBLE | PhysicalType::INT96 => 8,
            PhysicalType::BYTE_ARRAY | PhysicalType::FIXED_LEN_BYTE_ARRAY => 32,
        }
    }

    /// Reads that leaf. `None` where its type has no texts, or where it is within a list.
    ///
    /// # Errors
    /// [`CheckpointRule`] when its pages are broken; it names `column`.
    pub fn read(
        group: &Group<'_>,
        column: &'static str,
        leaf_idx: usize,
    ) -> Result<Option<Scalars>, CheckpointRule> {
        let Some((descriptor, _)) = group.descriptor(leaf_idx) else { return Ok(None) };
        if descriptor.max_rep_level() > 0 {
            return Ok(None);
        }
        let logical = descriptor.logical_type_ref();
        let converted = descriptor.converted_type();
        let is_decimal =
            matches!(logical, Some(LogicalType::Decimal(_))) || converted == ConvertedType::DECIMAL;
        let scale = u32::try_from(descriptor.type_scale()).ok().filter(|_| is_decimal);
        let is_date =
            matches!(logical, Some(LogicalType::Date)) || converted == ConvertedType::DATE;
        let is_text = match logical {
            Some(logical) => {
                matches!(logical, LogicalType::String | LogicalType::Enum | LogicalType::Json)
            }
            None => matches!(converted, ConvertedType::UTF8 | ConvertedType::NONE),
        };
        let expected = "of its type";
        macro_rules! leaf {
            () => {
                group.flat_leaf(column, expected, leaf_idx)?
            };
        }
        Ok(Some(match (descriptor.physical_type(), scale) {
            (PhysicalType::BOOLEAN, _) => Scalars::Bool(leaf!()),
            (PhysicalType::INT32, Some(scale)) => Scalars::DecimalInt(leaf!(), scale),
            (PhysicalType::INT32, None) if is_date => Scalars::Date(leaf!()),
            (PhysicalType::INT32, None) => Scalars::Int(leaf!()),
            (PhysicalType::INT64, Some(scale)) => Scalars::DecimalLong(leaf!(), scale),
            (PhysicalType::INT64, None) => match timestamp(logical, converted) {
                Some((per_second, is_utc)) => {
                    Scalars::Timestamp { values: leaf!(), per_second, is_utc }
                }
                None => Scalars::Long(leaf!()),
            },
            (PhysicalType::INT96, _) => Scalars::Int96(leaf!()),
            (PhysicalType::FLOAT, _) => Scalars::Float(leaf!()),
            (PhysicalType::DOUBLE, _) => Scalars::Double(leaf!()),
            (PhysicalType::BYTE_ARRAY, Some(scale)) => Scalars::DecimalBytes(leaf!(), scale),
            (PhysicalType::BYTE_ARRAY, None) if is_text => Scalars::Text(leaf!()),
            (PhysicalType::FIXED_LEN_BYTE_ARRAY, Some(scale)) => {
                Scalars::DecimalFixed(leaf!(), scale)
            }
            _ => return Ok(None),
        }))
    }

    /// The value of that row as the log writes a partition value.
    pub fn text(&self, row: usize) -> Option<String> {
        self.quoted(row).map(|(text, _)| text)
    }

    /// The value of that row as statistics in JSON have it.
    pub fn json(&self, row: usize) -> Option<String> {
        match self.quoted(row)? {
            (text, Quotes::None) => Some(text),
            (text, Quotes::Needed) => serde_json::to_string(&text).ok(),
        }
    }

    fn quoted(&self, row: usize) -> Option<(String, Quotes)> {
        let plain = |text: String| Some((text, Quotes::None));
        let float = |text: String, is_finite: bool| {
            Some((text, if is_finite { Quotes::None } else { Quotes::Needed }))
        };
        let quoted = |text: String| Some((text, Quotes::Needed));
        match self {
            Scalars::Bool(values) => plain(values.get(row)?.to_string()),
            Scalars::Int(values) => plain(values.get(row)?.to_string()),
            Scalars::Long(values) => plain(values.get(row)?.to_string()),
            Scalars::Float(values) => {
                values.get(row).and_then(|value| float(format!("{value:?}"), value.is_finite()))
            }
            Scalars::Double(values) => {
                values.get(row).and_then(|value| float(format!("{value:?}"), value.is_finite()))
            }
            Scalars::Text(values) => quoted(std::str::from_utf8(values.get(row)?).ok()?.to_owned()),
            Scalars::Date(values) => quoted(date(i64::from(*values.get(row)?))),
            Scalars::Timestamp { values, per_second, is_utc } => {
                let value = i128::from(*values.get(row)?);
                let us = (value * 1_000_000).div_euclid(i128::from(*per_second));
                quoted(timestamp_text(i64::try_from(us).ok()?, *is_utc))
            }
            Scalars::Int96(values) => quoted(timestamp_text(values.get(row)?.0, true)),
            Scalars::DecimalInt(values, scale) => {
                plain(decimal(i128::from(*values.get(row)?), *scale))
            }
            Scalars::DecimalLong(values, scale) => {
                plain(decimal(i128::from(*values.get(row)?), *scale))
            }
            Scalars::DecimalFixed(values, scale) => {
                plain(decimal(unscaled(&values.get(row)?.0)?, *scale))
            }
            Scalars::DecimalBytes(values, scale) => {
                plain(decimal(unscaled(values.get(row)?)?, *scale))
            }
        }
    }
}

/// How many units are a second, and whether they are UTC, if the type is a timestamp.
fn timestamp(logical: Option<&LogicalType>, converted: ConvertedType) -> Option<(i64, bool)> {
    match (logical, converted) {
        (Some(LogicalType::Timestamp(it)), _) => {
            let per_second = match it.unit {
                TimeUnit::MILLIS => 1000,
                TimeUnit::MICROS => 1_000_000,
                TimeUnit::NANOS => 1_000_000_000,
            };
            Some((per_second, it.is_adjusted_to_u_t_c))
        }
        (None, ConvertedType::TIMESTAMP_MILLIS) => Some((1000, true)),
        (None, ConvertedType::TIMESTAMP_MICROS) => Some((1_000_000, true)),
        _ => None,
    }
}

/// A big-endian two's complement number.
fn unscaled(bytes: &[u8]) -> Option<i128> {
    if bytes.len() > 16 {
        return None;
    }
    let first = if bytes.first().is_some_and(|byte| byte & 0x80 != 0) { -1 } else { 0 };
    Some(bytes.iter().fold(first, |sum: i128, byte| sum << 8 | i128::from(*byte)))
}

fn decimal(unscaled: i128, scale: u32) -> String {
    let digits = unscaled.unsigned_abs().to_string();
    let sign = if unscaled < 0 { "-" } else { "" };
    let scale = scale as usize;
    if scale == 0 {
        return format!("{sign}{digits}");
    }
    // A scale is at most 38 in Delta; a larger one is nonsense and still no reason to allocate.
    let width = scale.min(64) + 1;
    let digits = format!("{digits:0>width$}");
    let (whole, fraction) = digits.split_at(digits.len() - (width - 1));
    format!("{sign}{whole}.{fraction}")
}

/// A day in the proleptic Gregorian calendar.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn date(days: i64) -> String {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

fn timestamp_text(us: i64, is_utc: bool) -> String {
    let day = date(us.div_euclid(DAY_US));
    let us_of_day = us.rem_euclid(DAY_US);
    let (seconds, us) = (us_of_day / 1_000_000, us_of_day % 1_000_000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let zone = if is_utc { "Z" } else { "" };
    format!("{day}T{hours:02}:{minutes:02}:{seconds:02}.{us:06}{zone}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_timestamps() {
        let check = |days: i64, expected: &str| assert_eq!(date(days), expected);
        check(0, "1970-01-01");
        check(-1, "1969-12-31");
        check(11_016, "2000-02-29");
        check(-719_528, "0000-01-01");
        assert_eq!(timestamp_text(-1, true), "1969-12-31T23:59:59.999999Z");
        assert_eq!(timestamp_text(3_723_000_001, false), "1970-01-01T01:02:03.000001");
    }

    #[test]
    fn decimals() {
        let check = |unscaled, scale, expected: &str| {
            assert_eq!(decimal(unscaled, scale), expected, "{unscaled} {scale}");
        };
        check(12_345, 2, "123.45");
        check(-5, 3, "-0.005");
        check(7, 0, "7");
        check(0, 1, "0.0");
        check(i128::MIN, 38, "-1.70141183460469231731687303715884105728");
        assert_eq!(unscaled(&[0xff, 0xfe]), Some(-2));
        assert_eq!(unscaled(&[0, 0x80]), Some(128));
        assert_eq!(unscaled(&[]), Some(0));
        assert_eq!(unscaled(&[0; 17]), None);
    }
}
