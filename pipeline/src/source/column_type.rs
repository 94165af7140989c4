//! The types that the columns of a source may be given, by the words of SQL.

use arrow::datatypes::{DataType, TimeUnit};
use serde::Deserialize;
use std::fmt;
use std::str::FromStr;

/// The greatest precision of a decimal in a Delta table.
const MAX_PRECISION: u8 = 38;

/// The type of a column, and how its text is read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ColumnType {
    arrow: DataType,
    is_epoch_ms: bool,
}

/// A type that there is not.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{text:?} is no column type; there are text, json, boolean, smallint, int, bigint, float, double, decimal(p, s), date, \
     timestamp (with a zone or in UTC), timestamp_ntz (without a zone), timestamp_ms (milliseconds since 1970 UTC), binary"
)]
pub struct ColumnTypeError {
    text: String,
}

impl ColumnType {
    /// The type in the table.
    pub fn arrow(&self) -> &DataType {
        &self.arrow
    }

    /// Whether its text is a number of milliseconds since 1970-01-01 UTC.
    pub(crate) fn is_epoch_ms(&self) -> bool {
        self.is_epoch_ms
    }

    /// Whether it is a moment, which is written as a text or as a number.
    pub(crate) fn is_moment(&self) -> bool {
        matches!(self.arrow, DataType::Timestamp(_, Some(_)))
    }

    /// The type of a column that is `arrow` already.
    pub(crate) fn of(arrow: DataType) -> ColumnType {
        ColumnType { arrow, is_epoch_ms: false }
    }
}

impl FromStr for ColumnType {
    type Err = ColumnTypeError;

    fn from_str(text: &str) -> Result<ColumnType, ColumnTypeError> {
        let utc = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let word: String = text.to_lowercase().split_whitespace().collect();
        let arrow = match word.as_str() {
            "text" | "varchar" | "string" | "json" => DataType::Utf8,
            "boolean" | "bool" => DataType::Boolean,
            "tinyint" => DataType::Int8,
            "smallint" => DataType::Int16,
            "int" | "integer" => DataType::Int32,
            "bigint" => DataType::Int64,
            "float" | "real" => DataType::Float32,
            "double" => DataType::Float64,
            "date" => DataType::Date32,
            "timestamp" | "timestamp_ms" => utc(),
            "timestamp_ntz" => DataType::Timestamp(TimeUnit::Microsecond, None),
            "binary" => DataType::Binary,
            _ => decimal(&word).ok_or_else(|| ColumnTypeError { text: text.to_owned() })?,
        };
        Ok(ColumnType { arrow, is_epoch_ms: word == "timestamp_ms" })
    }
}

fn decimal(word: &str) -> Option<DataType> {
    let inner = word.strip_prefix("decimal(").or_else(|| word.strip_prefix("numeric("))?;
    let (precision, scale) = inner.strip_suffix(')')?.split_once(',')?;
    let (precision, scale) = (precision.parse::<u8>().ok()?, scale.parse::<u8>().ok()?);
    let fits = (1..=MAX_PRECISION).contains(&precision) && scale <= precision;
    fits.then_some(DataType::Decimal128(precision, scale as i8))
}

impl TryFrom<String> for ColumnType {
    type Error = ColumnTypeError;

    fn try_from(text: String) -> Result<ColumnType, ColumnTypeError> {
        text.parse()
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.arrow {
            DataType::Utf8 => f.write_str("text"),
            DataType::Boolean => f.write_str("boolean"),
            DataType::Int16 => f.write_str("smallint"),
            DataType::Int32 => f.write_str("int"),
            DataType::Int64 => f.write_str("bigint"),
            DataType::Float32 => f.write_str("float"),
            DataType::Float64 => f.write_str("double"),
            DataType::Date32 => f.write_str("date"),
            DataType::Decimal128(precision, scale) => write!(f, "decimal({precision}, {scale})"),
            DataType::Timestamp(_, None) => f.write_str("timestamp_ntz"),
            DataType::Timestamp(_, Some(_)) if self.is_epoch_ms => f.write_str("timestamp_ms"),
            DataType::Timestamp(_, Some(_)) => f.write_str("timestamp"),
            other => write!(f, "{other}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_types_or_are_refused() {
        let check = |text: &str, expected: &str| {
            let found = text.parse::<ColumnType>();
            let found = found.map_or_else(|error| error.to_string(), |found| found.to_string());
            assert!(found.starts_with(expected), "{text}: {found}");
        };
        check("BIGINT", "bigint");
        check("decimal(12, 2)", "decimal(12, 2)");
        check("numeric(38,0)", "decimal(38, 0)");
        check("timestamp", "timestamp");
        check("timestamp_ms", "timestamp_ms");
        for text in ["", "decimal", "decimal(39, 2)", "decimal(2, 3)", "decimal(0,0)", "money"] {
            check(text, &format!("{text:?} is no column type"));
        }
    }
}
