//! Sums against sums that hold everything.

use crate::session::{check_fails, check_select, check_spilled, selecting, small_session};
use datafusion::execution::FunctionRegistry;
use proptest::prelude::*;

const MOST: &str = "9223372036854775807";

#[tokio::test]
async fn a_sum_is_right_or_refused() {
    let decimals = "(select cast(x as decimal(38, 2)) as x from (values \
        ('900000000000000000000000000000000000.00'), ('900000000000000000000000000000000000.00')) as v (x))";
    check_fails(
        &format!("sum(x) from {decimals}"),
        "sum(x) is beyond Decimal128(38, 2); cast what it adds to a decimal with fewer digits behind the point, or double",
    )
    .await;
    check_select(
        &format!("sum(cast(x as decimal(38, 0))) from {decimals}"),
        "1800000000000000000000000000000000000",
    )
    .await;
    check_select(&format!("sum(x) - sum(x) from {decimals} where false"), "").await;
    check_fails(
        &format!("sum(v.x) from (values ({MOST}), (1)) as v (x)"),
        "sum(v.x) is beyond Int64; cast what it adds to decimal(38, 0)",
    )
    .await;
    check_select(
        &format!("sum(cast(x as decimal(38, 0))) from (values ({MOST}), (1)) as v (x)"),
        "9223372036854775808",
    )
    .await;
    // The parts are beyond it, the sum is not.
    check_select(
        &format!("sum(x) from (values ({MOST}), (1), (-2), (null)) as v (x)"),
        "9223372036854775806",
    )
    .await;
    check_select("sum(x), sum(y), sum(z) from (values (1, cast(null as bigint), cast(2.5 as double)), (2, null, 1)) as v (x, y, z)", "3  3.5").await;
    check_select(
        "sum(x) from (select cast(200 as tinyint unsigned) as x union all select 200)",
        "400",
    )
    .await;
    check_fails(
        &format!("k, sum(x) from (values (1, 1), (2, {MOST}), (2, {MOST})) as v (k, x) group by k"),
        "is beyond Int64",
    )
    .await;
    check_select("k, sum(x) from (values (1, 1), (2, 5), (2, null), (3, null)) as v (k, x) group by k order by k", "1 1, 2 5, 3 ").await;
    check_select("k, sum(x) filter (where x > 1) from (values (1, 1), (2, 5), (2, 7)) as v (k, x) group by k order by k", "1 , 2 12").await;
}

#[tokio::test]
async fn a_sum_is_named_by_what_it_adds() {
    use datafusion::functions_aggregate::expr_fn::count;
    use datafusion::logical_expr::col;

    let ctx = small_session();
    let rows =
        ctx.sql(&selecting(&format!("{MOST} as points union all values (1)"))).await.unwrap();
    let sum = ctx.udaf("sum").unwrap().call(vec![col("points")]).alias("measure__0");
    let found = rows.aggregate(vec![], vec![sum, count(col("points"))]).unwrap().collect().await;
    let text = found.unwrap_err().to_string();
    assert!(text.contains("sum(points) is beyond Int64"), "{text}");
}

#[tokio::test]
async fn different_values_are_added_once() {
    check_select("sum(distinct x) from (values (1), (1), (2), (null)) as v (x)", "3").await;
    check_select("k, sum(distinct x), count(distinct y) from (values (1, 1, 1), (1, 1, 2), (2, 5, 1)) as v (k, x, y) group by k order by k", "1 1 2, 2 5 1").await;
    check_fails(
        &format!("sum(distinct x) from (values ({MOST}), (1), (1)) as v (x)"),
        "beyond Int64",
    )
    .await;
    check_select("sum(distinct x) over (order by k rows between 1 preceding and current row) from (values (1, 5), (2, 5), (3, 7)) as v (k, x) order by k", "5, 5, 12").await;
}

#[tokio::test]
async fn windows_forget_what_has_left_them() {
    let sums = |frame: &str| {
        format!(
            "sum(x) over (order by k {frame}) from (values (1, {MOST}), (2, -1), (3, null), (4, 2)) as v (k, x) order by k"
        )
    };
    check_select(
        &sums("rows between 1 preceding and current row"),
        &format!("{MOST}, 9223372036854775806, -1, 2"),
    )
    .await;
    check_select(&sums("rows between current row and current row"), &format!("{MOST}, -1, , 2"))
        .await;
    check_fails(&sums("rows between unbounded preceding and current row"), "beyond Int64").await;
}

#[tokio::test]
async fn sums_survive_the_disk() {
    check_spilled(
        "k, sum(x) from (select value % 40000 as k, value * 1000000000 as x from generate_series(1, 120000)) group by k order by k",
        6 << 20,
    )
    .await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn totals_are_those_of_wider_numbers(values in prop::collection::vec((0_i64..3, prop::option::of(any::<i64>())), 1..30)) {
        let text = |value: &Option<i64>| value.map_or("null".to_owned(), |value| value.to_string());
        let rows: Vec<String> = values.iter().map(|(k, x)| format!("({k}, cast({} as bigint))", text(x).replace("-9223372036854775808", "-9223372036854775807"))).collect();
        let of = |k: i64| {
            let own = values.iter().filter(|(other, _)| *other == k);
            let own: Vec<i128> = own.filter_map(|(_, x)| x.map(|x| i128::from(x.max(-i64::MAX)))).collect();
            (!own.is_empty()).then(|| own.iter().sum::<i128>())
        };
        let sums: Vec<Option<i128>> = (0..3).filter(|k| values.iter().any(|(other, _)| other == k)).map(of).collect();
        let query = format!("sum(x) from (values {}) as v (k, x) group by k order by k", rows.join(", "));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        if sums.iter().flatten().all(|sum| i64::try_from(*sum).is_ok()) {
            let expected: Vec<String> = sums.iter().map(|sum| sum.map_or(String::new(), |sum| sum.to_string())).collect();
            runtime.block_on(check_select(&query, &expected.join(", ")));
        } else {
            runtime.block_on(check_fails(&query, "is beyond Int64"));
        }
    }
}
