//! Which questions a panel asks in a given state of the page.

use catalog::{Additivity, Catalog, DimensionKind, Name, Panel, PanelKind, Reach, Table};
use query::{Clause, Condition, DateRange, Grain, GroupBy, Order, QuerySpec, Selection};

/// A place in a panel that rows are shown in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slot {
    /// What the panel is about: a number, a line, bars, slices.
    Current,
    /// The same number of the period before.
    Previous,
    /// The number over time, for a sparkline.
    Trend,
    /// The measure over all parts together, where it cannot be had by adding them up.
    Whole,
}

impl Slot {
    /// Every slot, the most wanted first.
    pub const EVERY: [Slot; 4] = [Slot::Current, Slot::Previous, Slot::Trend, Slot::Whole];
}

/// The clauses of a selection, as one table takes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reached {
    /// Those that choose among its rows.
    pub(crate) selection: Selection,
    /// The dimensions of the others: it has them not, and no table has them that it is linked to.
    pub(crate) not_filtered_by: Vec<Name>,
}

/// What of `selection` can filter the rows of `table`. A clause that cannot is left out rather than
/// failing the question; the panel says so.
pub(crate) fn reached(catalog: &Catalog, table: &Table, selection: &Selection) -> Reached {
    let fits = |clause: &Clause| {
        let dimension = match catalog.reach(table, &clause.dimension) {
            Some(Reach::Own(own)) => Some(own),
            Some(Reach::Linked { table, .. }) => table.dimension(&clause.dimension),
            None => None,
        };
        let kind = match clause.condition {
            Condition::OneOf(_) => DimensionKind::Category,
            Condition::Within(_) => DimensionKind::Date,
        };
        dimension.is_some_and(|dimension| dimension.kind == kind)
    };
    let (reached, others): (Vec<Clause>, Vec<Clause>) =
        selection.clauses().iter().cloned().partition(fits);
    Reached {
        selection: Selection::of(reached),
        not_filtered_by: others.into_iter().map(|clause| clause.dimension).collect(),
    }
}

/// What a question is asked of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// The dashboard's time dimension.
    pub(crate) time: &'a Name,
    /// The clauses that the panel's table takes.
    pub(crate) selection: &'a Selection,
    /// The days that are shown.
    pub(crate) range: DateRange,
    /// Whether the values of the measure add up.
    pub(crate) additivity: Additivity,
    /// The days of which the panel's table knows everything; `None` when it has no day.
    pub(crate) known: Option<DateRange>,
}

/// What `slot` of `panel` asks.
///
/// `None` when a panel of this kind has no such slot, and for [`Slot::Previous`] when the panel's
/// table does not know all days of both periods: a part of a period is never compared with a whole
/// one.
pub(crate) fn question(panel: &Panel, slot: Slot, scope: Scope<'_>) -> Option<QuerySpec> {
    let Scope { time, selection, range, additivity, known } = scope;
    let by_time =
        || vec![GroupBy { dimension: time.clone(), grain: Some(Grain::for_days(range.n_days())) }];
    let by_value = |by: &Name| vec![GroupBy { dimension: by.clone(), grain: None }];
    let (group_by, order, limit, days) = match (&panel.kind, slot) {
        (PanelKind::Kpi, Slot::Current) => (Vec::new(), Order::Group, None, range),
        (PanelKind::Kpi, Slot::Previous) => {
            let before = range.before();
            let has_both = |days: DateRange| days.first <= before.first && range.last <= days.last;
            if before.n_days() == 0 || !known.is_some_and(has_both) {
                return None;
            }
            (Vec::new(), Order::Group, None, before)
        }
        (PanelKind::Kpi, Slot::Trend) | (PanelKind::Line, Slot::Current) => {
            (by_time(), Order::Group, None, range)
        }
        (PanelKind::Bar { by, limit }, Slot::Current) => {
            (by_value(by), Order::LargestFirst, Some(*limit), range)
        }
        (PanelKind::Donut { by }, Slot::Current) => {
            (by_value(by), Order::LargestFirst, None, range)
        }
        (PanelKind::Donut { .. }, Slot::Whole) if additivity == Additivity::None => {
            (Vec::new(), Order::Group, None, range)
        }
        _ => return None,
    };
    let mut selection = match panel.kind.by() {
        Some(by) => selection.without(by),
        None => selection.clone(),
    };
    selection.set(Clause { dimension: time.clone(), condition: Condition::Within(days) });
    Some(QuerySpec { measures: vec![panel.measure.clone()], group_by, selection, order, limit })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    fn range(first: &str, last: &str) -> DateRange {
        DateRange { first: first.parse().unwrap(), last: last.parse().unwrap() }
    }

    fn selected(dimensions: &[&str]) -> Selection {
        let mut selection = Selection::default();
        for dimension in dimensions {
            selection.toggle(&name(dimension), Some("x".into()));
        }
        selection
    }

    fn ask(kind: PanelKind, slot: Slot, first: &str, last: &str) -> Option<QuerySpec> {
        let panel = Panel { name: name("p"), title: "P".into(), measure: name("revenue"), kind };
        let scope = Scope {
            time: &name("day"),
            selection: &selected(&["status", "product"]),
            range: range(first, last),
            additivity: Additivity::None,
            known: Some(range("2018-01-01", "2018-12-31")),
        };
        question(&panel, slot, scope)
    }

    fn filtered(selection: &Selection) -> Vec<&str> {
        selection.clauses().iter().map(|clause| clause.dimension.as_str()).collect()
    }

    #[test]
    fn a_panel_is_not_filtered_by_its_own_dimension() {
        let check = |kind: PanelKind, expected: &[&str]| {
            let spec = ask(kind, Slot::Current, "2018-03-01", "2018-03-31").unwrap();
            assert_eq!(filtered(&spec.selection), expected);
        };
        check(PanelKind::Kpi, &["day", "product", "status"]);
        check(PanelKind::Line, &["day", "product", "status"]);
        check(PanelKind::Bar { by: name("product"), limit: 10 }, &["day", "status"]);
        check(PanelKind::Donut { by: name("status") }, &["day", "product"]);
    }

    #[test]
    fn a_clause_that_a_table_cannot_have_is_left_out_and_named() {
        let catalog = sample::market();
        let check = |table: &str, clicked: &[&str], kept: &[&str], left_out: &[&str]| {
            let table = catalog.table(&name(table)).unwrap();
            let reached = reached(&catalog, table, &selected(clicked));
            let not_filtered_by: Vec<&str> =
                reached.not_filtered_by.iter().map(Name::as_str).collect();
            assert_eq!(
                (filtered(&reached.selection), not_filtered_by),
                (kept.into(), left_out.into())
            );
        };
        let all = ["channel", "method", "product", "season"];
        check("sales", &all, &["method", "product"], &["channel", "season"]);
        check("payments", &all, &["method", "product"], &["channel", "season"]);
        check("visits", &all, &["channel"], &["method", "product", "season"]);
        check("visits", &[], &[], &[]);
        // Text there, a day here: no value of one is a value of the other.
        check("stock", &["season"], &["season"], &[]);
        check("plans", &["season"], &[], &["season"]);
    }

    #[test]
    fn the_period_before_is_asked_only_when_the_table_has_both() {
        let check = |first: &str, last: &str, expected: Option<DateRange>| {
            let spec = ask(PanelKind::Kpi, Slot::Previous, first, last);
            let days = spec.map(|spec| spec.selection.get(&name("day")).unwrap().condition.clone());
            assert_eq!(days, expected.map(Condition::Within), "{first} to {last}");
        };
        check("2018-02-01", "2018-02-28", Some(range("2018-01-04", "2018-01-31")));
        check("2018-02-01", "2018-03-03", Some(range("2018-01-01", "2018-01-31")));
        check("2018-02-01", "2018-03-04", None);
        check("2018-01-01", "2018-12-31", None);
        check("2018-02-02", "2018-02-01", None);
        // A table that ends earlier than the others has a part of a period at most.
        check("2018-12-01", "2018-12-31", Some(range("2018-10-31", "2018-11-30")));
        check("2018-12-02", "2019-01-01", None);
    }

    #[test]
    fn a_whole_is_asked_where_its_parts_do_not_make_it() {
        let check = |kind: PanelKind, additivity: Additivity, expected: bool| {
            let panel = Panel { name: name("p"), title: "P".into(), measure: name("orders"), kind };
            let selection = &selected(&["status", "product"]);
            let (time, range) = (&name("day"), range("2018-03-01", "2018-03-31"));
            let scope = Scope { time, selection, range, additivity, known: None };
            let whole = question(&panel, Slot::Whole, scope);
            assert_eq!(whole.is_some(), expected);
            let parts = question(&panel, Slot::Current, scope).unwrap();
            if let Some(whole) = whole {
                assert_eq!((whole.group_by.len(), whole.limit), (0, None));
                assert_eq!(whole.selection, parts.selection);
            }
        };
        let donut = || PanelKind::Donut { by: name("status") };
        check(donut(), Additivity::None, true);
        check(donut(), Additivity::Sum, false);
        check(donut(), Additivity::Semi, false);
        check(PanelKind::Kpi, Additivity::None, false);
        check(PanelKind::Bar { by: name("status"), limit: 3 }, Additivity::None, false);
    }

    #[test]
    fn only_a_kpi_has_a_trend() {
        let check = |kind: PanelKind, expected: bool| {
            assert_eq!(ask(kind, Slot::Trend, "2018-03-01", "2018-03-31").is_some(), expected);
        };
        check(PanelKind::Kpi, true);
        check(PanelKind::Line, false);
        check(PanelKind::Bar { by: name("product"), limit: 10 }, false);
        check(PanelKind::Donut { by: name("status") }, false);
    }
}
