//! The law: the answer is the longest of all chains, whatever the order of the rows and however they
//! are split into partial states.

use crate::window_funnel::event_log::{Steps, state_of_rows};
use crate::window_funnel::groups::FunnelGroups;
use crate::window_funnel::single::Funnel;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, TimestampSecondArray, UInt32Array,
};
use arrow::compute::{concat, take};
use arrow::datatypes::Int32Type;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};
use proptest::collection::vec;
use proptest::prelude::*;
use std::sync::Arc;

const N_GROUPS: usize = 4;

/// A row: its group, its time if it has one, its conditions (each may be null), whether it is kept.
#[derive(Debug, Clone)]
struct Row {
    group: usize,
    ts: Option<i64>,
    met: Vec<Option<bool>>,
    kept: Option<bool>,
}

/// A case: steps, rows in some order, and where that order is cut.
#[derive(Debug, Clone)]
struct Case {
    n: usize,
    window: u64,
    rows: Vec<Row>,
    cuts: Vec<usize>,
}

/// The definition: of all sequences of different rows the longest that is a chain.
fn longest_of_all(rows: &[(i64, Vec<bool>)], n: usize, window: u64) -> i32 {
    fn go(rows: &[(i64, Vec<bool>)], n: usize, window: u64, chain: &mut Vec<usize>) -> i32 {
        let mut longest = chain.len() as i32;
        let step = chain.len();
        if step == n {
            return longest;
        }
        for idx in 0..rows.len() {
            let (ts, met) = &rows[idx];
            let in_time = match (chain.first(), chain.last()) {
                (Some(first), Some(last)) => {
                    *ts >= rows[*last].0 && ts - rows[*first].0 <= window as i64
                }
                _ => true,
            };
            if in_time && met[step] && !chain.contains(&idx) {
                chain.push(idx);
                longest = longest.max(go(rows, n, window, chain));
                chain.pop();
            }
        }
        longest
    }
    go(rows, n, window, &mut Vec::new())
}

fn cases() -> impl Strategy<Value = Case> {
    (1_usize..=5, 0_u64..8).prop_flat_map(|(n, window)| {
        // Few and many conditions a row, so that both single and several ones share a time.
        let met = prop_oneof![
            vec(prop_oneof![Just(Some(true)), Just(Some(false)), Just(None)], n),
            (0..n).prop_map(move |step| (0..n).map(|idx| Some(idx == step)).collect::<Vec<_>>()),
        ];
        let ts = prop_oneof![9 => (-6_i64..6).prop_map(Some), 1 => Just(None)];
        let kept = prop_oneof![8 => Just(Some(true)), 1 => Just(Some(false)), 1 => Just(None)];
        let row = (0..N_GROUPS, ts, met, kept).prop_map(|(group, ts, met, kept)| Row {
            group,
            ts,
            met,
            kept,
        });
        (vec(row, 0..30), vec(0_usize..30, 0..5)).prop_flat_map(move |(rows, cuts)| {
            let cuts = cuts.clone();
            Just(rows).prop_shuffle().prop_map(move |rows| Case {
                n,
                window,
                rows,
                cuts: cuts.clone(),
            })
        })
    })
}

fn expected(case: &Case, is_kept: impl Fn(&Row) -> bool) -> Vec<i32> {
    let of_group = |group| {
        let rows = case.rows.iter().filter(|row| row.group == group && is_kept(row));
        let rows: Vec<(i64, Vec<bool>)> = rows
            .filter_map(|row| Some((row.ts?, row.met.iter().map(|m| *m == Some(true)).collect())))
            .collect();
        longest_of_all(&rows, case.n, case.window)
    };
    (0..N_GROUPS).map(of_group).collect()
}

/// The arguments of the function: the window, of which only the plan knows, ts, conditions.
fn arguments(rows: &[Row], n: usize) -> Vec<ArrayRef> {
    let ts: TimestampSecondArray = rows.iter().map(|row| row.ts).collect();
    let window = Int64Array::from(vec![1; rows.len()]);
    let mut arguments: Vec<ArrayRef> = vec![Arc::new(window), Arc::new(ts)];
    for step in 0..n {
        let met = booleans(rows.iter().map(|row| row.met[step]).collect());
        arguments.push(Arc::new(met));
    }
    arguments
}

fn filter_of(rows: &[Row]) -> BooleanArray {
    booleans(rows.iter().map(|row| row.kept).collect())
}

/// With true below the nulls, which means nothing.
fn booleans(values: Vec<Option<bool>>) -> BooleanArray {
    let below = values.iter().map(|value| value.unwrap_or(true)).collect();
    BooleanArray::new(below, Some(values.iter().map(Option::is_some).collect()))
}

fn groups_of(rows: &[Row]) -> Vec<usize> {
    rows.iter().map(|row| row.group).collect()
}

/// The rows as they are cut.
fn parts(case: &Case) -> Vec<&[Row]> {
    let mut cuts: Vec<usize> = case.cuts.iter().map(|cut| *cut.min(&case.rows.len())).collect();
    cuts.extend([0, case.rows.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|pair| &case.rows[pair[0]..pair[1]]).collect()
}

fn steps(case: &Case) -> Steps {
    Steps { n: case.n, window: case.window }
}

fn ints(array: &ArrayRef) -> Vec<i32> {
    assert_eq!(array.null_count(), 0);
    array.as_primitive::<Int32Type>().values().to_vec()
}

fn first_groups(state: &ArrayRef, n_groups: usize) -> ArrayRef {
    let idx: UInt32Array = (0..n_groups as u32).collect();
    take(state, &idx, None).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn one_accumulator_fed_in_parts_finds_the_longest(case in cases()) {
        let mut groups = FunnelGroups::new(steps(&case));
        for rows in parts(&case) {
            let filter = filter_of(rows);
            let arguments = arguments(rows, case.n);
            groups.update_batch(&arguments, &groups_of(rows), Some(&filter), N_GROUPS).unwrap();
        }
        let longest = ints(&groups.evaluate(EmitTo::All).unwrap());
        prop_assert_eq!(longest, expected(&case, |row| row.kept == Some(true)));
    }

    #[test]
    fn partial_states_find_the_longest(case in cases()) {
        let mut whole = FunnelGroups::new(steps(&case));
        for rows in parts(&case) {
            let mut part = FunnelGroups::new(steps(&case));
            part.update_batch(&arguments(rows, case.n), &groups_of(rows), None, N_GROUPS).unwrap();
            // First some groups, then the others, which are counted from 0 then.
            let n_first = case.rows.len() % N_GROUPS;
            let first = part.state(EmitTo::First(n_first)).unwrap();
            prop_assert_eq!(first[0].len(), n_first);
            let rest = part.state(EmitTo::All).unwrap();
            let state = concat(&[&first[0], &rest[0]]).unwrap();
            let indices: Vec<usize> = (0..N_GROUPS).collect();
            whole.merge_batch(&[state], &indices, N_GROUPS).unwrap();
        }
        let first = ints(&whole.evaluate(EmitTo::First(1)).unwrap());
        let rest = ints(&whole.evaluate(EmitTo::All).unwrap());
        prop_assert_eq!([first, rest].concat(), expected(&case, |_| true));
    }

    #[test]
    fn the_states_of_single_rows_find_the_longest(case in cases()) {
        let mut whole = FunnelGroups::new(steps(&case));
        for rows in parts(&case) {
            let filter = filter_of(rows);
            let state = state_of_rows(&arguments(rows, case.n), Some(&filter)).unwrap();
            whole.merge_batch(&[state], &groups_of(rows), N_GROUPS).unwrap();
        }
        let longest = ints(&whole.evaluate(EmitTo::All).unwrap());
        prop_assert_eq!(longest, expected(&case, |row| row.kept == Some(true)));
    }

    #[test]
    fn without_groups_it_is_the_same(case in cases()) {
        let rows: Vec<Row> = case.rows.iter().cloned().map(|row| Row { group: 0, ..row }).collect();
        let case = Case { rows, ..case };
        let longest = ScalarValue::Int32(Some(expected(&case, |_| true)[0]));
        let mut at_once = Funnel::new(steps(&case));
        let mut merged = Funnel::new(steps(&case));
        for rows in parts(&case) {
            at_once.update_batch(&arguments(rows, case.n)).unwrap();
            // To ask in between changes nothing.
            at_once.evaluate().unwrap();
            let mut part = Funnel::new(steps(&case));
            part.update_batch(&arguments(rows, case.n)).unwrap();
            let state = part.state().unwrap()[0].to_array().unwrap();
            merged.merge_batch(&[first_groups(&state, 1)]).unwrap();
        }
        prop_assert_eq!(&at_once.evaluate().unwrap(), &longest);
        prop_assert_eq!(&merged.evaluate().unwrap(), &longest);
    }
}

#[test]
fn equal_rows_take_no_more_room() {
    let row = |step: usize, ts| {
        let met = (0..3).map(|idx| Some(idx == step)).collect();
        Row { group: 0, ts: Some(ts), met, kept: Some(true) }
    };
    let rows: Vec<Row> = (0..8_192).map(|idx| row(idx % 3, (idx % 2) as i64)).collect();
    let mut groups = FunnelGroups::new(Steps { n: 3, window: 1 });
    let arguments = arguments(&rows, 3);
    let mut sizes = Vec::new();
    for _ in 0..100 {
        groups.update_batch(&arguments, &groups_of(&rows), None, 1).unwrap();
        sizes.push(groups.size());
    }
    assert!(sizes[99] < 20 * 140_000, "{sizes:?}");
    let state = groups.state(EmitTo::All).unwrap();
    assert_eq!(state[0].as_list::<i64>().values().len(), 6);
    assert!(groups.size() < 100_000);
}

#[test]
fn what_is_kept_is_counted() {
    let met = vec![Some(true), Some(false)];
    let rows: Vec<Row> = (0..8_192)
        .map(|idx| Row { group: idx % 7, ts: Some(idx as i64), met: met.clone(), kept: Some(true) })
        .collect();
    let mut groups = FunnelGroups::new(Steps { n: 2, window: 1 });
    groups.update_batch(&arguments(&rows, 2), &groups_of(&rows), None, 7).unwrap();
    assert!(groups.size() >= 8_192 * 16, "{}", groups.size());
    // Rows that meet no condition take no room of their own.
    let before = groups.size();
    let none: Vec<Row> =
        rows.iter().map(|row| Row { met: vec![None, Some(false)], ..row.clone() }).collect();
    for _ in 0..50 {
        groups.update_batch(&arguments(&none, 2), &groups_of(&none), None, 7).unwrap();
    }
    assert_eq!(groups.size(), before);
}
