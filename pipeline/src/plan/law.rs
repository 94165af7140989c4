//! A table has the values of its query, and so has a view: whatever the types of what an expression combines.

use super::{Planner, Scope, of_table, to_schema, typed};
use arrow::array::RecordBatch;
use arrow::util::display::array_value_to_string;
use datafusion::common::TableReference;
use datafusion::datasource::ViewTable;
use datafusion::logical_expr::LogicalPlan;
use std::sync::Arc;

/// Values of every type, so that none is a value of a narrower one.
const VALUES: &[(&str, &str)] = &[
    ("tiny", "cast(7 as tinyint)"),
    ("small", "cast(130 as smallint)"),
    ("whole", "cast(40000 as int)"),
    ("big", "cast(3000000000 as bigint)"),
    ("natural", "cast(12 as bigint unsigned)"),
    ("real", "cast(2.5 as real)"),
    ("double", "cast(0.1 as double)"),
    ("money", "cast(12.75 as decimal(10, 2))"),
    ("rate", "cast(1.2345 as decimal(8, 4))"),
    ("wide", "cast(1.000000000000000001 as decimal(38, 18))"),
    ("key", "cast(99 as decimal(20, 0))"),
    ("flag", "true"),
    ("word", "'n/a'"),
    ("number", "'17.25'"),
    ("day", "date '2024-05-01'"),
    ("moment", "timestamp '2024-05-01T23:30:00.123456'"),
    ("zoned", "arrow_cast('2024-05-01T23:30:00', 'Timestamp(Microsecond, Some(\"UTC\"))')"),
    ("nothing", "null"),
];

/// Expressions whose type follows from both columns; `q` has a row in which `k` is true and one in which it is false.
const EXPRESSIONS: &[&str] = &[
    "select case when k then a else b end as v from q",
    "select case when k then a end as v from q",
    "select case k when true then b else a end as v from q",
    "select coalesce(case when k then a end, b) as v from q",
    "select nullif(a, b) as v from q",
    "select nvl(a, b) as v from q",
    "select greatest(a, b) as v from q",
    "select least(a, b) as v from q",
    "select a + b as v from q",
    "select a - b as v from q",
    "select a * b as v from q",
    "select a / b as v from q",
    "select a % b as v from q",
    "select case when k then 0 else a end * 2 as v from q",
    "select round(case when k then 0 else a end, 1) as v from q",
    "select a in (a, b) as v from q",
    "select a = b as v from q",
    "select a < b as v from q",
    "select a as v from q union all select b from q",
    "select a as v from q union select b from q",
    "select a as v from q except select b from q",
    "select a as v from q intersect select a from q union all select b from q",
    "select sum(case when k then a else b end) as v from q",
    "select avg(case when k then 0 else b end) as v from q",
    "select max(case when k then a else b end) as v from q",
    "select min(v) as v from (select a as v from q union all select b from q)",
    "select sum(v) as v from (select a as v from q union all select b from q)",
    "with u as (select a as v from q union all select b from q) select distinct v from u",
    "select first_value(v) over (order by n) as v from (select 1 as n, a as v from q union all select 2, b from q)",
    "select lag(case when k then a else b end) over (order by k) as v from q",
    "select sum(case when k then a else b end) over (order by k) as v from q",
    "select make_array(a, b) as v from q",
    "select named_struct('x', case when k then a else b end) as v from q",
];

fn texts(batches: &[RecordBatch]) -> Vec<String> {
    let mut texts = Vec::new();
    for batch in batches {
        for row_idx in 0..batch.num_rows() {
            let cells = batch.columns().iter().map(|column| match column.is_null(row_idx) {
                true => "null".to_owned(),
                false => array_value_to_string(column, row_idx).unwrap(),
            });
            texts.push(cells.collect::<Vec<_>>().join(" "));
        }
    }
    texts.sort();
    texts
}

async fn planned(scope: &Scope, sql: &str) -> Result<LogicalPlan, String> {
    let state = scope.ctx().state();
    let plan = state.create_logical_plan(sql).await.map_err(|error| error.to_string())?;
    typed(&state, plan).map_err(|error| error.to_string())
}

/// Compares the table and the view that `sql` makes with its own rows; `None` where it has none for these types.
async fn compared(sql: &str) -> Option<()> {
    let planner = Planner::new(64 << 20).unwrap();
    let scope = planner.scope().unwrap();
    let plan = planned(&scope, sql).await.ok()?;
    let rows = scope.rows(&plan).await.ok()?;
    let expected = texts(&rows);
    if let Ok(schema) = of_table(plan.schema()) {
        let table: Vec<RecordBatch> =
            rows.iter().map(|batch| to_schema(batch, &schema).unwrap()).collect();
        assert_eq!(texts(&table), expected, "the table of {sql}");
    }
    let other = planner.scope().unwrap();
    let view = Arc::new(ViewTable::new(plan, None));
    other.ctx().register_table(TableReference::partial("silver", "view"), view).unwrap();
    let reading = planned(&other, "select * from silver.view").await.unwrap();
    let view = texts(&other.rows(&reading).await.unwrap());
    assert_eq!(view, expected, "the view of {sql}");
    Some(())
}

#[tokio::test]
async fn a_table_has_the_values_of_its_query() {
    let mut n_compared = 0;
    let mut refused = Vec::new();
    for (left_idx, (left, a)) in VALUES.iter().enumerate() {
        for (right_idx, (right, b)) in VALUES.iter().enumerate() {
            let both = format!("select true as k, {a} as a, {b} as b");
            let q = format!("with q as ({both} union all select false, {a}, {b})");
            // Money is what most tables are about: it goes with every number.
            let number = |name: &str| {
                ["tiny", "small", "whole", "big", "money", "rate", "key"].contains(&name)
            };
            let are_numbers = number(left) && number(right);
            for (idx, expression) in EXPRESSIONS.iter().enumerate() {
                // Of the others each pair has some, and each expression has some of the pairs.
                if !are_numbers && (idx + left_idx + 5 * right_idx) % 6 != 0 {
                    continue;
                }
                let sql = match expression.strip_prefix("with ") {
                    Some(rest) => format!("{q}, {rest}"),
                    None => format!("{q} {expression}"),
                };
                let found = compared(&sql).await;
                n_compared += usize::from(found.is_some());
                if found.is_none() && are_numbers {
                    refused.push(format!("{expression} over {left} and {right}"));
                }
            }
        }
    }
    assert!(refused.is_empty(), "nothing comes of {refused:#?}");
    assert!(n_compared > VALUES.len() * EXPRESSIONS.len(), "{n_compared}");
}
