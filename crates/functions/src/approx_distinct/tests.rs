//! What `approx_distinct` answers: its error, its law, and the types of SQL.

use super::hashes;
use super::sketch::Sketch;
use super::sketches::{OneSketch, Sketches};
use crate::session::{check_refused, check_select, check_spilled};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::UInt64Type;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};
use proptest::collection::vec;
use proptest::prelude::*;
use std::sync::Arc;

fn count_of(values: impl Iterator<Item = i64>) -> u64 {
    let column: ArrayRef = Arc::new(Int64Array::from_iter_values(values));
    let mut hashes = Vec::new();
    hashes::hash(&column, &mut hashes).unwrap();
    let mut sketch = Sketch::default();
    hashes.iter().for_each(|hash| sketch.add(*hash));
    sketch.count()
}

/// Counts that are stored in tables: other ones would be another function. They were computed by a
/// program of its own from the papers and the specification of the hash.
#[test]
fn counts_never_change() {
    let cases = [(1_024, 1_024), (1_025, 1_020), (10_000, 9_952), (100_000, 99_953)];
    for (n, expected) in cases {
        assert_eq!(count_of(0..n), expected, "{n}");
    }
    assert_eq!(count_of((0..1_000_000).map(|value| value * 1_000_003)), 992_763);
}

#[test]
fn few_values_are_counted_exactly() {
    for n in [0, 1, 2, 3, 4, 5, 63, 64, 65, 511, 1_023, 1_024] {
        assert_eq!(count_of(0..n), n as u64);
        assert_eq!(count_of((0..n).chain((0..n).rev()).chain(0..n)), n as u64);
    }
}

#[test]
fn the_error_is_what_it_should_be() {
    for n in [1_025, 2_000, 5_000, 20_000, 100_000, 500_000] {
        let n_draws = 12;
        let errors = (0..n_draws).map(|draw| {
            let first = i64::from(draw) * 1_000_000_007;
            count_of(first..first + n) as f64 / n as f64 - 1.0
        });
        let mean_square = errors.map(|error| error * error).sum::<f64>() / f64::from(n_draws);
        // 0.81 % is the error for many values; of few it is smaller.
        assert!(mean_square.sqrt() < 0.0081 * 1.5, "{n}: {}", mean_square.sqrt());
        assert!(mean_square.sqrt() > 0.0001, "{n}: {}", mean_square.sqrt());
    }
}

const N_GROUPS: usize = 3;

/// A value with a group, if it has one, and what the filter says.
type Row = (usize, Option<i64>, Option<bool>);

/// Few values and many, so that groups are of both forms.
fn rows() -> impl Strategy<Value = Vec<Row>> {
    let value = (1_i64..3_000).prop_flat_map(|bound| (Just(bound), 0..12_000_usize, any::<u64>()));
    value.prop_map(|(bound, n_rows, seed)| {
        let random = |idx: usize| (idx as u64 ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        let row = |idx| {
            let random = random(idx);
            let value = (random % 11 != 0).then_some((random % bound as u64) as i64);
            let passes = [Some(true), Some(true), Some(false), None][(random >> 30) as usize % 4];
            ((random >> 33) as usize % 8 / 3, value, passes)
        };
        (0..n_rows).map(row).collect()
    })
}

fn expected(rows: &[Row], is_kept: impl Fn(&Row) -> bool) -> Vec<u64> {
    let of_group = |group| {
        let rows = rows.iter().filter(|row| row.0 == group && is_kept(row));
        count_of(rows.filter_map(|row| row.1))
    };
    (0..N_GROUPS).map(of_group).collect()
}

fn parts<'r>(rows: &'r [Row], cuts: &[prop::sample::Index]) -> Vec<&'r [Row]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(rows.len() + 1)).collect();
    cuts.extend([0, rows.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|pair| &rows[pair[0]..pair[1]]).collect()
}

fn columns(rows: &[Row]) -> (ArrayRef, Vec<usize>, BooleanArray) {
    let values: Int64Array = rows.iter().map(|row| row.1).collect();
    let below = rows.iter().map(|row| row.2.unwrap_or(true)).collect();
    let valid = rows.iter().map(|row| row.2.is_some()).collect();
    let groups = rows.iter().map(|row| row.0).collect();
    (Arc::new(values), groups, BooleanArray::new(below, Some(valid)))
}

fn counts(array: &ArrayRef) -> Vec<u64> {
    assert_eq!(array.null_count(), 0);
    array.as_primitive::<UInt64Type>().values().to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn the_order_and_the_parts_do_not_matter(
        rows in rows(),
        cuts in vec(any::<prop::sample::Index>(), 0..5),
        seed in any::<u64>(),
    ) {
        let groups: Vec<usize> = (0..N_GROUPS).collect();
        let all = expected(&rows, |_| true);
        let kept = expected(&rows, |row| row.2 == Some(true));
        let mut shuffled = rows;
        shuffled.sort_by_key(|row| (row.1.unwrap_or(0) as u64 ^ seed).wrapping_mul(seed | 1));
        let (mut at_once, mut merged, mut of_rows) =
            (Sketches::default(), Sketches::default(), Sketches::default());
        for part in parts(&shuffled, &cuts) {
            let (values, of_group, filter) = columns(part);
            let values = [values];
            at_once.update_batch(&values, &of_group, Some(&filter), N_GROUPS).unwrap();
            let state = of_rows.convert_to_state(&values, Some(&filter)).unwrap();
            of_rows.merge_batch(&state, &of_group, N_GROUPS).unwrap();
            let mut partial = Sketches::default();
            partial.update_batch(&values, &of_group, None, N_GROUPS).unwrap();
            let first = partial.state(EmitTo::First(1)).unwrap();
            merged.merge_batch(&first, &groups[..1], N_GROUPS).unwrap();
            let rest = partial.state(EmitTo::All).unwrap();
            merged.merge_batch(&rest, &groups[1..], N_GROUPS).unwrap();
        }
        prop_assert_eq!(counts(&at_once.evaluate(EmitTo::All).unwrap()), &kept[..]);
        prop_assert_eq!(counts(&of_rows.evaluate(EmitTo::All).unwrap()), &kept[..]);
        let first = counts(&merged.evaluate(EmitTo::First(2)).unwrap());
        let rest = counts(&merged.evaluate(EmitTo::All).unwrap());
        prop_assert_eq!([first, rest].concat(), all);
    }

    #[test]
    fn without_groups_it_is_the_same(
        rows in rows(),
        cuts in vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let all = ScalarValue::UInt64(Some(count_of(rows.iter().filter_map(|row| row.1))));
        let (mut at_once, mut merged) = (OneSketch::default(), OneSketch::default());
        for part in parts(&rows, &cuts) {
            let (values, _, _) = columns(part);
            let values = [values];
            at_once.update_batch(&values).unwrap();
            at_once.evaluate().unwrap();
            let mut partial = OneSketch::default();
            partial.update_batch(&values).unwrap();
            let state = partial.state().unwrap()[0].to_array().unwrap();
            merged.merge_batch(&[state]).unwrap();
        }
        prop_assert_eq!(&at_once.evaluate().unwrap(), &all);
        prop_assert_eq!(&merged.evaluate().unwrap(), &all);
    }
}

#[test]
fn what_is_kept_is_counted() {
    let mut sketches = Sketches::default();
    let values: ArrayRef = Arc::new(Int64Array::from_iter_values(0..8_192));
    let groups: Vec<usize> = (0..8_192).map(|idx| idx % 2).collect();
    sketches.update_batch(&[Arc::clone(&values)], &groups, None, 2).unwrap();
    // Two of registers, and the hashes of the batch.
    let size = sketches.size();
    assert!((98_304..98_304 + 2_000).contains(&size), "{size}");
    // A group of one value takes little.
    let none = UInt32Array::from(vec![0; 8_192]);
    let one = take(&values, &none, None).unwrap();
    let mut sketches = Sketches::default();
    for _ in 0..10 {
        sketches.update_batch(&[Arc::clone(&one)], &groups, None, 2).unwrap();
    }
    assert!(sketches.size() < 8_192 * 8 + 1_000, "{}", sketches.size());
    // Those that leave are counted no more.
    sketches.evaluate(EmitTo::First(1)).unwrap();
    sketches.evaluate(EmitTo::All).unwrap();
    assert_eq!(sketches.size(), Sketches::default().size() + 8_192 * 8);
}

#[test]
fn bytes_that_are_no_set_are_refused() {
    let check = |bytes: &[u8], is_set: bool| {
        for first in [0_i64, 2_000] {
            let mut sketch = Sketch::default();
            (0..first).for_each(|value| sketch.add((value as u64).wrapping_mul(0x9e37_79b9)));
            assert_eq!(sketch.add_bytes(bytes).is_some(), is_set, "{}", bytes.len());
        }
    };
    check(&[], true);
    check(&[0; 8], true);
    check(&[0; 9], false);
    check(&[1; 8 * 1_024], true);
    check(&[1; 8 * 1_025], false);
    check(&[51; 16_384], true);
    check(&[52; 16_384], false);
    check(&[0; 16_385], false);
}

const VALUES: &str = "(values (1, 'a'), (1, null), (2, 'b'), (2, 'a'), (null, '')) as t(x, name)";

#[tokio::test]
async fn values_are_of_many_types() {
    for whole in ["TinyInt", "SmallInt", "Int", "BigInt", "Int Unsigned", "Date"] {
        let x = format!("approx_distinct(cast(cast(x as int) as {whole})) from {VALUES}");
        check_select(&x, "2").await;
    }
    for of in [
        "Int8",
        "UInt8",
        "UInt16",
        "UInt64",
        "Float32",
        "Float64",
        "Decimal32(9, 2)",
        "Decimal64(18, 2)",
        "Decimal128(38, 2)",
        "Decimal256(40, 2)",
        "Time32(Second)",
        "Time64(Nanosecond)",
        "Duration(Second)",
        "Timestamp(Second, None)",
        "Timestamp(Nanosecond, None)",
        "Utf8",
        "Utf8View",
        "LargeUtf8",
        "Dictionary(Int8, Utf8)",
        "Dictionary(Int32, Int64)",
    ] {
        let x = match of.starts_with("Time") || of.starts_with("Duration") {
            true => format!(
                "arrow_cast(arrow_cast(x, '{}'), '{of}')",
                if of == "Time32(Second)" { "Int32" } else { "Int64" }
            ),
            false => format!("arrow_cast(x, '{of}')"),
        };
        check_select(&format!("approx_distinct({x}) from {VALUES}"), "2").await;
    }
    for of in ["Utf8", "LargeUtf8", "Utf8View", "Binary", "LargeBinary", "BinaryView"] {
        let name = format!("approx_distinct(arrow_cast(name, '{of}')) from {VALUES}");
        check_select(&name, "3").await;
    }
    check_select(&format!("approx_distinct(x = 1) from {VALUES}"), "2").await;
    check_select(&format!("approx_distinct(null) from {VALUES}"), "0").await;
    check_select(&format!("approx_distinct(x) from {VALUES} where x > 5"), "0").await;
    let floats = "(values (0.0), (-0.0), (1e300), (cast('NaN' as double))) as t(x)";
    let floats = format!("approx_distinct(x * 1), approx_distinct(x / x) from {floats}");
    check_select(&floats, "3 2").await;
}

/// The hash of a value is the same however it is stored.
#[tokio::test]
async fn a_value_is_one_in_every_width() {
    let many = "from (select value, cast(value as varchar) as name from range(0, 30000))";
    let wide = format!("approx_distinct(value) {many}");
    let narrow = format!("approx_distinct(arrow_cast(value, 'UInt16')) {many}");
    check_same(&wide, &narrow).await;
    check_same(&wide, &format!("approx_distinct(arrow_cast(value, 'Date32')) {many}")).await;
    let text = format!("approx_distinct(arrow_cast(name, 'Utf8')) {many}");
    check_same(&text, &format!("approx_distinct(arrow_cast(name, 'Utf8View')) {many}")).await;
    check_same(&text, &format!("approx_distinct(arrow_cast(name, 'BinaryView')) {many}")).await;
    let decimal = |of: &str| format!("approx_distinct(arrow_cast(value, '{of}')) {many}");
    check_same(&decimal("Decimal64(18, 2)"), &decimal("Decimal128(38, 2)")).await;
}

async fn check_same(one: &str, other: &str) {
    check_select(&format!("(select {one}) = (select {other})"), "true").await;
}

#[tokio::test]
async fn it_goes_with_groups_filter_and_over() {
    let by_name = format!("name, approx_distinct(x) from {VALUES} group by name order by name");
    check_select(&by_name, " 0, a 2, b 1,  1").await;
    let filtered = format!("approx_distinct(name) filter (where x = 2 or x is null) from {VALUES}");
    check_select(&filtered, "3").await;
    let so_far = format!("approx_distinct(name) over (order by x, name) from {VALUES}");
    check_select(&so_far, "1, 1, 1, 2, 3").await;
    let both =
        format!("approx_distinct(x), count(distinct name), approx_distinct(name) from {VALUES}");
    check_select(&both, "2 3 3").await;
}

#[tokio::test]
async fn states_go_to_disk_and_come_back() {
    let rows = "(select value % 9973 as who, value * 7919 % 900007 as x from range(0, 900000))";
    let each = format!("(select who, approx_distinct(x) as n from {rows} group by who)");
    check_spilled(&format!("n, count(*), sum(who) from {each} group by n order by n"), 6_000_000)
        .await;
}

#[tokio::test]
async fn what_means_nothing_is_refused_by_name() {
    check_refused(&format!("approx_distinct() from {VALUES}"), "approx_distinct").await;
    let two = format!("approx_distinct(x, name) from {VALUES}");
    check_refused(&two, "counts one column, and it was given 2 arguments").await;
    let interval = format!("approx_distinct(interval '1 day') from {VALUES}");
    check_refused(&interval, "and x is Interval(MonthDayNano)").await;
}
