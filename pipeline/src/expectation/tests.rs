//! Judged rows, over tables in memory.

mod law;

use super::*;
use crate::model::Layer;
use crate::spool::Spool;
use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::util::display::array_value_to_string;
use catalog::Name;
use datafusion::catalog::{MemorySchemaProvider, TableProvider};
use datafusion::common::TableReference;
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::logical_expr::LogicalPlanBuilder;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::TryStreamExt;
use std::sync::Arc;

/// `k, u, s, v, gone`: a key, a number that may be one's own, a text, a number, a mark.
type Row = (i64, Option<i64>, Option<&'static str>, Option<i64>, Option<bool>);

/// What became of some rows, as text.
#[derive(Debug, PartialEq, Eq)]
struct Fate {
    /// Sorted.
    passed: Vec<String>,
    /// Sorted, each with its reason.
    kept_back: Vec<String>,
    /// Name, rows that broke it, examples.
    outcomes: Vec<(String, u64, Vec<String>)>,
    broken: Option<String>,
}

fn own() -> ModelName {
    ModelName { layer: Layer::Silver, name: Name::new("own").unwrap() }
}

fn schema() -> SchemaRef {
    let columns = [
        ("k", DataType::Int64),
        ("u", DataType::Int64),
        ("s", DataType::Utf8),
        ("v", DataType::Int64),
        ("gone", DataType::Boolean),
    ];
    let fields = columns.into_iter().map(|(name, of)| Field::new(name, of, true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Rows in batches of three.
fn table(rows: &[Row]) -> Arc<dyn TableProvider> {
    let batches = rows.chunks(3).map(|rows| {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from_iter(rows.iter().map(|row| Some(row.0)))),
            Arc::new(Int64Array::from_iter(rows.iter().map(|row| row.1))),
            Arc::new(StringArray::from_iter(rows.iter().map(|row| row.2))),
            Arc::new(Int64Array::from_iter(rows.iter().map(|row| row.3))),
            Arc::new(BooleanArray::from_iter(rows.iter().map(|row| row.4))),
        ];
        RecordBatch::try_new(schema(), columns).unwrap()
    });
    Arc::new(MemTable::try_new(schema(), vec![batches.collect()]).unwrap())
}

/// An engine with `silver.other`, whose `k` is 0, 1, 2.
fn engine() -> SessionContext {
    let config = SessionConfig::new().with_default_catalog_and_schema("lake", "none");
    let ctx = SessionContext::new_with_config(config.with_target_partitions(2).with_batch_size(4));
    let schemas = ctx.catalog("lake").unwrap();
    schemas.register_schema("silver", Arc::new(MemorySchemaProvider::new())).unwrap();
    let others: Vec<Row> = [0, 1, 2, 2].map(|k| (k, None, None, None, None)).to_vec();
    ctx.register_table(TableReference::partial("silver", "other"), table(&others)).unwrap();
    ctx
}

fn expectations(yaml: &str) -> Vec<Expectation> {
    let forms: ExpectationForms = serde_saphyr::from_str(yaml).unwrap();
    read(ColumnForms::default(), forms).unwrap().1
}

fn text(batch: &RecordBatch, row_idx: usize) -> String {
    let values = batch.columns().iter().map(|column| match column.is_null(row_idx) {
        true => "-".to_owned(),
        false => array_value_to_string(column, row_idx).unwrap(),
    });
    values.collect::<Vec<_>>().join(" ")
}

fn texts(batches: &[RecordBatch]) -> Vec<String> {
    let rows = batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|idx| text(batch, idx)));
    let mut rows: Vec<String> = rows.collect();
    rows.sort();
    rows
}

async fn contents(ctx: &SessionContext, spool: &Spool) -> Vec<RecordBatch> {
    ctx.read_table(spool.table().unwrap()).unwrap().collect().await.unwrap()
}

/// What becomes of `rows` that are written as `subject` says.
async fn fate(ctx: &SessionContext, rows: &[Row], subject: &Subject<'_>) -> Fate {
    let source = provider_as_source(table(rows));
    let plan = LogicalPlanBuilder::scan("rows", source, None).unwrap().build().unwrap();
    let Applied { plan, sieve } = apply(ctx, plan, subject).await.unwrap();
    let physical = ctx.state().create_physical_plan(&plan).await.unwrap();
    let stream = execute_stream(physical, ctx.task_ctx()).unwrap();
    let quarantine = quarantine_schema(subject.schema);
    let (passed, mut sifted) = sieve.pass(stream, &quarantine, "run").unwrap();
    let (passed, kept_back) = futures::join!(passed.try_collect::<Vec<_>>(), async {
        let spool = sifted.kept_back().await;
        sifted.release();
        spool
    });
    let broken = sifted.broken().map(|broken| broken.to_string());
    let passed = match passed {
        Ok(passed) => texts(&passed),
        Err(error) => {
            assert_eq!(
                Some(error.find_root().to_string()),
                broken.clone().map(|b| format!("External error: {b}"))
            );
            Vec::new()
        }
    };
    let kept_back = match kept_back {
        Some(spool) => texts(&contents(ctx, &spool).await),
        None => Vec::new(),
    };
    let outcomes = sifted.outcomes().into_iter();
    let outcomes = outcomes.map(|found| {
        assert_eq!(found.n_checked, rows.len() as u64);
        (found.expectation.name, found.n_failed, found.examples)
    });
    Fate { passed, kept_back, outcomes: outcomes.collect(), broken }
}

fn subject<'a>(
    own: &'a ModelName,
    schema: &'a SchemaRef,
    expectations: &'a [Expectation],
) -> Subject<'a> {
    let target = Target::Whole;
    Subject {
        own,
        schema,
        expectations,
        sort_by: &[],
        key: &[],
        deleted: None,
        current: None,
        target,
    }
}

/// Checks what a table's expectations make of its rows.
async fn check(yaml: &str, rows: &[Row], passed: &[&str], kept_back: &[&str], n_failed: &[u64]) {
    let (own, schema, expectations) = (own(), schema(), expectations(yaml));
    let fate = fate(&engine(), rows, &subject(&own, &schema, &expectations)).await;
    let found: Vec<u64> = fate.outcomes.iter().map(|(_, n_failed, _)| *n_failed).collect();
    assert_eq!(fate.passed, passed, "{yaml}");
    assert_eq!(fate.kept_back, kept_back, "{yaml}");
    assert_eq!((fate.broken, found), (None, n_failed.to_vec()), "{yaml}");
}

const ROWS: [Row; 5] = [
    (1, Some(7), Some("a"), Some(10), None),
    (2, Some(7), Some("b"), None, None),
    (3, None, Some("c"), Some(-1), None),
    (4, None, None, Some(5), None),
    (5, Some(8), Some("a"), Some(11), None),
];

const ALL: [&str; 5] = ["1 7 a 10 -", "2 7 b - -", "3 - c -1 -", "4 - - 5 -", "5 8 a 11 -"];

#[tokio::test]
async fn each_rule_finds_its_rows() {
    let warn = |rule: &str| format!("- {{ {rule}, on_failure: warn }}");
    check("[]", &ROWS, &ALL, &[], &[]).await;
    check(&warn("not_null: u"), &ROWS, &ALL, &[], &[2]).await;
    check(&warn("accepted: { column: s, values: [a, b] }"), &ROWS, &ALL, &[], &[1]).await;
    check(&warn("range: { column: v, min: 0, max: 10 }"), &ROWS, &ALL, &[], &[2]).await;
    check(&warn("range: { column: v, min: 0 }"), &ROWS, &ALL, &[], &[1]).await;
    check(&warn("range: { column: v, max: 10 }"), &ROWS, &ALL, &[], &[1]).await;
    check(&warn("relationship: { column: k, to: silver.other, field: k }"), &ROWS, &ALL, &[], &[3])
        .await;
    check(&warn("relationship: { column: u, to: silver.own, field: k }"), &ROWS, &ALL, &[], &[3])
        .await;
    check(&warn("sql: v > k"), &ROWS, &ALL, &[], &[1]).await;
    check(&warn("unique: u"), &ROWS, &ALL, &[], &[2]).await;
    check(&warn("unique: [u, s]"), &ROWS, &ALL, &[], &[0]).await;
    check(&warn("unique: s"), &ROWS, &ALL, &[], &[2]).await;
}

#[tokio::test]
async fn rows_go_to_quarantine_with_every_reason() {
    check(
        "- { not_null: u, on_failure: quarantine }\n\
         - { range: { column: v, min: 0 }, on_failure: quarantine, name: not negative }\n\
         - { accepted: { column: s, values: [a, b] }, on_failure: warn }",
        &ROWS,
        &["1 7 a 10 -", "2 7 b - -", "5 8 a 11 -"],
        &["3 - c -1 - not_null(u); not negative run", "4 - - 5 - not_null(u) run"],
        // The row that is refused has a value of `s` that is not accepted, and is no row of the table.
        &[2, 1, 0],
    )
    .await;
}

#[tokio::test]
async fn the_first_row_of_a_key_stays() {
    let rows: [Row; 5] = [
        (1, Some(1), Some("b"), Some(2), None),
        (2, Some(1), Some("a"), Some(1), None),
        (3, Some(1), Some("a"), Some(-1), None),
        (4, None, Some("a"), None, None),
        (5, None, Some("a"), None, None),
    ];
    let quarantine = "- { unique: u, on_failure: quarantine }";
    let (others, kept) = (["4 - a - -", "5 - a - -"], ["2 1 a 1 - unique(u) run"]);
    let all = ["1 1 b 2 -", others[0], others[1]];
    check(quarantine, &rows, &all, &[kept[0], "3 1 a -1 - unique(u) run"], &[2]).await;
    // A row that is refused for another reason is no twin.
    let rules =
        format!("{quarantine}\n- {{ range: {{ column: v, min: 2 }}, on_failure: quarantine }}");
    let refused = ["2 1 a 1 - range(v) run", "3 1 a -1 - range(v) run"];
    check(&rules, &rows, &all, &refused, &[0, 2]).await;
    let rules = "- { unique: u }\n- { range: { column: v, min: 2 }, on_failure: quarantine }";
    check(rules, &rows, &all, &refused, &[0, 2]).await;

    let (own, schema, expectations) = (own(), schema(), expectations(quarantine));
    let sort_by = ["s".to_owned(), "v".to_owned()];
    let subject = Subject { sort_by: &sort_by, ..subject(&own, &schema, &expectations) };
    let fate = fate(&engine(), &rows, &subject).await;
    assert_eq!(fate.passed, ["3 1 a -1 -", others[0], others[1]]);
}

#[tokio::test]
async fn a_broken_expectation_ends_the_rows_with_numbers_and_examples() {
    let (own, schema) = (own(), schema());
    let expectations = expectations(
        "- { not_null: u }\n- { sql: v > k or \"s\" = 'x', name: more }\n\
         - { not_null: s, on_failure: quarantine }",
    );
    let key = ["k".to_owned()];
    let subject = Subject { key: &key, ..subject(&own, &schema, &expectations) };
    let fate = fate(&engine(), &ROWS, &subject).await;
    // The row that goes to quarantine breaks nothing else.
    let expected = "1 of 5 rows break not_null(u), such as k = 3, u = null. \
        1 of 5 rows break more (v > k or \"s\" = 'x'), such as k = 3, v = -1, s = c";
    assert_eq!(fate.broken.as_deref(), Some(expected));
    assert!(fate.passed.is_empty() && fate.kept_back.is_empty());
}

#[tokio::test]
async fn a_removed_key_need_not_be_right() {
    let rows: [Row; 3] = [
        (1, None, None, None, Some(true)),
        (2, None, None, None, Some(false)),
        (3, None, None, None, None),
    ];
    let (own, schema, expectations) =
        (own(), schema(), expectations("- { not_null: u, on_failure: quarantine }"));
    let subject = Subject { deleted: Some("gone"), ..subject(&own, &schema, &expectations) };
    let fate = fate(&engine(), &rows, &subject).await;
    assert_eq!(fate.passed, ["1 - - - true"]);
}

#[tokio::test]
async fn numbers_with_a_point_lie_where_they_should() {
    let values: ArrayRef = Arc::new(arrow::array::Float64Array::from(vec![
        Some(-0.0),
        Some(0.0),
        Some(0.5),
        Some(1.0),
        Some(f64::NAN),
        Some(-f64::NAN),
        Some(f64::INFINITY),
        None,
    ]));
    let batch = RecordBatch::try_from_iter_with_nullable([("x", values, true)]).unwrap();
    let rules = "- { range: { column: x, min: 0 }, on_failure: warn, name: a }\n\
        - { range: { column: x, max: 0.0 }, on_failure: warn, name: b }\n\
        - { range: { column: x, min: 0, max: 1 }, on_failure: warn, name: c }\n\
        - { accepted: { column: x, values: [0, 1] }, on_failure: warn, name: d }";
    let (own, schema, expectations) = (own(), batch.schema(), expectations(rules));
    let table = Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap());
    let subject = subject(&own, &schema, &expectations);
    let outcomes = judge(&engine(), table, &subject).await.unwrap();
    let found: Vec<u64> = outcomes.iter().map(|found| found.n_failed).collect();
    assert_eq!(found, [2, 5, 3, 4]);
}
