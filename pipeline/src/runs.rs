//! What builds did, as rows of the Delta table `_lakefront/runs` of the lake: one a model, one an
//! expectation, one a freshness rule, one for rows that arrived out of order.
//!
//! | Column | What it holds |
//! |---|---|
//! | `run_id` | which build |
//! | `project`, `environment` | of what |
//! | `started_at` | when it began, UTC |
//! | `run_date` | the day of that |
//! | `kind` | `model`, `expectation`, `freshness` or `arrival` |
//! | `model` | which model, such as `gold.sales` |
//! | `name` | what the expectation is called; of an arrival `late`, `repeated`, `below_mark`, `ahead`; the model's name otherwise |
//! | `outcome` | of a model `built`, `unchanged`, `failed`, `skipped`, `not_begun`; of an expectation `passed`, `warned`, `quarantined`, `failed`; of a freshness rule `fresh`, `old`, `too_old`; of an arrival `warned`, `passed` |
//! | `on_failure` | what becomes of a row that breaks the expectation |
//! | `n_rows` | rows of the table; rows that were judged |
//! | `n_failed` | rows that broke the expectation, or arrived so |
//! | `elapsed_ms` | how long the model took |
//! | `version` | the Delta version of the model's table |
//! | `example` | a row that broke the expectation |
//! | `message` | why a model failed or was made anew; how old the newest row is |

use arrow::array::{
    ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use std::sync::Arc;

/// Where the table lies in a lake.
pub const RUNS_LOCATION: &str = "_lakefront/runs";

const DAY_US: i64 = 24 * 3600 * 1_000_000;

/// What all rows of one build have in common.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) run_id: String,
    pub(crate) project: String,
    pub(crate) environment: String,
    /// Microseconds since 1970 UTC.
    pub(crate) started_at_us: i64,
}

/// One row.
#[derive(Debug, Clone, Default)]
pub(crate) struct RunRow {
    pub(crate) kind: &'static str,
    pub(crate) model: String,
    pub(crate) name: String,
    pub(crate) outcome: &'static str,
    pub(crate) on_failure: Option<&'static str>,
    pub(crate) n_rows: Option<u64>,
    pub(crate) n_failed: Option<u64>,
    pub(crate) elapsed_ms: Option<u64>,
    pub(crate) version: Option<u64>,
    pub(crate) example: Option<String>,
    pub(crate) message: Option<String>,
}

/// The columns of the table.
pub(crate) fn schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let number = |name: &str| Field::new(name, DataType::Int64, true);
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    Arc::new(Schema::new(vec![
        text("run_id"),
        text("project"),
        text("environment"),
        Field::new("started_at", utc, true),
        Field::new("run_date", DataType::Date32, true),
        text("kind"),
        text("model"),
        text("name"),
        text("outcome"),
        text("on_failure"),
        number("n_rows"),
        number("n_failed"),
        number("elapsed_ms"),
        number("version"),
        text("example"),
        text("message"),
    ]))
}

/// `rows` of `run` as a batch of [`schema`].
pub(crate) fn batch(run: &Run, rows: &[RunRow]) -> Result<RecordBatch, ArrowError> {
    let same = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text; rows.len()])) };
    let text = |of: fn(&RunRow) -> Option<&str>| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<StringArray>())
    };
    let number = |of: fn(&RunRow) -> Option<u64>| -> ArrayRef {
        let numbers = rows.iter().map(|row| of(row).and_then(|n| i64::try_from(n).ok()));
        Arc::new(numbers.collect::<Int64Array>())
    };
    let at = TimestampMicrosecondArray::from(vec![run.started_at_us; rows.len()]);
    let day = i32::try_from(run.started_at_us.div_euclid(DAY_US)).unwrap_or_default();
    let columns: Vec<ArrayRef> = vec![
        same(&run.run_id),
        same(&run.project),
        same(&run.environment),
        Arc::new(at.with_timezone("UTC")),
        Arc::new(Date32Array::from(vec![day; rows.len()])),
        text(|row| Some(row.kind)),
        text(|row| Some(&row.model)),
        text(|row| Some(&row.name)),
        text(|row| Some(row.outcome)),
        text(|row| row.on_failure),
        number(|row| row.n_rows),
        number(|row| row.n_failed),
        number(|row| row.elapsed_ms),
        number(|row| row.version),
        text(|row| row.example.as_deref()),
        text(|row| row.message.as_deref()),
    ];
    RecordBatch::try_new(schema(), columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::util::display::array_value_to_string;

    #[test]
    fn rows_have_their_columns() {
        let run = Run {
            run_id: "r".to_owned(),
            project: "shop".to_owned(),
            environment: "dev".to_owned(),
            started_at_us: 1_709_251_199_000_000,
        };
        let row = RunRow {
            kind: "expectation",
            model: "gold.sales".to_owned(),
            name: "unique(id)".to_owned(),
            outcome: "warned",
            on_failure: Some("warn"),
            n_rows: Some(7),
            n_failed: Some(2),
            ..RunRow::default()
        };
        let batch = batch(&run, &[row]).unwrap();
        let texts: Vec<String> =
            batch.columns().iter().map(|c| array_value_to_string(c, 0).unwrap()).collect();
        let expected = "r|shop|dev|2024-02-29T23:59:59Z|2024-02-29|expectation|gold.sales|unique(id)|warned|warn|7|2||||";
        assert_eq!(texts.join("|"), expected);
    }
}
