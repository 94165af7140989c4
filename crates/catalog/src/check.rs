//! The rules of a catalog that its types cannot hold.

use crate::{Catalog, Dashboard, DimensionKind, Name, PanelKind, Table};
use std::collections::HashSet;

/// A rule of the catalog is broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {rule}")]
pub struct CatalogError {
    /// Where: a line and column, or a path such as `dashboards.overview.panels.top_products`.
    pub place: String,
    /// Which rule.
    pub rule: Rule,
}

/// The rules that [`Catalog::check`] knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// The text is not a catalog.
    #[error("not a catalog: {reason}")]
    Json {
        /// What the parser says.
        reason: String,
    },
    /// There is nothing to show.
    #[error("a catalog has at least one {what}")]
    NoneOf {
        /// What is missing: `table` or `dashboard`.
        what: &'static str,
    },
    /// Two things bear one name.
    #[error("{what} {name:?} is named twice")]
    Twice {
        /// What kind of thing.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A name that nothing bears.
    #[error("{what} {name:?} is not defined, there are: {known}")]
    Unknown {
        /// What kind of thing.
        what: &'static str,
        /// The name.
        name: String,
        /// The names that exist, comma-separated.
        known: String,
    },
    /// A time dimension that is none.
    #[error(
        "dimension {name:?} of table {table:?} filters the dashboard's time, so its kind is `date`"
    )]
    NotADate {
        /// The dimension.
        name: String,
        /// The table.
        table: String,
    },
    /// A limit out of bounds.
    #[error("limit {limit} is not within 1..=50")]
    Limit {
        /// The limit.
        limit: u32,
    },
    /// The currency is not a code.
    #[error("currency {text:?} is not three upper-case letters of ISO 4217")]
    Currency {
        /// The text.
        text: String,
    },
}

impl Catalog {
    /// Checks every rule that the types do not hold.
    ///
    /// # Errors
    /// The first broken rule, in the order of the document.
    pub fn check(&self) -> Result<(), CatalogError> {
        if self.currency.len() != 3 || !self.currency.bytes().all(|b| b.is_ascii_uppercase()) {
            return broken("currency", Rule::Currency { text: self.currency.clone() });
        }
        if self.tables.is_empty() {
            return broken("tables", Rule::NoneOf { what: "table" });
        }
        if self.dashboards.is_empty() {
            return broken("dashboards", Rule::NoneOf { what: "dashboard" });
        }
        unique("tables", "table", self.tables.iter().map(|t| &t.name))?;
        unique(
            "tables",
            "measure",
            self.tables.iter().flat_map(|t| t.measures.iter().map(|m| &m.name)),
        )?;
        for table in &self.tables {
            let place = format!("tables.{}", table.name);
            unique(&place, "dimension", table.dimensions.iter().map(|d| &d.name))?;
            // Both name columns of one answer.
            let measures = table.measures.iter().map(|m| &m.name);
            let columns = table.dimensions.iter().map(|d| &d.name).chain(measures);
            unique(&place, "dimension or measure", columns)?;
            unique(&place, "link", table.links.iter().map(|l| &l.name))?;
        }
        unique("dashboards", "dashboard", self.dashboards.iter().map(|d| &d.name))?;
        self.dashboards.iter().try_for_each(|dashboard| self.check_dashboard(dashboard))
    }

    fn check_dashboard(&self, dashboard: &Dashboard) -> Result<(), CatalogError> {
        let place = format!("dashboards.{}", dashboard.name);
        unique(&place, "panel", dashboard.panels.iter().map(|p| &p.name))?;
        for panel in &dashboard.panels {
            let place = format!("{place}.panels.{}", panel.name);
            let Some((table, _)) = self.measure(&panel.measure) else {
                let measures = self.tables.iter().flat_map(|t| t.measures.iter().map(|m| &m.name));
                return broken(&place, unknown("measure", &panel.measure, measures));
            };
            let time = dimension(table, &dashboard.time, &place)?;
            if time.kind != DimensionKind::Date {
                let rule =
                    Rule::NotADate { name: time.name.to_string(), table: table.name.to_string() };
                return broken(&place, rule);
            }
            match &panel.kind {
                PanelKind::Kpi | PanelKind::Line => {}
                PanelKind::Donut { by } => {
                    dimension(table, by, &place)?;
                }
                PanelKind::Bar { by, limit } => {
                    dimension(table, by, &place)?;
                    if !(1..=50).contains(limit) {
                        return broken(&place, Rule::Limit { limit: *limit });
                    }
                }
            }
        }
        Ok(())
    }
}

fn broken<T>(place: &str, rule: Rule) -> Result<T, CatalogError> {
    Err(CatalogError { place: place.to_owned(), rule })
}

fn unknown<'a>(what: &'static str, name: &Name, known: impl Iterator<Item = &'a Name>) -> Rule {
    let known: Vec<&str> = known.map(Name::as_str).collect();
    Rule::Unknown { what, name: name.to_string(), known: known.join(", ") }
}

fn dimension<'t>(
    table: &'t Table,
    name: &Name,
    place: &str,
) -> Result<&'t crate::Dimension, CatalogError> {
    match table.dimension(name) {
        Some(dimension) => Ok(dimension),
        None => broken(
            &format!("{place} (table {})", table.name),
            unknown("dimension", name, table.dimensions.iter().map(|d| &d.name)),
        ),
    }
}

fn unique<'a>(
    place: &str,
    what: &'static str,
    names: impl Iterator<Item = &'a Name>,
) -> Result<(), CatalogError> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return broken(place, Rule::Twice { what, name: name.to_string() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{
        "title": "Shop", "currency": "EUR", "zone": "Europe/Berlin",
        "tables": [{ "name": "sales", "location": "gold/sales",
            "measures": [{ "name": "revenue", "label": "Revenue", "expr": "sum(price)", "format": "money" }],
            "dimensions": [
                { "name": "day", "label": "Day", "column": "order_date", "kind": "date" },
                { "name": "status", "label": "Status", "column": "status" }
            ] }],
        "dashboards": [{ "name": "overview", "title": "Overview", "time": "day",
            "panels": [
                { "name": "by_day", "title": "GMV by day", "measure": "revenue", "kind": "line" },
                { "name": "by_status", "title": "Status", "measure": "revenue", "kind": "bar", "by": "status", "limit": 5 }
            ] }]
    }"#;

    #[test]
    fn a_good_catalog_is_read_and_written_back() {
        let catalog = Catalog::from_json(GOOD).unwrap();
        let json = serde_json::to_string(&catalog).unwrap();
        assert_eq!(Catalog::from_json(&json).unwrap(), catalog);
    }

    #[test]
    fn a_broken_rule_is_named_with_its_place() {
        let check = |from: &str, to: &str, expected: &str| {
            assert!(GOOD.contains(from), "{from}");
            let error = Catalog::from_json(&GOOD.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(expected), "{error} should contain {expected}");
        };
        check("EUR", "euro", "currency: currency \"euro\" is not three");
        check(
            "\"measure\": \"revenue\"",
            "\"measure\": \"gmv\"",
            "panels.by_day: measure \"gmv\" is not defined",
        );
        check(
            "\"by\": \"status\"",
            "\"by\": \"state\"",
            "dimension \"state\" is not defined, there are: day, status",
        );
        check("\"limit\": 5", "\"limit\": 0", "limit 0 is not within");
        check("\"time\": \"day\"", "\"time\": \"status\"", "its kind is `date`");
        check("\"name\": \"by_status\"", "\"name\": \"by_day\"", "panel \"by_day\" is named twice");
        check(
            "\"name\": \"status\"",
            "\"name\": \"revenue\"",
            "tables.sales: dimension or measure \"revenue\" is named twice",
        );
        check("\"title\": \"Shop\"", "\"titel\": \"Shop\"", "line 2");
    }
}
