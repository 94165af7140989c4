//! Arithmetic against numbers that hold everything.

use crate::session::{check_fails, check_select};
use arrow::datatypes::i256;
use proptest::prelude::*;

#[tokio::test]
async fn whole_numbers_are_right_or_refused() {
    check_select("cast(2000000000 as int) + cast(100000000 as int)", "2100000000").await;
    check_fails(
        "a * a from (select cast(i as int) as a from (values (1), (50000)) as v (i))",
        "a * a is beyond Int32 for 50000 * 50000; cast what it is made of to bigint",
    )
    .await;
    check_fails(
        "x + 1 from (select 9223372036854775807 as x)",
        "beyond Int64 for 9223372036854775807 + 1; cast what it is made of to decimal(38, 0)",
    )
    .await;
    check_fails("9223372036854775807 + 1", "beyond Int64").await;
    check_fails("-9223372036854775807 - 2", "beyond Int64").await;
    check_fails("-x from (select -9223372036854775807 - 1 as x)", "beyond Int64").await;
    check_fails("x / -1 from (select -9223372036854775807 - 1 as x)", "beyond Int64").await;
    check_fails(
        "x - y from (select cast(1 as bigint unsigned) as x, cast(2 as bigint unsigned) as y)",
        "beyond UInt64",
    )
    .await;
    check_fails("1 / x from (values (1), (0)) as v (x)", "divides 1 by zero; write nullif(..., 0)")
        .await;
    check_select("case when x <> 0 then 6 / x end from (values (3), (0)) as v (x)", "2, ").await;
    check_select("x * y from (values (2, 3), (null, 4), (5, null)) as v (x, y)", "6, , ").await;
    check_select("7 / 2, -7 / 2, 1.5 * 2, 1 + null", "3 -3 3.0 ").await;
    check_select("sum(x * 2) + 1 from (values (1), (2)) as v (x)", "7").await;
    check_select(
        "x + y as z from (values (1, 2), (3, 4)) as v (x, y) where x + y > 3 order by x + y",
        "7",
    )
    .await;
}

#[tokio::test]
async fn columns_are_named_as_ever() {
    check_select("\"v.x + Int64(1)\" from (select x + 1 from (values (1)) as v (x))", "2").await;
    check_select("x * 2, sum(x + 1) from (values (1), (1)) as v (x) group by x * 2", "2 4").await;
    check_select("(- x) from (values (1)) as v (x) order by (- x)", "-1").await;
}

#[tokio::test]
async fn decimals_are_right_or_refused() {
    let spark = "(select cast(price as decimal(38, 18)) as price, cast(n as decimal(38, 18)) as n \
        from (values ('19.99', '2'), ('1.5', '0.000000000000000002'), (null, '1')) as v (price, n))";
    check_select(
        &format!("price * n from {spark}"),
        "39.980000000000000000, 0.000000000000000003, ",
    )
    .await;
    check_select(&format!("price / n from {spark} where n > 1"), "9.9950000000000000000000").await;
    check_select(
        "cast(0.5 as decimal(38, 18)) * cast(0.000000000000000001 as decimal(38, 18))",
        "0.000000000000000001",
    )
    .await;
    check_select(
        "cast(-0.5 as decimal(38, 18)) * cast(0.000000000000000001 as decimal(38, 18))",
        "-0.000000000000000001",
    )
    .await;
    check_select("cast(12.75 as decimal(10, 2)) * 2", "25.50").await;
    check_select("cast(12.75 as decimal(10, 2)) / 3", "4.250000").await;
    check_select("cast(1 as decimal(10, 2)) + cast(0.0001 as decimal(8, 4)) - 1", "0.0001").await;
    let longest = "cast('99999999999999999999999999999999999999' as decimal(38, 0))";
    check_fails(
        &format!("x + 1 from (select {longest} as x union all select 0)"),
        "x + 1 is beyond Decimal128(38, 0) for 99999999999999999999999999999999999999 + 1; cast what it is made of to double",
    )
    .await;
    check_fails(&format!("-x - 1 from (select {longest} as x)"), "beyond Decimal128(38, 0)").await;
    check_fails(&format!("x * x from (select {longest} as x)"), "beyond Decimal128(38, 0)").await;
    check_fails("cast(1 as decimal(10, 2)) / cast(0 as decimal(10, 2))", "by zero").await;
}

fn decimal(digits: u32) -> impl Strategy<Value = (i128, u8, i8)> {
    (any::<i128>(), 1..=digits, 0..=digits).prop_map(|(value, precision, scale)| {
        let value = value % 10_i128.pow(precision);
        (value, precision as u8, scale.min(precision) as i8)
    })
}

proptest! {
    #[test]
    fn a_product_is_the_nearest_or_refused(a in decimal(38), b in decimal(38)) {
        use super::{Op, decimal::Scaling};
        use arrow::array::Decimal128Array;
        use arrow::datatypes::DataType;

        let column = |(value, precision, scale): (i128, u8, i8)| {
            Decimal128Array::from(vec![value]).with_precision_and_scale(precision, scale).unwrap()
        };
        let scaling = Scaling::new(Op::Multiply, (a.1, a.2), (b.1, b.2));
        let DataType::Decimal128(precision, scale) = scaling.of() else { unreachable!() };
        let cut = i256::from_i128(10).checked_pow(u32::try_from(a.2 + b.2 - scale).unwrap()).unwrap();
        let exact = i256::from_i128(a.0).checked_mul(i256::from_i128(b.0)).unwrap();
        match scaling.apply(&column(a), &column(b), 1, |_| (0, 0)) {
            Ok(found) => {
                let found = i256::from_i128(found.value(0)).checked_mul(cut).unwrap();
                let off = found.checked_sub(exact).unwrap().checked_abs().unwrap();
                prop_assert!(off.checked_add(off).unwrap() <= cut, "{a:?} {b:?}");
            }
            Err(_) => {
                let limit = i256::from_i128(10).checked_pow(u32::from(precision)).unwrap();
                let half = cut.checked_div(i256::from_i128(2)).unwrap();
                let least = limit.checked_mul(cut).and_then(|limit| limit.checked_sub(half));
                prop_assert!(exact.checked_abs().unwrap() >= least.unwrap(), "{a:?} {b:?}");
            }
        }
    }
}
