//! What the viewer has chosen: a dashboard, a range of days, the values that filter.

use catalog::{Catalog, Memory, Name, RangePreset};
use query::{DateRange, Selection};

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
    /// Relative to the last day of the lake.
    Preset(RangePreset),
    /// These days.
    Custom(DateRange),
}

impl RangeChoice {
    /// The days that are meant in a lake that has the days of `extent`.
    ///
    /// A preset ends at the last day of the lake, and may begin before the first one.
    pub fn days(self, extent: DateRange) -> DateRange {
        match self {
            RangeChoice::Custom(range) => range,
            RangeChoice::Preset(preset) => match preset.n_days() {
                Some(n_days) => {
                    DateRange { first: extent.last.plus_days(1 - n_days), last: extent.last }
                }
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
    fn a_preset_ends_where_the_lake_ends() {
        let extent = range("2016-09-04", "2018-10-17");
        let check =
            |choice: RangeChoice, expected: DateRange| assert_eq!(choice.days(extent), expected);
        check(RangeChoice::Preset(RangePreset::Last7Days), range("2018-10-11", "2018-10-17"));
        check(RangeChoice::Preset(RangePreset::All), extent);
        check(
            RangeChoice::Custom(range("2020-01-01", "2020-01-02")),
            range("2020-01-01", "2020-01-02"),
        );
    }
}
