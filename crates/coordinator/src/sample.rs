//! A small catalog for the tests of this crate.

use catalog::Catalog;

const JSON: &str = r#"{
    "title": "Shop", "currency": "EUR", "zone": "Europe/Berlin",
    "tables": [{ "name": "sales", "location": "gold/sales",
        "measures": [
            { "name": "revenue", "label": "Revenue", "expr": "sum(price)", "format": "money" },
            { "name": "orders", "label": "Orders", "expr": "count(distinct order_id)" }
        ],
        "dimensions": [
            { "name": "day", "label": "Day", "column": "order_date", "kind": "date" },
            { "name": "status", "label": "Status", "column": "status" },
            { "name": "from", "label": "From", "column": "city" },
            { "name": "product", "label": "Product", "column": "product" }
        ] }],
    "dashboards": [
        { "name": "overview", "title": "Overview", "time": "day",
          "panels": [
            { "name": "revenue", "title": "Revenue", "measure": "revenue", "kind": "kpi" },
            { "name": "orders", "title": "Orders", "measure": "orders", "kind": "kpi" },
            { "name": "by_day", "title": "GMV", "measure": "revenue", "kind": "line" },
            { "name": "by_product", "title": "Products", "measure": "revenue", "kind": "bar", "by": "product", "limit": 5 },
            { "name": "by_status", "title": "Status", "measure": "orders", "kind": "donut", "by": "status" }
          ] },
        { "name": "second", "title": "Second", "time": "day", "default_range": "last7_days",
          "panels": [
            { "name": "orders", "title": "Orders", "measure": "orders", "kind": "kpi" }
          ] }
    ]
}"#;

pub(crate) fn catalog() -> Catalog {
    Catalog::from_json(JSON).unwrap()
}

/// Several tables, some linked and some alone; `season` is a text in one and a day in another.
const MARKET: &str = r#"{
    "title": "Market", "currency": "EUR", "zone": "UTC",
    "tables": [
        { "name": "sales", "location": "gold/sales",
          "measures": [{ "name": "revenue", "label": "Revenue", "expr": "sum(price)", "additivity": "sum" }],
          "dimensions": [
            { "name": "day", "label": "Day", "column": "day", "kind": "date" },
            { "name": "product", "label": "Product", "column": "product" }],
          "links": [{ "name": "order", "column": "order_id" }] },
        { "name": "payments", "location": "gold/payments",
          "measures": [{ "name": "paid", "label": "Paid", "expr": "sum(amount)", "additivity": "sum" }],
          "dimensions": [
            { "name": "day", "label": "Day", "column": "day", "kind": "date" },
            { "name": "method", "label": "Method", "column": "method" }],
          "links": [{ "name": "order", "column": "for_order" }] },
        { "name": "visits", "location": "gold/visits",
          "measures": [{ "name": "visitors", "label": "Visitors", "expr": "count(*)", "additivity": "sum" }],
          "dimensions": [
            { "name": "day", "label": "Day", "column": "day", "kind": "date" },
            { "name": "channel", "label": "Channel", "column": "channel" }] },
        { "name": "stock", "location": "gold/stock",
          "measures": [{ "name": "units", "label": "Units", "expr": "sum(units)", "additivity": "sum" }],
          "dimensions": [
            { "name": "day", "label": "Day", "column": "day", "kind": "date" },
            { "name": "season", "label": "Season", "column": "season" }] },
        { "name": "plans", "location": "gold/plans",
          "measures": [{ "name": "planned", "label": "Planned", "expr": "sum(units)", "additivity": "sum" }],
          "dimensions": [
            { "name": "day", "label": "Day", "column": "day", "kind": "date" },
            { "name": "season", "label": "Season", "column": "season", "kind": "date" }] }
    ],
    "dashboards": [
        { "name": "all", "title": "All", "time": "day",
          "panels": [
            { "name": "revenue", "title": "Revenue", "measure": "revenue", "kind": "kpi" },
            { "name": "paid", "title": "Paid", "measure": "paid", "kind": "line" },
            { "name": "visitors", "title": "Visitors", "measure": "visitors", "kind": "kpi" },
            { "name": "planned", "title": "Planned", "measure": "planned", "kind": "kpi" },
            { "name": "products", "title": "Products", "measure": "revenue", "kind": "bar", "by": "product" },
            { "name": "methods", "title": "Methods", "measure": "paid", "kind": "donut", "by": "method" },
            { "name": "channels", "title": "Channels", "measure": "visitors", "kind": "donut", "by": "channel" },
            { "name": "seasons", "title": "Seasons", "measure": "units", "kind": "bar", "by": "season" }
          ] },
        { "name": "stock", "title": "Stock", "time": "day",
          "panels": [
            { "name": "units", "title": "Units", "measure": "units", "kind": "kpi" },
            { "name": "visitors", "title": "Visitors", "measure": "visitors", "kind": "line" }
          ] }
    ]
}"#;

pub(crate) fn market() -> Catalog {
    Catalog::from_json(MARKET).unwrap()
}
