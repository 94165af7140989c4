//! Times of all years, against the calendar.

use super::{DateTrunc, OneMoment};
use crate::session::{check_fails, check_select, selecting};
use proptest::prelude::*;

#[tokio::test]
async fn times_of_every_year_are_times() {
    check_select("timestamp '9999-12-31T23:59:59.999999'", "9999-12-31T23:59:59.999999").await;
    check_select("cast('0001-01-01' as timestamp)", "0001-01-01T00:00:00").await;
    check_select("cast(date '9999-12-31' as timestamp)", "9999-12-31T00:00:00").await;
    check_select("cast(timestamp '9999-12-31T10:00:00' as date)", "9999-12-31").await;
    let ends = "(select cast(x as timestamp) as x, cast(x as date) as d from (values ('1600-02-29'), (null), ('9999-12-31')) as v (x))";
    check_select(
        &format!("coalesce(x, timestamp '9999-12-31') from {ends}"),
        "1600-02-29T00:00:00, 9999-12-31T00:00:00, 9999-12-31T00:00:00",
    )
    .await;
    check_select(
        &format!("x < timestamp '9999-12-31', x = d, x between d and d from {ends}"),
        "true true true,   , false true true",
    )
    .await;
    check_select(
        &format!("x - timestamp '2024-01-01' < interval '1 day' from {ends}"),
        "true, , false",
    )
    .await;
    check_select(
        &format!("interval '1 day' > x - timestamp '2024-01-01' from {ends}"),
        "true, , false",
    )
    .await;
    check_select(
        &format!("x - interval '1 month', d - interval '1 day' from {ends}"),
        "1600-01-29T00:00:00 1600-02-28,  , 9999-11-30T00:00:00 9999-12-30",
    )
    .await;
    check_select(
        &format!("extract(year from x), date_part('dow', d) from {ends}"),
        "1600 2,  , 9999 5",
    )
    .await;
    check_select(&format!("to_char(x, '%d.%m.%Y') from {ends}"), "29.02.1600, , 31.12.9999").await;
    check_select(
        &format!("x at time zone 'UTC' from {ends}"),
        "1600-02-29T00:00:00Z, , 9999-12-31T00:00:00Z",
    )
    .await;
    check_select(&format!("max(x), min(d) from {ends}"), "9999-12-31T00:00:00 1600-02-29").await;
    check_select(
        &format!("x from {ends} union select d from {ends} order by 1"),
        "1600-02-29T00:00:00, 9999-12-31T00:00:00, ",
    )
    .await;
    check_select(
        "to_timestamp('9999-12-31T10:00:00'), to_timestamp(253402214400), to_timestamp(1.5)",
        "9999-12-31T10:00:00 9999-12-31T00:00:00 1970-01-01T00:00:01.500",
    )
    .await;
    check_select(
        "arrow_typeof(timestamp '2024-01-01'), arrow_typeof(date_trunc('day', date '2024-01-01'))",
        "Timestamp(µs) Timestamp(µs)",
    )
    .await;
}

#[tokio::test]
async fn a_unit_begins_where_the_calendar_says() {
    let check = async |unit: &str, expected: &str| {
        check_select(
            &format!("date_trunc('{unit}', timestamp '9999-11-17T13:14:15.123456')"),
            expected,
        )
        .await;
        check_select(&format!("date_trunc('{unit}', x) from (values (timestamp '9999-11-17T13:14:15.123456'), (null)) as v (x)"), &format!("{expected}, ")).await;
    };
    check("microsecond", "9999-11-17T13:14:15.123456").await;
    check("millisecond", "9999-11-17T13:14:15.123").await;
    check("SECOND", "9999-11-17T13:14:15").await;
    check("minute", "9999-11-17T13:14:00").await;
    check("hour", "9999-11-17T13:00:00").await;
    check("day", "9999-11-17T00:00:00").await;
    check("week", "9999-11-15T00:00:00").await;
    check("month", "9999-11-01T00:00:00").await;
    check("quarter", "9999-10-01T00:00:00").await;
    check("year", "9999-01-01T00:00:00").await;
    check("decade", "9990-01-01T00:00:00").await;
    check("century", "9901-01-01T00:00:00").await;
    check_select(
        "date_trunc('week', date '0001-01-01'), date_trunc('month', '1600-02-29')",
        "0001-01-01T00:00:00 1600-02-01T00:00:00",
    )
    .await;
    check_select(
        "date_trunc('day', timestamp '2024-03-31T00:30:00Z' at time zone 'Europe/Berlin')",
        "2024-03-31T00:00:00+01:00",
    )
    .await;
    check_select(
        "date_trunc('hour', timestamp '9999-07-31T10:30:00Z' at time zone 'Asia/Kolkata')",
        "9999-07-31T10:00:00+05:30",
    )
    .await;
    check_select("date_trunc('hour', cast(timestamp '2024-01-01T10:30:00' as time))", "10:00:00")
        .await;
    check_fails(
        "date_trunc('fortnight', date '2024-01-01')",
        "\"fortnight\" is no unit of date_trunc",
    )
    .await;
    check_fails("date_trunc('day', 5)", "date_trunc is for days and times").await;
}

proptest! {
    #[test]
    fn units_are_those_of_datafusion(at_us in -9_000_000_000_000_000_i64..9_000_000_000_000_000) {
        use arrow::datatypes::{DataType, Field, TimeUnit};
        use datafusion::common::ScalarValue;
        use datafusion::common::config::ConfigOptions;
        use datafusion::functions::datetime::date_trunc;
        use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl};
        use std::sync::Arc;

        for zone in [None, Some("UTC"), Some("Europe/Berlin"), Some("America/Sao_Paulo")] {
            for unit in ["second", "hour", "day", "week", "month", "quarter", "year"] {
                let zone: Option<Arc<str>> = zone.map(Into::into);
                let of = DataType::Timestamp(TimeUnit::Microsecond, zone.clone());
                let field = |of: &DataType| Arc::new(Field::new("x", of.clone(), true));
                let args = || ScalarFunctionArgs {
                    args: vec![
                        ColumnarValue::Scalar(ScalarValue::from(unit)),
                        ColumnarValue::Scalar(ScalarValue::TimestampMicrosecond(Some(at_us), zone.clone())),
                    ],
                    arg_fields: vec![field(&DataType::Utf8), field(&of)],
                    number_rows: 1,
                    return_field: field(&of),
                    config_options: Arc::new(ConfigOptions::default()),
                };
                let one = |value: ColumnarValue| match value {
                    ColumnarValue::Scalar(value) => value,
                    ColumnarValue::Array(values) => ScalarValue::try_from_array(&values, 0).unwrap(),
                };
                let ours = one(DateTrunc::new().invoke_with_args(args()).unwrap());
                let theirs = one(date_trunc().inner().invoke_with_args(args()).unwrap());
                prop_assert_eq!(ours, theirs, "{} of {} in {:?}", unit, at_us, zone);
            }
        }
    }
}

#[tokio::test]
async fn one_moment_is_now_everywhere() {
    use crate::install;
    use arrow::util::display::array_value_to_string;
    use datafusion::execution::FunctionRegistry;
    use datafusion::prelude::SessionContext;
    use std::sync::Arc;

    let mut state = install(SessionContext::new().state()).unwrap();
    state.register_function_rewrite(Arc::new(OneMoment::new(951_782_400_123_456))).unwrap();
    let ctx = SessionContext::new_with_state(state);
    let sql =
        "now(), current_timestamp, current_date, current_time, now() - interval '1 day' < now()";
    let batches = ctx.sql(&selecting(sql)).await.unwrap().collect().await.unwrap();
    let cells = batches[0].columns().iter().map(|cell| array_value_to_string(cell, 0).unwrap());
    assert_eq!(
        cells.collect::<Vec<_>>(),
        [
            "2000-02-29T00:00:00.123456",
            "2000-02-29T00:00:00.123456",
            "2000-02-29",
            "00:00:00.123456",
            "true"
        ]
    );
}
