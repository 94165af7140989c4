//! What is looked at, in the URL's query.
//!
//! `table=gold/sales&at=12&view=files&first=50`; `file` is the file whose inside is shown, `before`
//! the page of the history, each `column` one of the preview, and `where`, `is` and `value` its
//! filter. All of them but `table` may be left out.

use super::{TablesState, View};
use crate::url::{decode, encode};
use protocol::{Comparison, Condition};

/// Comparisons with their names in the URL.
const COMPARISONS: [(Comparison, &str); 9] = [
    (Comparison::Equal, "equal"),
    (Comparison::NotEqual, "not_equal"),
    (Comparison::Less, "less"),
    (Comparison::AtMost, "at_most"),
    (Comparison::Greater, "greater"),
    (Comparison::AtLeast, "at_least"),
    (Comparison::Contains, "contains"),
    (Comparison::Null, "null"),
    (Comparison::NotNull, "not_null"),
];

/// Writes `state` as a query without `?`.
pub(crate) fn write(state: &TablesState) -> String {
    let mut pairs = Vec::new();
    let mut put = |name: &str, value: &str| pairs.push(format!("{name}={}", encode(value)));
    if let Some(table) = &state.table {
        put("table", table);
    }
    if let Some(version) = state.version {
        put("at", &version.to_string());
    }
    if state.view != View::default() {
        put("view", state.view.name());
    }
    if let Some(file) = &state.file {
        put("file", file);
    }
    if state.first_file > 0 {
        put("first", &state.first_file.to_string());
    }
    if let Some(before) = state.before {
        put("before", &before.to_string());
    }
    for column in &state.columns {
        put("column", column);
    }
    if let Some(condition) = &state.condition {
        put("where", &condition.column);
        put("is", comparison_name(condition.is));
        if !condition.value.is_empty() {
            put("value", &condition.value);
        }
    }
    pairs.join("&")
}

/// Reads a query, with or without its `?`. Second, the names of the parameters that mean nothing.
pub(crate) fn read(query: &str) -> (TablesState, Vec<String>) {
    let mut state = TablesState::default();
    let mut ignored = Vec::new();
    let (mut column, mut is, mut value) = (None, None, String::new());
    for pair in query.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty()) {
        let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, text) = (decode(name), decode(text));
        let is_read = match name.as_str() {
            "table" => keep(&mut state.table, Some(text).filter(|text| !text.is_empty())),
            "at" => keep(&mut state.version, text.parse().ok()),
            "before" => keep(&mut state.before, text.parse().ok()),
            "file" => keep(&mut state.file, Some(text)),
            "first" => text.parse().map(|first| state.first_file = first).is_ok(),
            "view" => {
                let view = View::EVERY.into_iter().find(|view| view.name() == text);
                view.map(|view| state.view = view).is_some()
            }
            "column" => {
                state.columns.push(text);
                true
            }
            "where" => keep(&mut column, Some(text)),
            "is" => keep(&mut is, comparison_named(&text)),
            "value" => {
                value = text;
                true
            }
            _ => false,
        };
        if !is_read {
            ignored.push(name);
        }
    }
    state.condition = column.zip(is).map(|(column, is)| Condition { column, is, value });
    (state, ignored)
}

fn keep<T>(place: &mut Option<T>, value: Option<T>) -> bool {
    let is_there = value.is_some();
    *place = value;
    is_there
}

fn comparison_name(is: Comparison) -> &'static str {
    COMPARISONS.iter().find(|(comparison, _)| *comparison == is).map_or("equal", |(_, name)| name)
}

fn comparison_named(text: &str) -> Option<Comparison> {
    COMPARISONS.iter().find(|(_, name)| *name == text).map(|(comparison, _)| *comparison)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn links_are_read() {
        let check = |query: &str, expected: &str, ignored: &[&str]| {
            let (state, names) = read(query);
            assert_eq!((write(&state).as_str(), names), (expected, owned(ignored)), "{query}");
        };
        check("", "", &[]);
        check("?table=gold/sales", "table=gold%2Fsales", &[]);
        check(
            "table=gold%2Fsales&at=12&view=files&first=50",
            "table=gold%2Fsales&at=12&view=files&first=50",
            &[],
        );
        check(
            "table=&at=-1&view=all&first=x&more=1",
            "",
            &["table", "at", "view", "first", "more"],
        );
        check(
            "table=t&where=a&is=at_least&value=5%25",
            "table=t&where=a&is=at_least&value=5%25",
            &[],
        );
        check("table=t&where=a&is=like", "table=t", &["is"]);
        check("table=t&view=schema&column=b&column=a", "table=t&column=b&column=a", &[]);
    }

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    proptest! {
        #[test]
        fn a_state_survives_its_link(
            table in "\\PC{1,20}", version in any::<Option<u64>>(), view in 0..6_usize,
            file in proptest::option::of("\\PC{0,20}"), first_file in any::<u64>(),
            before in any::<Option<u64>>(), columns in proptest::collection::vec("\\PC{0,9}", 0..3),
            condition in proptest::option::of(("\\PC{0,9}", 0..9_usize, "\\PC{0,9}")),
        ) {
            let state = TablesState {
                table: Some(table), version, view: View::EVERY[view], file, first_file, before,
                columns,
                condition: condition.map(|(column, is, value)| Condition {
                    column, is: COMPARISONS[is].0, value,
                }),
            };
            prop_assert_eq!(read(&write(&state)), (state, Vec::new()));
        }
    }
}
