//! What builds did, as the table `_lakefront/runs` of the lake tells it.

use crate::lake::{Lake, LakeError};
use crate::runs::RUNS_LOCATION;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, Utc};
use datafusion::error::DataFusionError;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{ExprFunctionExt, cast, ident, lit};
use datafusion::prelude::SessionContext;

/// How many of the last runs of each model, expectation and freshness rule are taken.
const N_LAST: u64 = 10;

/// The columns without which nothing can be told.
const NEEDED: [&str; 3] = ["started_at", "model", "outcome"];

/// The last runs, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Runs(pub Vec<Run>);

/// What one build did with one model, or found by one of its rules. What the table does not say is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Run {
    /// Which build.
    pub run_id: String,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// `model`, `expectation` or `freshness`.
    pub kind: String,
    /// Which model, such as `silver.orders`.
    pub model: String,
    /// Which expectation.
    pub name: String,
    /// What came of it.
    pub outcome: String,
    /// Rows that were written or checked.
    pub n_rows: Option<u64>,
    /// Rows that broke the rule.
    pub n_failed: Option<u64>,
    /// How long it took.
    pub elapsed_ms: Option<u64>,
    /// The version of the table.
    pub version: Option<u64>,
    /// A row that broke the rule.
    pub example: String,
    /// What there is to say.
    pub message: String,
}

impl Runs {
    /// The runs of `model`, the newest first.
    pub fn of_model<'r>(&'r self, model: &str) -> impl Iterator<Item = &'r Run> + use<'r> {
        let model = model.to_owned();
        self.0.iter().filter(move |run| run.kind == "model" && run.model == model)
    }

    /// The last result of the rule `name` of `model`.
    pub fn of_rule(&self, model: &str, name: &str) -> Option<&Run> {
        self.0
            .iter()
            .find(|run| run.kind == "expectation" && run.model == model && run.name == name)
    }

    /// The last result of the freshness rule of `model`.
    pub fn of_freshness(&self, model: &str) -> Option<&Run> {
        self.0.iter().find(|run| run.kind == "freshness" && run.model == model)
    }
}

/// The last runs; `None` when no build has told any, or in another form.
pub(crate) async fn read(lake: &Lake, ctx: &SessionContext) -> Result<Option<Runs>, LakeError> {
    let Some(table) = lake.open(RUNS_LOCATION).await? else { return Ok(None) };
    let failed =
        |error: DataFusionError| lake.failed(RUNS_LOCATION, "cannot be read", error.into());
    let provider = table.provider(ctx).await?;
    let schema = provider.schema();
    if NEEDED.iter().any(|column| schema.field_with_name(column).is_err()) {
        return Ok(None);
    }
    let read = async {
        let moment = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let columns = schema.fields().iter().map(|field| {
            let name = field.name();
            let wanted = match field.data_type() {
                DataType::Timestamp(_, _) => moment.clone(),
                other if other.is_integer() => DataType::Int64,
                _ => DataType::Utf8,
            };
            cast(ident(name), wanted).alias(name)
        });
        let is_there = |name: &&str| schema.field_with_name(name).is_ok();
        let group = ["kind", "model", "name"].iter().filter(|name| is_there(name));
        let nth = row_number()
            .partition_by(group.map(|name| ident(*name)).collect())
            .order_by(vec![ident("started_at").sort(false, false)])
            .build()?
            .alias("_nth");
        let last = ctx
            .read_table(provider.clone())?
            .select(columns.collect::<Vec<_>>())?
            .window(vec![nth])?
            .filter(ident("_nth").lt_eq(lit(N_LAST)))?
            .sort(vec![ident("started_at").sort(false, false)])?;
        last.collect().await
    };
    let batches = read.await.map_err(failed)?;
    Ok(Some(Runs(batches.iter().flat_map(runs).collect())))
}

fn runs(batch: &RecordBatch) -> Vec<Run> {
    let texts = |name: &str, row: usize| -> String {
        let column = batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
        let present = column.filter(|column| column.is_valid(row));
        present.map(|column| column.value(row).to_owned()).unwrap_or_default()
    };
    let number = |name: &str, row: usize| -> Option<u64> {
        let column = batch.column_by_name(name)?.as_primitive_opt::<Int64Type>()?;
        column.is_valid(row).then(|| column.value(row)).and_then(|value| value.try_into().ok())
    };
    let moment = |column: &ArrayRef, row: usize| -> Option<DateTime<Utc>> {
        let column = column.as_primitive_opt::<TimestampMicrosecondType>()?;
        column.is_valid(row).then(|| column.value(row)).and_then(DateTime::from_timestamp_micros)
    };
    (0..batch.num_rows())
        .map(|row| Run {
            run_id: texts("run_id", row),
            started_at: batch.column_by_name("started_at").and_then(|column| moment(column, row)),
            kind: Some(texts("kind", row))
                .filter(|kind| !kind.is_empty())
                .unwrap_or("model".into()),
            model: texts("model", row),
            name: texts("name", row),
            outcome: texts("outcome", row),
            n_rows: number("n_rows", row),
            n_failed: number("n_failed", row),
            elapsed_ms: number("elapsed_ms", row),
            version: number("version", row),
            example: texts("example", row),
            message: texts("message", row),
        })
        .collect()
}
