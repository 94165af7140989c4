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
