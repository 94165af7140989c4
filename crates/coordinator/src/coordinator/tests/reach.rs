//! Clauses that not every table can have.

use super::bench::{Bench, name};
use super::*;
use query::{Clause, Condition};
use std::collections::BTreeSet;

/// The dimensions by which the rows of each table of [`sample::market`] can be told apart: its own
/// texts, and those of tables that it is linked to.
const FILTERS: [(&str, &[&str]); 5] = [
    ("revenue", &["product", "method"]),
    ("paid", &["product", "method"]),
    ("visitors", &["channel"]),
    ("units", &["season"]),
    ("planned", &[]),
];

fn filters(measure: &Name) -> &'static [&'static str] {
    FILTERS.iter().find(|(name, _)| *name == measure.as_str()).unwrap().1
}

/// Every question that is sent has the clauses of the selection that its table can have, but for the
/// one on what it is grouped by, and no other; what is left out is said on the panel.
fn check(bench: &Bench) {
    let selection = &bench.page.page().unwrap().selection;
    let live = bench.open.iter().filter(|id| !bench.cancelled.contains(id));
    for spec in live.map(|id| &bench.specs[id]) {
        let known = filters(&spec.measures[0]);
        let groups: Vec<&str> = spec.group_by.iter().map(|by| by.dimension.as_str()).collect();
        let is_expected = |clause: &&Clause| {
            let dimension = clause.dimension.as_str();
            known.contains(&dimension) && !groups.contains(&dimension)
        };
        let expected: BTreeSet<&Name> =
            selection.clauses().iter().filter(is_expected).map(|it| &it.dimension).collect();
        let of_values = |clause: &&Clause| matches!(clause.condition, Condition::OneOf(_));
        let found: BTreeSet<&Name> =
            spec.selection.clauses().iter().filter(of_values).map(|it| &it.dimension).collect();
        assert_eq!(found, expected, "{spec:?}");
        for dimension in found {
            assert_eq!(spec.selection.get(dimension), selection.get(dimension));
        }
    }
    let CatalogState::Loaded(catalog) = bench.page.catalog() else { return };
    let dashboard = catalog.dashboard(&bench.page.page().unwrap().dashboard).unwrap();
    for panel in &dashboard.panels {
        let known = filters(&panel.measure);
        let left_out = |clause: &Clause| !known.contains(&clause.dimension.as_str());
        let expected: Vec<Name> = selection
            .clauses()
            .iter()
            .filter(|clause| left_out(clause))
            .map(|clause| clause.dimension.clone())
            .collect();
        let view = bench.page.panel(&panel.name).unwrap();
        assert_eq!(view.not_filtered_by, expected, "{}", panel.name);
    }
}

#[test]
fn a_click_that_a_panel_cannot_follow_is_said_on_it_and_fails_nothing() {
    let mut bench = Bench::of(sample::market(), "");
    bench.answer_all();
    bench.toggle("product", "hat");
    let n_asked = bench.open.len();
    check(&bench);
    bench.answer_all();
    assert!(bench.is_complete());
    let view = |panel: &str| bench.page.panel(&name(panel)).unwrap();
    assert_eq!(view("visitors").not_filtered_by, [name("product")]);
    assert_eq!(view("visitors").freshness, Freshness::Current);
    assert!(view("paid").not_filtered_by.is_empty());
    // Revenue now, before and over time, payments over time and by method; what cannot follow does
    // not ask again.
    assert_eq!(n_asked, 5);
}

#[test]
fn a_selection_goes_along_to_a_dashboard_that_cannot_have_it() {
    let mut bench = Bench::of(sample::market(), "?product=hat&season=spring");
    bench.answer_all();
    bench.emit(Event::DashboardChosen { dashboard: name("stock") });
    check(&bench);
    bench.answer_all();
    assert!(bench.is_complete());
    let view = |panel: &str| bench.page.panel(&name(panel)).unwrap();
    assert_eq!(view("units").not_filtered_by, [name("product")]);
    assert_eq!(view("visitors").not_filtered_by, [name("product"), name("season")]);
    // It is kept for the way back.
    bench.emit(Event::DashboardChosen { dashboard: name("all") });
    assert_eq!(bench.page.page().unwrap().selection.clauses().len(), 2);
}

#[derive(Debug, Clone)]
enum Choice {
    Toggle(&'static str, u8),
    Dashboard(&'static str),
    Url(String),
    Answer(usize),
}

fn choices() -> impl Strategy<Value = Choice> {
    let dimensions = || proptest::sample::select(vec!["product", "method", "channel", "season"]);
    let query = proptest::collection::vec((dimensions(), 0..3u8), 0..4).prop_map(|pairs| {
        let pairs = pairs.iter().map(|(dimension, value)| format!("{dimension}={value}"));
        pairs.collect::<Vec<String>>().join("&")
    });
    prop_oneof![
        4 => (dimensions(), 0..3u8).prop_map(|(dimension, value)| Choice::Toggle(dimension, value)),
        1 => proptest::sample::select(vec!["all", "stock"]).prop_map(Choice::Dashboard),
        1 => query.prop_map(Choice::Url),
        4 => any::<usize>().prop_map(Choice::Answer),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_question_has_a_clause_that_its_table_cannot_have(
        choices in proptest::collection::vec(choices(), 0..30)
    ) {
        let mut bench = Bench::of(sample::market(), "");
        for choice in choices {
            match choice {
                Choice::Toggle(dimension, value) => bench.toggle(dimension, &value.to_string()),
                Choice::Dashboard(dashboard) => {
                    bench.emit(Event::DashboardChosen { dashboard: name(dashboard) });
                }
                Choice::Url(query) => {
                    bench.emit(Event::UrlChanged { place: Place::Dashboard, query });
                }
                Choice::Answer(idx) => bench.answer(idx),
            }
            check(&bench);
        }
        bench.answer_all();
        prop_assert!(bench.is_complete());
    }
}
