//! Which questions a panel asks in a given state of the page.

use crate::PageState;
use catalog::{Name, Panel, PanelKind};
use query::{Clause, Condition, DateRange, Grain, GroupBy, Order, QuerySpec};

/// A place in a panel that rows are shown in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slot {
    /// What the panel is about: a number, a line, bars, slices.
    Current,
    /// The same number of the period before.
    Previous,
    /// The number over time, for a sparkline.
    Trend,
}

impl Slot {
    /// Every slot, the most wanted first.
    pub const EVERY: [Slot; 3] = [Slot::Current, Slot::Previous, Slot::Trend];
}

/// What `slot` of `panel` asks for the days of `range` in a lake that has the days of `extent`.
///
/// `time` is the dashboard's time dimension. `None` when a panel of this kind has no such slot, and
/// for [`Slot::Previous`] when the lake does not have all days of the period before: a part of a
/// period is never compared with a whole one.
pub fn question(
    panel: &Panel,
    slot: Slot,
    time: &Name,
    page: &PageState,
    range: DateRange,
    extent: DateRange,
) -> Option<QuerySpec> {
    let by_time =
        || vec![GroupBy { dimension: time.clone(), grain: Some(Grain::for_days(range.n_days())) }];
    let by_value = |by: &Name| vec![GroupBy { dimension: by.clone(), grain: None }];
    let (group_by, order, limit, days) = match (&panel.kind, slot) {
        (PanelKind::Kpi, Slot::Current) => (Vec::new(), Order::Group, None, range),
        (PanelKind::Kpi, Slot::Previous) => {
            let before = range.before();
            let is_covered = before.first >= extent.first && before.n_days() > 0;
            if !is_covered {
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
        _ => return None,
    };
    let mut selection = match &panel.kind {
        PanelKind::Bar { by, .. } | PanelKind::Donut { by } => page.selection.without(by),
        PanelKind::Kpi | PanelKind::Line => page.selection.clone(),
    };
    selection.set(Clause { dimension: time.clone(), condition: Condition::Within(days) });
    Some(QuerySpec { measures: vec![panel.measure.clone()], group_by, selection, order, limit })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RangeChoice;
    use query::Selection;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    fn range(first: &str, last: &str) -> DateRange {
        DateRange { first: first.parse().unwrap(), last: last.parse().unwrap() }
    }

    fn ask(kind: PanelKind, slot: Slot, first: &str, last: &str) -> Option<QuerySpec> {
        let panel = Panel { name: name("p"), title: "P".into(), measure: name("revenue"), kind };
        let mut selection = Selection::default();
        selection.toggle(&name("status"), Some("paid".into()));
        selection.toggle(&name("product"), Some("hat".into()));
        let days = range(first, last);
        let page = PageState {
            dashboard: name("d"),
            range: RangeChoice::Custom(days),
            selection,
            memory: None,
        };
        question(&panel, slot, &name("day"), &page, days, range("2018-01-01", "2018-12-31"))
    }

    fn filtered(spec: &QuerySpec) -> Vec<&str> {
        spec.selection.clauses().iter().map(|clause| clause.dimension.as_str()).collect()
    }

    #[test]
    fn a_panel_is_not_filtered_by_its_own_dimension() {
        let check = |kind: PanelKind, expected: &[&str]| {
            let spec = ask(kind, Slot::Current, "2018-03-01", "2018-03-31").unwrap();
            assert_eq!(filtered(&spec), expected);
        };
        check(PanelKind::Kpi, &["day", "product", "status"]);
        check(PanelKind::Line, &["day", "product", "status"]);
        check(PanelKind::Bar { by: name("product"), limit: 10 }, &["day", "status"]);
        check(PanelKind::Donut { by: name("status") }, &["day", "product"]);
    }

    #[test]
    fn the_period_before_is_asked_only_when_the_lake_has_it() {
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
