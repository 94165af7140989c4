//! Which tables a clause on a dimension can filter. The engine plans by this rule, and the page leaves
//! out of a question what the rule does not allow, so both mean the same.

use crate::{Catalog, Dashboard, Dimension, Measure, Name, Panel, Table};
use std::fmt;

/// How a clause on a dimension chooses among the rows of a table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reach<'c> {
    /// The table has the dimension.
    Own(&'c Dimension),
    /// A table has it that is linked to this one: the rows stay whose link value has a matching row
    /// there.
    Linked {
        /// The table that has the dimension.
        table: &'c Table,
        /// The column of the link in the table that is filtered.
        here: &'c str,
        /// The column of the link in `table`.
        there: &'c str,
    },
}

/// A panel that keeps all of its rows when a mark of another panel of its dashboard is clicked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreached {
    /// The dashboard.
    pub dashboard: Name,
    /// The panel that is not filtered.
    pub panel: Name,
    /// Its table.
    pub table: Name,
    /// The panel that is clicked.
    pub clicked: Name,
    /// The dimension that it filters.
    pub dimension: Name,
}

impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unreached { dashboard, panel, table, clicked, dimension } = self;
        write!(
            f,
            "dashboards.{dashboard}.panels.{panel}: a click on panel {clicked:?} does not filter it, \
             since table {table:?} has no dimension {dimension:?} and no link to a table that has it",
            clicked = clicked.as_str(),
            table = table.as_str(),
            dimension = dimension.as_str()
        )
    }
}

impl Catalog {
    /// How a clause on `dimension` filters `table`: by its own dimension, else by the first table of
    /// the catalog that has the dimension and is linked to it. `None` when it cannot.
    pub fn reach<'c>(&'c self, table: &'c Table, dimension: &Name) -> Option<Reach<'c>> {
        if let Some(own) = table.dimension(dimension) {
            return Some(Reach::Own(own));
        }
        let others = self.tables.iter().filter(|other| other.dimension(dimension).is_some());
        others.flat_map(|other| table.links.iter().map(move |link| (other, link))).find_map(
            |(other, link)| {
                let there = &other.link(&link.name)?.column;
                Some(Reach::Linked { table: other, here: &link.column, there })
            },
        )
    }

    /// Whether a clause on `dimension` can filter the table of that name; see [`Catalog::reach`].
    pub fn can_filter(&self, table: &Name, dimension: &Name) -> bool {
        self.table(table).is_some_and(|table| self.reach(table, dimension).is_some())
    }

    /// Every panel that a click on another panel of its dashboard does not filter, in the order of
    /// the catalog.
    pub fn unreached(&self) -> Vec<Unreached> {
        self.dashboards.iter().flat_map(|dashboard| self.unreached_in(dashboard)).collect()
    }

    fn unreached_in(&self, dashboard: &Dashboard) -> Vec<Unreached> {
        let clickable: Vec<(&Panel, &Name)> =
            dashboard.panels.iter().filter_map(|panel| Some((panel, panel.kind.by()?))).collect();
        let mut unreached = Vec::new();
        for panel in &dashboard.panels {
            let Some((table, _)): Option<(&Table, &Measure)> = self.measure(&panel.measure) else {
                continue;
            };
            for (clicked, dimension) in &clickable {
                if self.reach(table, dimension).is_none() {
                    unreached.push(Unreached {
                        dashboard: dashboard.name.clone(),
                        panel: panel.name.clone(),
                        table: table.name.clone(),
                        clicked: clicked.name.clone(),
                        dimension: (*dimension).clone(),
                    });
                }
            }
        }
        unreached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: &str = r#"{
        "title": "Shop", "currency": "EUR", "zone": "UTC",
        "tables": [
            { "name": "payments", "location": "gold/payments",
              "measures": [{ "name": "paid", "label": "Paid", "expr": "sum(amount)" }],
              "dimensions": [{ "name": "day", "label": "Day", "column": "day", "kind": "date" }],
              "links": [{ "name": "customer", "column": "payer" }, { "name": "order", "column": "for_order" }] },
            { "name": "sales", "location": "gold/sales",
              "measures": [{ "name": "revenue", "label": "Revenue", "expr": "sum(price)" }],
              "dimensions": [
                  { "name": "day", "label": "Day", "column": "day", "kind": "date" },
                  { "name": "product", "label": "Product", "column": "product" }],
              "links": [{ "name": "order", "column": "order_id" }] },
            { "name": "visits", "location": "gold/visits",
              "measures": [{ "name": "visitors", "label": "Visitors", "expr": "count(*)" }],
              "dimensions": [
                  { "name": "day", "label": "Day", "column": "day", "kind": "date" },
                  { "name": "page", "label": "Page", "column": "page" }] }
        ],
        "dashboards": [{ "name": "overview", "title": "Overview", "time": "day", "panels": [
            { "name": "paid", "title": "Paid", "measure": "paid", "kind": "kpi" },
            { "name": "products", "title": "Products", "measure": "revenue", "kind": "bar", "by": "product" },
            { "name": "visitors", "title": "Visitors", "measure": "visitors", "kind": "line" }] }]
    }"#;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    #[test]
    fn a_table_is_filtered_by_its_own_dimensions_and_by_those_of_linked_tables() {
        let catalog = Catalog::from_json(SHOP).unwrap();
        let check = |table: &str, dimension: &str, expected: &str| {
            let its_table = catalog.table(&name(table)).unwrap();
            let reach = match catalog.reach(its_table, &name(dimension)) {
                None => "none".to_owned(),
                Some(Reach::Own(own)) => own.column.clone(),
                Some(Reach::Linked { table, here, there }) => {
                    format!("{here} in {there} of {}", table.name)
                }
            };
            assert_eq!(reach, expected, "{table} by {dimension}");
            let can_filter = catalog.can_filter(&name(table), &name(dimension));
            assert_eq!(can_filter, expected != "none", "{table} by {dimension}");
        };
        check("sales", "product", "product");
        check("payments", "product", "for_order in order_id of sales");
        check("visits", "product", "none");
        check("sales", "page", "none");
        check("visits", "day", "day");
        check("sales", "colour", "none");
        assert!(!catalog.can_filter(&name("stock"), &name("day")));
    }

    #[test]
    fn a_panel_that_a_click_cannot_filter_is_named() {
        let catalog = Catalog::from_json(SHOP).unwrap();
        let found: Vec<String> = catalog.unreached().iter().map(ToString::to_string).collect();
        let expected = "dashboards.overview.panels.visitors: a click on panel \"products\" does not filter it, \
             since table \"visits\" has no dimension \"product\" and no link to a table that has it";
        assert_eq!(found, [expected]);
    }
}
