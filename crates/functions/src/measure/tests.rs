//! Measures that are parsed, refused, and shown.

use super::*;
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::execution::SessionStateBuilder;
use std::sync::Arc;

fn state() -> SessionState {
    session(SessionStateBuilder::new()).unwrap()
}

fn schema() -> SchemaRef {
    let of = |name: &str, of: DataType| Field::new(name, of, true);
    Arc::new(Schema::new(vec![
        of("price", DataType::Decimal128(12, 2)),
        of("Qty", DataType::Int16),
        of("temp", DataType::Float32),
        of("order_id", DataType::Utf8View),
        of("day", DataType::Date32),
        of("paid", DataType::Boolean),
        of("n", DataType::Int64),
    ]))
}

#[test]
fn the_nature_of_a_measure_follows_from_its_expression() {
    let (state, schema) = (state(), schema());
    let check = |expr: &str, expected: &str| {
        let nature =
            nature(&state, &schema, expr).unwrap_or_else(|error| panic!("{expr}: {error}"));
        let adds_up = if nature.adds_up { "adds up" } else { "does not add up" };
        let over_no_rows = if nature.is_zero_over_no_rows { "zero" } else { "nothing" };
        assert_eq!(format!("{adds_up}, {over_no_rows}"), expected, "{expr}");
    };
    check("sum(price)", "adds up, zero");
    check("count(*)", "adds up, zero");
    check("count(case when paid then 1 end)", "adds up, zero");
    check("count(*) filter (where paid)", "adds up, zero");
    check("sum(price) - sum(price) filter (where paid)", "adds up, zero");
    check("coalesce(sum(n), 0)", "adds up, zero");
    check("-sum(price) * 2", "adds up, zero");
    check("0.19 * sum(price)", "adds up, zero");
    check("cast(sum(n) as double) / 1000", "adds up, zero");
    check("sum(temp) / 60", "adds up, zero");
    // Whole numbers are cut off part by part.
    check("sum(n) / 100", "does not add up, zero");
    check("cast(sum(price) as bigint)", "does not add up, zero");
    check("count(distinct order_id)", "does not add up, zero");
    check("sum(distinct price)", "does not add up, zero");
    check("approx_distinct(order_id)", "does not add up, zero");
    check("sum(price) + 1", "does not add up, nothing");
    check("avg(price)", "does not add up, nothing");
    check("max(Qty)", "does not add up, nothing");
    check("sum(price) / nullif(count(*), 0)", "does not add up, nothing");
    check("sum(n) / count(*)", "does not add up, nothing");
    check("sum(price) * count(*)", "does not add up, zero");
    check("coalesce(sum(n), 1)", "does not add up, zero");
}

#[test]
fn a_measure_is_shown_as_a_number_that_holds_it() {
    let (state, schema) = (state(), schema());
    let check = |expr: &str, expected: DataType| {
        assert_eq!(nature(&state, &schema, expr).unwrap().shown_as, expected, "{expr}");
    };
    check("max(Qty)", DataType::Int64);
    check("max(temp)", DataType::Float64);
    check("max(n)", DataType::Int64);
    check("count(*)", DataType::Int64);
    check("max(price)", DataType::Decimal128(12, 2));
    // The type of a case is that of all its branches.
    check("max(case when paid then 0 else temp end)", DataType::Float64);
}

#[test]
fn what_is_no_measure_is_refused_by_name() {
    let (state, schema) = (state(), schema());
    let check = |expr: &str, parts: &[&str]| {
        let error = nature(&state, &schema, expr).expect_err(expr).strip_backtrace();
        for part in parts {
            assert!(error.contains(part), "{expr}: {error:?} should contain {part:?}");
        }
    };
    check("max(day)", &["it is Date32, and a measure is a number"]);
    check("min(order_id)", &["it is Utf8View, and a measure is a number"]);
    check("max(price) > 3", &["it is Boolean", "filter (where ...)"]);
    check("bool_and(paid)", &["Invalid function 'bool_and'", "Did you mean"]);
    check("array_agg(n)", &["Invalid function 'array_agg'"]);
    check("summ(n)", &["Invalid function 'summ'", "'sum'"]);
    check("max(qty)", &["qty", "Qty"]);
    check("price", &["does not aggregate"]);
    check("sum(n) + n", &["outside of an aggregate"]);
    check("sum(price['x'])", &["reads a field of a column"]);
    check("sum(n", &["Expected"]);
}
