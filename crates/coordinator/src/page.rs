//! What the viewer has chosen: a dashboard, a range of days, the values that filter.

use catalog::{Catalog, Memory, Name, RangePreset};
use query::{Date, DateRange, Selection};

/// A part of the page, named by the URL's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Place {
    /// The dashboards.
    #[default]
    Dashboard,
    /// The tables.
    Tables,
}

impl Place {
    /// Its path on the server.
    pub fn path(self) -> &'static str {
        match self {
            Place::Dashboard => "/admin",
            Place::Tables => "/admin/tables",
        }
    }

    /// The place that `path` names: what is not another one is a dashboard.
    pub fn of_path(path: &str) -> Place {
        match path.trim_end_matches('/') {
            "/admin/tables" => Place::Tables,
            _ => Place::Dashboard,
        }
    }
}

/// The state that lives in the URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageState {
    /// The dashboard that is shown; one of the catalog.
    pub dashboard: Name,
    /// The days that are shown.
    pub range: RangeChoice,
    /// The values that filter. It never holds a clause on a date.
    pub selection: Selection,
    /// What the engine may use; what the catalog says when `None`.
    pub memory: Option<Memory>,
}

impl PageState {
    /// What a new visitor of `dashboard` sees; `None` when the catalog lacks it.
    pub fn new(catalog: &Catalog, dashboard: &Name) -> Option<PageState> {
        let dashboard = catalog.dashboard(dashboard)?;
        Some(PageState {
            dashboard: dashboard.name.clone(),
            range: RangeChoice::Preset(dashboard.default_range),
            selection: Selection::default(),
            memory: None,
        })
    }
}

/// How the viewer says which days he wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RangeChoice {
    /// Relative to the last day.
    Preset(RangePreset),
    /// These days.
    Custom(DateRange),
}

impl RangeChoice {
    /// The days that are meant by a viewer of tables that have the days of `extent`, and for whom
    /// `last` is the last day.
    ///
    /// A number of days ends at `last`, and may begin before the first day. All days are those of
    /// `extent`, also those after `last`.
    pub fn days(self, extent: DateRange, last: Date) -> DateRange {
        match self {
            RangeChoice::Custom(range) => range,
            RangeChoice::Preset(preset) => match preset.n_days() {
                Some(n_days) => DateRange { first: last.plus_days(1 - n_days), last },
                None => extent,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: &str, last: &str) -> DateRange {
        DateRange { first: first.parse().unwrap(), last: last.parse().unwrap() }
    }

    #[test]
    fn a_preset_ends_at_the_last_day() {
        let check = |choice: RangeChoice, expected: DateRange| {
            let extent = range("2016-09-04", "9999-12-31");
            assert_eq!(choice.days(extent, "2018-10-17".parse().unwrap()), expected);
        };
        check(RangeChoice::Preset(RangePreset::Last7Days), range("2018-10-11", "2018-10-17"));
        check(RangeChoice::Preset(RangePreset::All), range("2016-09-04", "9999-12-31"));
        check(
            RangeChoice::Custom(range("2020-01-01", "2020-01-02")),
            range("2020-01-01", "2020-01-02"),
        );
    }
}
