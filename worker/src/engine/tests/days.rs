//! Days of any year.

use super::bench::Bench;
use datafusion::arrow::array::{Array, AsArray, Date32Array, Int64Array};
use datafusion::arrow::datatypes::Date32Type;
use query::{Date, Grain};
use std::collections::BTreeSet;
use std::sync::Arc;

fn days_of(texts: &[&str]) -> Vec<i32> {
    texts.iter().map(|text| text.parse::<Date>().unwrap().days()).collect()
}

fn bench(days: &[i32]) -> Bench {
    let n_rows = days.len() as i64;
    let columns = vec![
        ("day", Arc::new(Date32Array::from(days.to_vec())) as Arc<dyn Array>),
        ("n", Arc::new(Int64Array::from_iter_values(0..n_rows))),
    ];
    Bench::new().table("sales", columns, &[], &[("rows", "count(*)")])
}

#[test]
fn days_of_every_year_are_grouped() {
    let (first, last) = (days_of(&["0001-01-01"])[0], days_of(&["9999-12-31"])[0]);
    let mut days: Vec<i32> = (first..=last).step_by(9_973).collect();
    days.extend([last, i32::MIN, i32::MAX, first - 1, last + 1]);
    for grain in [Grain::Day, Grain::Week, Grain::Month] {
        let answer = bench(&days).ask("rows", Some(("day", Some(grain)))).unwrap();
        let found: Vec<i32> = answer
            .batches
            .iter()
            .flat_map(|batch| batch.column(0).as_primitive::<Date32Type>().values().to_vec())
            .collect();
        let expected: BTreeSet<i32> =
            days.iter().map(|day| grain.first_day(Date::from_days(*day)).days()).collect();
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{grain:?}");
    }
}

#[test]
fn each_table_has_its_own_days_and_none_is_in_the_future_of_its_commit() {
    let check = |texts: &[&str], range: Option<(&str, &str)>, last_by_commit: Option<&str>| {
        let (_, opened) = bench(&days_of(texts)).open().unwrap();
        let [extent] = opened.extents.as_slice() else { panic!("{:?}", opened.extents) };
        let day = |text: &str| text.parse::<Date>().unwrap();
        let found = extent.range.map(|range| (range.first, range.last));
        assert_eq!(found, range.map(|(first, last)| (day(first), day(last))), "{texts:?}");
        assert_eq!(extent.last_by_commit, last_by_commit.map(day), "{texts:?}");
    };
    check(&[], None, None);
    check(&["2024-05-01", "2024-06-30"], Some(("2024-05-01", "2024-06-30")), Some("2024-06-30"));
    // It is tomorrow already somewhere.
    check(&["2024-05-01", "2024-07-01"], Some(("2024-05-01", "2024-07-01")), Some("2024-07-01"));
    check(&["2024-05-01", "2024-07-02"], Some(("2024-05-01", "2024-07-02")), Some("2024-05-01"));
    check(&["9999-12-31", "2024-05-01"], Some(("2024-05-01", "9999-12-31")), Some("2024-05-01"));
    // All of it later than the commit says: then what is not in the future at present.
    let days = ["9999-12-31", "2025-01-01"];
    check(&days, Some(("2025-01-01", "9999-12-31")), Some("2025-01-01"));
    check(&["9999-12-31"], Some(("9999-12-31", "9999-12-31")), None);
    check(&["0001-01-01", "2024-05-01"], Some(("0001-01-01", "2024-05-01")), Some("2024-05-01"));
}

#[test]
fn two_tables_do_not_share_their_days() {
    let days = |text: &str| Arc::new(Date32Array::from(days_of(&[text]))) as Arc<dyn Array>;
    let bench = Bench::new()
        .table("sales", vec![("day", days("2024-01-01"))], &[], &[("rows", "count(*)")])
        .table("stock", vec![("day", days("2024-02-01"))], &[], &[("places", "count(*)")]);
    let (_, opened) = bench.open().unwrap();
    let found: Vec<String> = opened
        .extents
        .iter()
        .map(|extent| format!("{} {}", extent.table, extent.range.unwrap().first))
        .collect();
    assert_eq!(found, ["sales 2024-01-01", "stock 2024-02-01"]);
}
