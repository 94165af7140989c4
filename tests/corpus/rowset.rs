//! Rows of two readers as multisets: whether they are equal, and if not, where they differ first.

use super::cell;
use arrow::array::RecordBatch;
use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

/// At most so many rows of each side are looked at closely.
const MOST_SHOWN_ROWS: usize = 2000;

/// At most so many characters of a value are shown.
const MOST_SHOWN_CHARS: usize = 160;

/// Where `ours` and `theirs` differ first; `None` when they hold the same rows in any order.
/// Columns go by name, in any order.
pub fn difference(ours: &[RecordBatch], theirs: &[RecordBatch]) -> Option<String> {
    let (our_columns, their_columns) = (columns(ours), columns(theirs));
    let (our_rows, their_rows) = (n_rows(ours), n_rows(theirs));
    // A side without batches has told no columns.
    if !ours.is_empty() && !theirs.is_empty() && our_columns != their_columns {
        let list = |columns: Vec<&String>| {
            columns.into_iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
        };
        let missing = list(their_columns.difference(&our_columns).collect());
        let extra = list(our_columns.difference(&their_columns).collect());
        return Some(match (missing.is_empty(), extra.is_empty()) {
            (false, true) => format!("columns are missing: {missing}"),
            (true, _) => format!("columns that are not expected: {extra}"),
            (false, false) => format!("columns {missing} are missing, {extra} are not expected"),
        });
    }
    let mut counts: HashMap<u128, i64> = HashMap::new();
    each_row(ours, &our_columns, |_, row| *counts.entry(hash(row)).or_default() += 1);
    each_row(theirs, &our_columns, |_, row| *counts.entry(hash(row)).or_default() -= 1);
    counts.retain(|_, count| *count != 0);
    if counts.is_empty() && our_rows == their_rows {
        return None;
    }
    let n_ours: i64 = counts.values().filter(|count| **count > 0).sum();
    let n_theirs: i64 = -counts.values().filter(|count| **count < 0).sum::<i64>();
    let mut ours_only = Vec::new();
    each_row(ours, &our_columns, |row_idx, row| {
        if ours_only.len() < MOST_SHOWN_ROWS && counts.get(&hash(row)).is_some_and(|n| *n > 0) {
            ours_only.push((row_idx, row.to_vec()));
        }
    });
    let mut theirs_only = Vec::new();
    each_row(theirs, &our_columns, |row_idx, row| {
        if theirs_only.len() < MOST_SHOWN_ROWS && counts.get(&hash(row)).is_some_and(|n| *n < 0) {
            theirs_only.push((row_idx, row.to_vec()));
        }
    });
    let total = match our_rows == their_rows {
        true => format!("{n_ours} of {our_rows} rows differ"),
        false => format!(
            "{our_rows} rows instead of {their_rows}: {n_ours} not expected, {n_theirs} missing"
        ),
    };
    let first = first_difference(&our_columns, &ours_only, &theirs_only);
    Some(format!("{total}; {}", first.unwrap_or_default()))
}

/// The names of all columns; a name that a batch has twice is told apart by its position.
fn columns(batches: &[RecordBatch]) -> BTreeSet<String> {
    batches.iter().flat_map(names).collect()
}

fn names(batch: &RecordBatch) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let schema = batch.schema();
    schema
        .fields()
        .iter()
        .map(|field| {
            let n = seen.entry(field.name().clone()).or_default();
            *n += 1;
            if *n == 1 { field.name().clone() } else { format!("{} (no. {n})", field.name()) }
        })
        .collect()
}

fn n_rows(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}

/// Calls `take` with each row's number and the texts of `columns`.
fn each_row(
    batches: &[RecordBatch],
    columns: &BTreeSet<String>,
    mut take: impl FnMut(usize, &[String]),
) {
    let mut row = vec![String::new(); columns.len()];
    let mut row_idx = 0;
    for batch in batches {
        let names = names(batch);
        let positions: Vec<Option<usize>> =
            columns.iter().map(|column| names.iter().position(|name| name == column)).collect();
        for idx in 0..batch.num_rows() {
            for (text, position) in row.iter_mut().zip(&positions) {
                text.clear();
                match position {
                    Some(position) => cell::write(batch.column(*position).as_ref(), idx, text),
                    None => text.push_str("<no such column>"),
                }
            }
            take(row_idx, &row);
            row_idx += 1;
        }
    }
}

/// Two hashes of 64 bits: rows of one multiset are not told apart by chance.
fn hash(row: &[String]) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        row.hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(1) << 64 | half(2)
}

/// The first row that only we have against the most similar one that only they have.
fn first_difference(
    columns: &BTreeSet<String>,
    ours: &[(usize, Vec<String>)],
    theirs: &[(usize, Vec<String>)],
) -> Option<String> {
    let Some((row_idx, row)) = ours.first() else {
        let (row_idx, row) = theirs.first()?;
        return Some(format!(
            "row {row_idx} of the expected is missing: {}",
            shown_row(columns, row)
        ));
    };
    let similarity = |other: &[String]| row.iter().zip(other).filter(|(a, b)| a == b).count();
    let Some((_, nearest)) = theirs.iter().max_by_key(|(_, other)| similarity(other)) else {
        return Some(format!("row {row_idx} is not expected: {}", shown_row(columns, row)));
    };
    let (column, (value, expected)) =
        columns.iter().zip(row.iter().zip(nearest)).find(|(_, (a, b))| a != b)?;
    Some(format!(
        "row {row_idx}, column {column:?}: {} instead of {}",
        shortened(value),
        shortened(expected)
    ))
}

fn shown_row(columns: &BTreeSet<String>, row: &[String]) -> String {
    let cells = columns.iter().zip(row).take(8);
    cells.map(|(name, text)| format!("{name}={}", shortened(text))).collect::<Vec<_>>().join(" ")
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MOST_SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Int32Array, Int64Array, StringArray};
    use std::sync::Arc;

    fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter(columns).unwrap()
    }

    fn integers(values: &[i64]) -> ArrayRef {
        Arc::new(Int64Array::from(values.to_vec()))
    }

    fn texts(values: &[&str]) -> ArrayRef {
        Arc::new(StringArray::from(values.to_vec()))
    }

    #[test]
    fn order_width_and_batches_do_not_matter() {
        let ours = [batch(vec![("a", integers(&[1, 2, 2])), ("b", texts(&["x", "y", "y"]))])];
        let narrow: ArrayRef = Arc::new(Int32Array::from(vec![2, 1]));
        let theirs = [
            batch(vec![("b", texts(&["y", "x"])), ("a", narrow)]),
            batch(vec![("a", integers(&[2])), ("b", texts(&["y"]))]),
        ];
        assert_eq!(difference(&ours, &theirs), None);
        assert_eq!(difference(&[], &[]), None);
    }

    #[test]
    fn the_first_difference_is_named() {
        let check = |ours: &[RecordBatch], theirs: &[RecordBatch], expected: &str| {
            let text = difference(ours, theirs).unwrap_or_default();
            assert!(text.contains(expected), "{text} should contain {expected}");
        };
        let of = |a: &[i64], b: &[&str]| [batch(vec![("a", integers(a)), ("b", texts(b))])];
        check(
            &of(&[1, 2], &["x", "y"]),
            &of(&[1, 2], &["x", "z"]),
            "column \"b\": \"y\" instead of \"z\"",
        );
        check(&of(&[1, 1], &["x", "x"]), &of(&[1], &["x"]), "2 rows instead of 1");
        check(&of(&[1], &["x"]), &of(&[1, 3], &["x", "q"]), "is missing: a=3");
        check(
            &[batch(vec![("a", integers(&[1]))])],
            &of(&[1], &["x"]),
            "columns are missing: \"b\"",
        );
        check(&of(&[1], &["x"]), &[batch(vec![("a", integers(&[1]))])], "not expected: \"b\"");
    }
}
