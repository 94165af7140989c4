//! The page's state in the URL's query.
//!
//! `range=last30_days` or `from=2018-01-01&to=2018-01-31`; then for each dimension its values, a
//! repeated key for several: `status=delivered&status=shipped`. `status.null` (no value) is the null
//! of a dimension, `from.is=...` a value of a dimension whose name is a parameter of the page, and
//! `dashboard=...` a dashboard that is not the first, `memory=512MB` what the engine may use. All else is percent-encoded UTF-8.

use crate::{PageState, RangeChoice};
use catalog::{Catalog, DimensionKind, Name, RangePreset};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use query::{Clause, Condition, Date, DateRange};

/// What stays as it is: the unreserved characters of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Names of parameters that are not dimensions.
const OWN: [&str; 5] = ["dashboard", "range", "from", "to", "memory"];

/// The name of `preset` in the URL and in test hooks, such as `last30_days`.
pub fn preset_name(preset: RangePreset) -> &'static str {
    match preset {
        RangePreset::Last7Days => "last7_days",
        RangePreset::Last30Days => "last30_days",
        RangePreset::Last90Days => "last90_days",
        RangePreset::Last365Days => "last365_days",
        RangePreset::All => "all",
    }
}

/// `text` as it stands in a query.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// Writes `page` as a query without `?`. The range is always written, so that a link keeps its
/// meaning when the catalog gets another default.
pub fn write(catalog: &Catalog, page: &PageState) -> String {
    let mut pairs: Vec<String> = Vec::new();
    if catalog.dashboards.first().is_none_or(|first| first.name != page.dashboard) {
        pairs.push(format!("dashboard={}", page.dashboard));
    }
    match page.range {
        RangeChoice::Preset(preset) => pairs.push(format!("range={}", preset_name(preset))),
        RangeChoice::Custom(range) => {
            pairs.push(format!("from={}", encode(&range.first.to_string())));
            pairs.push(format!("to={}", encode(&range.last.to_string())));
        }
    }
    if let Some(memory) = page.memory {
        pairs.push(format!("memory={memory}"));
    }
    for clause in page.selection.clauses() {
        let Condition::OneOf(values) = &clause.condition else { continue };
        let name = clause.dimension.as_str();
        let suffix = if OWN.contains(&name) { ".is" } else { "" };
        for value in values {
            pairs.push(match value {
                Some(value) => {
                    format!("{name}{suffix}={}", encode(value))
                }
                None => format!("{name}.null"),
            });
        }
    }
    pairs.join("&")
}

/// Reads a query, with or without its `?`.
///
/// What is not written stays at its default. Second, the names of the parameters that were ignored:
/// unknown ones, and ones whose value is not valid.
///
/// `None` when the catalog has no dashboard at all.
pub fn read(catalog: &Catalog, query: &str) -> Option<(PageState, Vec<String>)> {
    let mut ignored: Vec<String> = Vec::new();
    let pairs: Vec<(String, String)> = query
        .trim_start_matches('?')
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        })
        .collect();
    let last = |key: &str| {
        pairs.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    };

    let first_dashboard = catalog.dashboards.first()?;
    let dashboard = match last("dashboard") {
        None => first_dashboard,
        Some(text) => match catalog.dashboards.iter().find(|d| d.name.as_str() == text) {
            Some(dashboard) => dashboard,
            None => {
                ignored.push("dashboard".to_owned());
                first_dashboard
            }
        },
    };
    let mut page = PageState::new(catalog, &dashboard.name)?;

    if let Some(text) = last("range") {
        match RangePreset::EVERY.into_iter().find(|preset| preset_name(*preset) == text) {
            Some(preset) => page.range = RangeChoice::Preset(preset),
            None => ignored.push("range".to_owned()),
        }
    }
    match (last("from"), last("to")) {
        (None, None) => {}
        (first, last) => match (first.map(str::parse::<Date>), last.map(str::parse::<Date>)) {
            (Some(Ok(first)), Some(Ok(last))) if first <= last => {
                page.range = RangeChoice::Custom(DateRange { first, last });
            }
            _ => ignored.push("from, to".to_owned()),
        },
    }

    if let Some(text) = last("memory") {
        match text.parse() {
            Ok(memory) => page.memory = Some(memory),
            Err(_) => ignored.push("memory".to_owned()),
        }
    }

    for (key, value) in &pairs {
        if OWN.contains(&key.as_str()) {
            continue;
        }
        let (name, value) = match key.split_once('.') {
            Some((name, "null")) => (name, None),
            Some((name, "is")) => (name, Some(value.clone())),
            _ => (key.as_str(), Some(value.clone())),
        };
        match category(catalog, name) {
            Some(dimension) => add(&mut page, dimension, value),
            None if ignored.contains(key) => {}
            None => ignored.push(key.clone()),
        }
    }
    Some((page, ignored))
}

/// The text that `text` is in a query.
pub(crate) fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// The dimension of that name, if its values are text.
fn category(catalog: &Catalog, name: &str) -> Option<Name> {
    let dimensions = || catalog.tables.iter().flat_map(|table| &table.dimensions);
    dimensions()
        .find(|dimension| {
            dimension.name.as_str() == name && dimension.kind == DimensionKind::Category
        })
        .map(|dimension| dimension.name.clone())
}

fn add(page: &mut PageState, dimension: Name, value: Option<String>) {
    let is_there = match page.selection.get(&dimension) {
        Some(Clause { condition: Condition::OneOf(values), .. }) => values.contains(&value),
        _ => false,
    };
    if !is_there {
        page.selection.toggle(&dimension, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use proptest::prelude::*;
    use query::Selection;

    #[test]
    fn a_query_is_read() {
        let catalog = sample::catalog();
        let check = |query: &str, canonical: &str, ignored: &[&str]| {
            let (page, found) = read(&catalog, query).unwrap();
            assert_eq!(write(&catalog, &page), canonical, "{query}");
            assert_eq!(found, ignored, "{query}");
        };
        check("", "range=last90_days", &[]);
        check("?range=last30_days", "range=last30_days", &[]);
        check("from=2018-01-01&to=2018-01-31", "from=2018-01-01&to=2018-01-31", &[]);
        check("status=b&status=a&status=b", "range=last90_days&status=a&status=b", &[]);
        check("status.null&status=", "range=last90_days&status.null&status=", &[]);
        check("product=caf%C3%A9+%26%20co", "range=last90_days&product=caf%C3%A9%20%26%20co", &[]);
        check("from.is=Lima", "range=last90_days&from.is=Lima", &[]);
        check("dashboard=second", "dashboard=second&range=last7_days", &[]);
        check("range=soon", "range=last90_days", &["range"]);
        check("from=2018-01-01", "range=last90_days", &["from, to"]);
        check("from=2018-02-01&to=2018-01-31", "range=last90_days", &["from, to"]);
        check(
            "day=2018-01-01&utm_source=x&utm_source=y",
            "range=last90_days",
            &["day", "utm_source"],
        );
        check("dashboard=third", "range=last90_days", &["dashboard"]);
    }

    fn pages() -> impl Strategy<Value = PageState> {
        let range = prop_oneof![
            proptest::sample::select(RangePreset::EVERY.to_vec()).prop_map(RangeChoice::Preset),
            (any::<i32>(), 0..900i32).prop_map(|(first, more)| {
                let first = Date::from_days(first);
                RangeChoice::Custom(DateRange { first, last: first.plus_days(more) })
            }),
        ];
        let toggles = proptest::collection::vec(
            (
                proptest::sample::select(vec!["status", "product", "from"]),
                proptest::option::of(any::<String>()),
            ),
            0..8,
        );
        (proptest::sample::select(vec!["overview", "second"]), range, toggles).prop_map(
            |(dashboard, range, toggles)| {
                let mut selection = Selection::default();
                for (dimension, value) in toggles {
                    selection.toggle(&Name::new(dimension).unwrap(), value);
                }
                PageState {
                    dashboard: Name::new(dashboard).unwrap(),
                    range,
                    selection,
                    memory: None,
                }
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(page in pages()) {
            let catalog = sample::catalog();
            let query = write(&catalog, &page);
            prop_assert!(query.is_ascii());
            prop_assert_eq!(read(&catalog, &query), Some((page, Vec::new())));
        }

        #[test]
        fn any_text_is_read(query in any::<String>()) {
            prop_assert!(read(&sample::catalog(), &query).is_some());
        }
    }
}
