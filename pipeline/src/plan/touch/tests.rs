//! A bucket that differs is always touched, whatever the query.

use super::{Changed, Touch, touched};
use crate::plan::Planner;
use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::util::display::array_value_to_string;
use datafusion::catalog::TableProvider;
use datafusion::common::TableReference;
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Of each row the bucket, a key and a number.
type Row = (i64, Option<i64>, i64);

fn table(rows: &[Row]) -> Arc<dyn TableProvider> {
    let field = |name: &str| Field::new(name, DataType::Int64, true);
    let schema = Arc::new(Schema::new(vec![field("d"), field("k"), field("x")]));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>()),
        Arc::new(rows.iter().map(|row| row.1).collect::<Int64Array>()),
        Arc::new(rows.iter().map(|row| row.2).collect::<Int64Array>()),
    ];
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns).unwrap();
    Arc::new(MemTable::try_new(schema, vec![vec![batch]]).unwrap())
}

/// One table before and after.
#[derive(Debug, Clone)]
struct Change {
    before: Vec<Row>,
    after: Vec<Row>,
}

impl Change {
    /// The rows that came or went.
    fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut left = self.after.clone();
        for row in &self.before {
            match left.iter().position(|other| other == row) {
                Some(idx) => drop(left.swap_remove(idx)),
                None => rows.push(*row),
            }
        }
        rows.extend(left);
        rows
    }
}

fn scope(tables: &[(&str, &[Row])]) -> SessionContext {
    let scope = Planner::new(1 << 26).unwrap().scope().unwrap();
    for (name, rows) in tables {
        scope.ctx().register_table(TableReference::partial("silver", *name), table(rows)).unwrap();
    }
    scope.ctx().clone()
}

/// The rows of `sql` by their bucket, in order.
async fn by_bucket(ctx: &SessionContext, sql: &str) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for batch in ctx.sql(sql).await.unwrap().collect().await.unwrap() {
        let bucket = batch.schema().index_of("d").unwrap();
        for row in 0..batch.num_rows() {
            let cell = |column: &ArrayRef| match column.is_null(row) {
                true => "null".to_owned(),
                false => array_value_to_string(column, row).unwrap(),
            };
            let cells: Vec<String> = batch.columns().iter().map(cell).collect();
            found.entry(cells[bucket].clone()).or_default().push(cells.join(" "));
        }
    }
    found.values_mut().for_each(|rows| rows.sort());
    found
}

/// The buckets that `a` and `b` can touch; the reason when it cannot be said. `ctx` knows them as they are after.
async fn buckets(
    ctx: &SessionContext,
    sql: &str,
    a: &Change,
    b: &Change,
) -> Result<BTreeSet<String>, String> {
    let plan = ctx.sql(sql).await.unwrap().into_optimized_plan().unwrap();
    let changed: Vec<Changed> = [("a", a), ("b", b)]
        .into_iter()
        .filter(|(_, change)| !change.rows().is_empty())
        .map(|(name, change)| Changed {
            table: TableReference::partial("silver", name),
            before: table(&change.before),
            rows: table(&change.rows()),
        })
        .collect();
    let queries = match touched(&plan, &changed, "d").unwrap() {
        Touch::Queries(queries) => queries,
        Touch::Unknown(reason) => return Err(reason),
    };
    let mut buckets = BTreeSet::new();
    for query in queries {
        let batches = ctx.execute_logical_plan(query).await.unwrap().collect().await.unwrap();
        for batch in batches {
            let column = batch.column(0);
            buckets.extend((0..batch.num_rows()).map(|row| match column.is_null(row) {
                true => "null".to_owned(),
                false => array_value_to_string(column, row).unwrap(),
            }));
        }
    }
    Ok(buckets)
}

/// Queries whose buckets can be said.
const KNOWN: &[&str] = &[
    "select d, k, x + 1 as y from silver.a where x > 3",
    "select d, sum(x) as s from silver.a group by d",
    "select d, sum(x) as s from silver.a group by d having sum(x) > 12",
    "select d, count(distinct k) as n, max(x) as m from silver.a group by d having max(x) < 8",
    "select distinct d, k from silver.a",
    "select d, x from silver.a union all select d, x from silver.b where x > 2",
    "select d, x from silver.a union select d, k from silver.b",
    "select a.d, a.x, b.x as y from silver.a a join silver.b b on a.k = b.k",
    "select b.d, a.x, b.x as y from silver.a a join silver.b b on a.k = b.k and a.x < b.x",
    "select a.d, a.x, b.x as y from silver.a a left join silver.b b on a.k = b.k",
    "select a.d, a.x from silver.a a left join silver.b b on a.k = b.k where b.x is null",
    "select a.d, a.x, p.s from silver.a a left join (select k, sum(x) as s from silver.b group by k) p on p.k = a.k",
    "select a.d, a.x, p.s from silver.a a left join (select k, sum(x) as s from silver.b group by k having sum(x) > 9) p
     on p.k = a.k",
    "select a.d, a.x from silver.a a left join (select k, sum(x) as s from silver.b group by k) p on p.k = a.k
     where coalesce(p.s, 0) < a.x",
    "select d, x from silver.a a where not exists (select 1 from silver.b b where b.k = a.k and b.x > a.x)",
    "select d, x from silver.a a where exists (select 1 from silver.b b where b.k = a.k and b.x > 4)",
    "select d, x from silver.a where k in (select k from silver.b where x > 5)",
    "select d, x from silver.a a where x < (select sum(x) from silver.b b where b.k = a.k)",
    "select a.d, a.x, b.x as y from silver.a a join silver.a b on a.k = b.k and a.x < b.x",
    "select d, x from silver.a a where not exists (select 1 from silver.a b where b.k = a.k and b.x > a.x)",
    "select a.d, a.x from silver.a a join (select k, max(x) as m from silver.a group by k) l on l.k = a.k and l.m = a.x",
    "select d, k, x from (select *, row_number() over (partition by d order by x desc, k) as place from silver.a) where place <= 2",
    "select d, k, s, rank() over (partition by d order by s desc) as place
     from (select d, k, sum(x) as s from silver.a group by d, k)",
    "select d, x * t.s as y from silver.a cross join (select sum(x) as s from silver.b) t",
    "select a.d, a.x from silver.a a left join silver.b b on a.k = b.k and b.x > 3 where b.x is null or b.x > a.x",
    "select a.d, n from (select d, k, count(*) as n from silver.a group by d, k) a
     where not exists (select 1 from silver.b b where b.k = a.k group by b.k having sum(b.x) > 7)",
    "select a.d, l.x from (select d, k from silver.a group by d, k) a
     left join (select k, x, row_number() over (partition by k order by x desc) as place from silver.b) l
     on l.k = a.k and l.place = 1",
];

/// Queries whose buckets cannot be said, and why.
const UNKNOWN: &[(&str, &str)] = &[
    (
        "select a.d, sum(a.x) as t, sum(p.s) as s from silver.a a
         right join (select k, sum(x) as s from silver.b group by k) p on p.k = a.k group by a.d",
        "d follows from several rows",
    ),
    ("select min(d) as d, k from silver.a group by k", "d follows from several rows"),
    ("select d, row_number() over (order by x) as n from silver.a", "d follows from several rows"),
    (
        "select d, x from (select *, row_number() over (partition by k order by x desc) as n from silver.a) where n = 1",
        "d follows from several rows",
    ),
    ("select d, x from silver.a order by x limit 3", "it has a limit"),
    ("select d, x from silver.a where k not in (select k from silver.b)", "join"),
    (
        "select coalesce(a.d, b.d) as d from silver.a a full join silver.b b on a.k = b.k",
        "it has a Full join",
    ),
    (
        "select a.d from silver.a a join (select d, max(x) as m from silver.b group by d) l on l.m = a.x",
        "joins by values that follow from several rows",
    ),
];

fn row() -> impl Strategy<Value = Row> {
    (0_i64..4, prop::option::weighted(0.9, 0_i64..4), 0_i64..10)
}

fn change() -> impl Strategy<Value = Change> {
    let rows = |n| prop::collection::vec(row(), 0..n);
    (rows(9), rows(4), prop::collection::vec(any::<bool>(), 9)).prop_map(|(before, came, stays)| {
        let kept = before.iter().zip(&stays).filter(|(_, stays)| **stays).map(|(row, _)| *row);
        let after = kept.chain(came).collect();
        Change { before, after }
    })
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_bucket_that_differs_is_touched(a in change(), b in change()) {
        let unknown = UNKNOWN.iter().map(|(sql, _)| sql);
        let was = scope(&[("a", &a.before), ("b", &b.before)]);
        let is = scope(&[("a", &a.after), ("b", &b.after)]);
        for sql in KNOWN.iter().chain(unknown) {
            let (before, after, buckets) = run(async {
                (by_bucket(&was, sql).await, by_bucket(&is, sql).await, buckets(&is, sql, &a, &b).await)
            });
            let Ok(buckets) = buckets else { continue };
            for bucket in before.keys().chain(after.keys()) {
                let differs = before.get(bucket) != after.get(bucket);
                prop_assert!(
                    !differs || buckets.contains(bucket),
                    "{sql}\nbucket {bucket} was {:?} and is {:?}, touched are {buckets:?}",
                    before.get(bucket),
                    after.get(bucket)
                );
            }
        }
    }
}

#[tokio::test]
async fn what_cannot_be_said_is_named() {
    let change =
        Change { before: vec![(1, Some(1), 1)], after: vec![(1, Some(1), 1), (2, Some(1), 5)] };
    let ctx = scope(&[("a", &change.after), ("b", &change.after)]);
    for (sql, expected) in UNKNOWN {
        let reason = buckets(&ctx, sql, &change, &change).await.unwrap_err();
        assert!(reason.contains(expected), "{sql}: {reason}");
    }
    for sql in KNOWN {
        let found = buckets(&ctx, sql, &change, &change).await;
        assert!(found.is_ok(), "{sql}: {found:?}");
    }
}

#[tokio::test]
async fn buckets_that_cannot_differ_are_left_alone() {
    let orders = [(1, Some(1), 10), (2, Some(2), 20), (3, Some(3), 30)];
    let check = async |sql: &str, came: &[Row], expected: &[&str]| {
        let same = Change { before: orders.to_vec(), after: orders.to_vec() };
        let change =
            Change { before: vec![(7, Some(1), 4)], after: [&[(7, Some(1), 4)], came].concat() };
        let ctx = scope(&[("a", &same.after), ("b", &change.after)]);
        let found = buckets(&ctx, sql, &same, &change).await.unwrap();
        assert_eq!(found, expected.iter().map(|text| (*text).to_owned()).collect(), "{sql}");
    };
    let paid = "select a.d, a.x, coalesce(p.s, 0) as paid from silver.a a
        left join (select k, sum(x) as s from silver.b group by k) p on p.k = a.k";
    check(paid, &[(9, Some(2), 5)], &["2"]).await;
    check(paid, &[(9, Some(5), 5)], &[]).await;
    check(&format!("select * from ({paid}) where paid < x"), &[(9, Some(1), 6)], &["1"]).await;
    check(
        "select d, x from silver.a union all select d, x from silver.b",
        &[(9, Some(1), 6)],
        &["9"],
    )
    .await;
    check("select d, x from silver.a", &[(9, Some(1), 6)], &[]).await;
}
