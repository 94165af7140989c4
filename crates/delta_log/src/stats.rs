//! The statistics of a data file, as its add action has them.

use crate::checkpoint::StatsColumns;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How deep the statistics of nested columns are taken apart; what lies deeper stays one value.
const MAX_DEPTH: usize = 16;

/// The statistics of a data file. Everything in them is optional; what is absent is unknown.
///
/// Columns have their physical names. Bounds that a checkpoint has as columns are given as the text
/// that JSON would have: a timestamp is ISO 8601 with microseconds, with a `Z` where it is UTC.
/// Bounds keep the very text of the JSON, so that a decimal loses no digit. Columns are named by
/// their path from the outermost column inwards, so `["a", "b"]` is field `b` of struct `a`.
///
/// Source: Delta protocol, "Per-file Statistics".
#[derive(Debug, Clone, Default)]
pub struct Stats {
    /// Rows in the file.
    pub num_records: Option<u64>,
    /// Values that no value of the column is below.
    pub min_values: BTreeMap<Vec<String>, Box<RawValue>>,
    /// Values that no value of the column is above.
    pub max_values: BTreeMap<Vec<String>, Box<RawValue>>,
    /// Null values in each column.
    pub null_count: BTreeMap<Vec<String>, u64>,
    /// Whether the bounds are values of the column, and not merely bounds.
    pub tight_bounds: bool,
}

impl PartialEq for Stats {
    fn eq(&self, other: &Stats) -> bool {
        let same = |a: &BTreeMap<Vec<String>, Box<RawValue>>, b: &BTreeMap<_, Box<RawValue>>| {
            let mut pairs = a.iter().zip(b);
            a.len() == b.len() && pairs.all(|(a, b)| a.0 == b.0 && a.1.get() == b.1.get())
        };
        self.num_records == other.num_records
            && self.tight_bounds == other.tight_bounds
            && self.null_count == other.null_count
            && same(&self.min_values, &other.min_values)
            && same(&self.max_values, &other.max_values)
    }
}

/// The statistics of an add before they are read.
#[derive(Debug, Clone)]
pub(crate) enum AddStats {
    None,
    /// The JSON of them.
    Json(Bytes),
    /// A row of a checkpoint's columns.
    Row {
        columns: Arc<StatsColumns>,
        row: u32,
    },
}

impl AddStats {
    pub fn read(&self) -> Result<Option<Stats>, StatsError> {
        match self {
            AddStats::None => Ok(None),
            AddStats::Json(json) => Stats::parse_bytes(json).map(Some),
            AddStats::Row { columns, row } => {
                Ok(usize::try_from(*row).ok().and_then(|row| columns.row(row)))
            }
        }
    }
}

impl AddStats {
    /// The number of rows alone, which many files are asked for.
    pub fn num_records(&self) -> Option<u64> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Count {
            num_records: Option<u64>,
        }
        match self {
            AddStats::None => None,
            AddStats::Json(json) => serde_json::from_slice::<Count>(json).ok()?.num_records,
            AddStats::Row { columns, row } => columns.num_records(usize::try_from(*row).ok()?),
        }
    }
}

impl PartialEq for AddStats {
    fn eq(&self, other: &AddStats) -> bool {
        match (self, other) {
            (AddStats::Json(a), AddStats::Json(b)) => a == b,
            (a, b) => match (a.read(), b.read()) {
                (Ok(a), Ok(b)) => a == b,
                _ => false,
            },
        }
    }
}

/// Why statistics cannot be read. They are an aid: without them the file is read whole.
#[derive(Debug, thiserror::Error)]
#[error("statistics column {column}: {source}")]
pub struct StatsError {
    /// The byte within the JSON, from 1.
    pub column: usize,
    /// What the JSON parser says.
    pub source: serde_json::Error,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StatsJson {
    num_records: Option<u64>,
    min_values: Option<Box<RawValue>>,
    max_values: Option<Box<RawValue>>,
    null_count: Option<Box<RawValue>>,
    tight_bounds: Option<bool>,
}

impl Stats {
    /// Reads the `stats` of an add.
    ///
    /// # Errors
    /// [`StatsError`] when `json` is not the JSON of statistics.
    pub fn parse(json: &str) -> Result<Stats, StatsError> {
        Stats::parse_bytes(json.as_bytes())
    }

    fn parse_bytes(json: &[u8]) -> Result<Stats, StatsError> {
        let json: StatsJson = serde_json::from_slice(json)
            .map_err(|source| StatsError { column: source.column(), source })?;
        let counts = columns(json.null_count).into_iter();
        Ok(Stats {
            num_records: json.num_records,
            min_values: columns(json.min_values),
            max_values: columns(json.max_values),
            null_count: counts
                .filter_map(|(column, count)| Some((column, count.get().parse().ok()?)))
                .collect(),
            tight_bounds: json.tight_bounds.unwrap_or(true),
        })
    }
}

/// Takes nested objects apart into columns. A null is an unknown and left out.
fn columns(json: Option<Box<RawValue>>) -> BTreeMap<Vec<String>, Box<RawValue>> {
    let mut columns = BTreeMap::new();
    let mut todo: Vec<(Vec<String>, Box<RawValue>)> =
        json.map(|json| (vec![], json)).into_iter().collect();
    while let Some((column, value)) = todo.pop() {
        let is_object = value.get().starts_with('{') && column.len() < MAX_DEPTH;
        let fields: Option<BTreeMap<String, Box<RawValue>>> =
            if is_object { serde_json::from_str(value.get()).ok() } else { None };
        match fields {
            Some(fields) => todo.extend(fields.into_iter().map(|(name, value)| {
                let mut column = column.clone();
                column.push(name);
                (column, value)
            })),
            None if value.get() == "null" || column.is_empty() => {}
            None => {
                columns.insert(column, value);
            }
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: &str) {
        let text = |columns: &BTreeMap<Vec<String>, Box<RawValue>>| {
            let texts =
                columns.iter().map(|(column, value)| format!("{}={value}", column.join("/")));
            texts.collect::<Vec<_>>().join(" ")
        };
        let found = match Stats::parse(json) {
            Err(error) => error.to_string(),
            Ok(stats) => {
                let nulls = stats.null_count.iter().map(|(c, n)| format!("{}={n}", c.join("/")));
                format!(
                    "{:?} [{}] [{}] [{}] {}",
                    stats.num_records,
                    text(&stats.min_values),
                    text(&stats.max_values),
                    nulls.collect::<Vec<_>>().join(" "),
                    stats.tight_bounds
                )
            }
        };
        assert_eq!(found, expected, "{json}");
    }

    #[test]
    fn statistics() {
        check("{}", "None [] [] [] true");
        check(
            r#"{"numRecords":5,"minValues":{"a":0,"m":12345678901234567890.120,"s":{"x":"k","y":null}},"maxValues":{"a":1e3},"nullCount":{"a":0,"s":{"x":2}},"tightBounds":false}"#,
            "Some(5) [a=0 m=12345678901234567890.120 s/x=\"k\"] [a=1e3] [a=0 s/x=2] false",
        );
        check(r#"{"numRecords":null,"minValues":null,"more":7}"#, "None [] [] [] true");
        check(r#"{"minValues":7,"nullCount":{"a":-1,"b":"x"}}"#, "None [] [] [] true");
        check("", "statistics column 0: EOF while parsing a value at line 1 column 0");
        check(
            r#"{"numRecords":-5}"#,
            "statistics column 16: invalid value: integer `-5`, expected u64 at line 1 column 16",
        );
    }

    #[test]
    fn deep_nesting_ends() {
        let deep = format!(r#"{{"minValues":{}7{}}}"#, r#"{"a":"#.repeat(60), "}".repeat(60));
        let stats = Stats::parse(&deep).unwrap();
        assert_eq!(stats.min_values.len(), 1);
        assert_eq!(stats.min_values.keys().next().unwrap().len(), MAX_DEPTH);
    }
}
