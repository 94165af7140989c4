//! What can be wrong with a project, and what the error says of it.

use super::lake;
use super::shop::Shop;
use std::fs;

/// What one test does to a project that was built before.
pub type Harm = fn(&Shop);

/// Harms, and what the error names: the file, the place, the rule.
pub const HARMS: &[(Harm, &[&str])] = &[
    // Sources.
    (
        |s| fs::remove_file(s.path("in/items.csv")).unwrap(),
        &["source \"items\": no such file", "in/items.csv.zst"],
    ),
    (|s| s.write("in/items.csv", b""), &["in/items.csv: is empty"]),
    (
        |s| s.write("in/items.csv", b"order_id;price\n"),
        &["in/items.csv:1: header lacks column \"order_id\""],
    ),
    (
        |s| s.write("in/items.csv", b"order_id,price\n1,2\n3\n"),
        &["in/items.csv:3: row has 1 fields", "column \"price\"", "models/bronze/items.sql"],
    ),
    (
        |s| s.write("in/items.csv", b"order_id,price\n1,\xff\n"),
        &["in/items.csv:2: column \"price\" is not UTF-8"],
    ),
    (
        |s| s.write("in/items.csv", b"order_id,price\n1,\"2\n"),
        &["in/items.csv:2: column \"price\" opens a quote"],
    ),
    (
        |s| {
            fs::remove_file(s.path("in/items.csv")).unwrap();
            let text = "order_id,price\n".to_owned() + &"1,2.00\n".repeat(100_000);
            let whole = zstd::encode_all(text.as_bytes(), 3).unwrap();
            s.write("in/items.csv.zst", &whole[..whole.len() - 8]);
        },
        &["in/items.csv.zst: is not a whole zstd stream"],
    ),
    (|s| s.write("in/visits.parquet", b""), &["in/visits.parquet: is not a whole Parquet file"]),
    (
        |s| {
            let whole = lake::parquet_of(&[5, 6, 7]);
            s.write("in/visits.parquet", &whole[..whole.len() / 2]);
        },
        &["in/visits.parquet: is not a whole Parquet file"],
    ),
    (
        |s| {
            // The footer is whole, a page is not.
            let mut bytes = lake::parquet_of(&(0..5000).collect::<Vec<_>>());
            bytes[8..400].fill(0xff);
            s.write("in/visits.parquet", &bytes);
        },
        &[
            "models/bronze/visits.sql: its source cannot be read",
            "in/visits.parquet: is not a whole Parquet file",
        ],
    ),
    // Values.
    (
        |s| s.edit("in/items.csv", "7.00", "abc"),
        &["models/silver/items.sql:3:8: ", "price is \"abc\" in a row", "Decimal128(12, 2)"],
    ),
    (
        |s| s.edit("in/orders.csv", "2024-02-29", "2023-02-29"),
        &["models/silver/orders.sql:1:", "day is \"2023-02-29\"", "Date32"],
    ),
    // The project's file.
    (
        |s| fs::remove_file(s.path("lakefront.yaml")).unwrap(),
        &["lakefront.yaml: a project has a readable file"],
    ),
    (|s| s.write("lakefront.yaml", b""), &["lakefront.yaml"]),
    (|s| s.edit("lakefront.yaml", "format: parquet", "format: orc"), &["lakefront.yaml:6:", "orc"]),
    (
        |s| s.edit("lakefront.yaml", "sources:", "source:"),
        &["lakefront.yaml:3:1: unknown field `source`"],
    ),
    (
        |s| s.edit("lakefront.yaml", "in/items.csv", "'${LAKEFRONT_NOT_SET}/items.csv'"),
        &["variable \"LAKEFRONT_NOT_SET\"", "not set"],
    ),
    // Models.
    (
        |s| s.write("models/gold/sales.sql", b""),
        &["models/gold/sales.sql: a model is one query", "nothing"],
    ),
    (|s| s.write("models/gold/sales.sql", b"selec 1"), &["models/gold/sales.sql:1:1: not SQL"]),
    (
        |s| s.write("models/gold/sales.sql", b"\xff\xfe"),
        &["models/gold/sales.sql:1:1: cannot be read: "],
    ),
    (|s| s.write("models/gold/Sales.sql", b"select 1"), &["models/gold/Sales.sql: name \"Sales\""]),
    (|s| s.edit("models/gold/sales.sql", "o.day", "o.dya"), &["models/gold/sales.sql:4:", "dya"]),
    (
        |s| s.edit("models/gold/sales.sql", "silver.items", "silver.itmes"),
        &[
            "models/gold/sales.sql:5:11: silver.itmes is not defined, there are: silver.items, silver.orders",
        ],
    ),
    (
        |s| s.edit("models/bronze/items.sql", "source.items", "source.itmes"),
        &["models/bronze/items.sql:1:15: source.itmes is not defined", "source.items"],
    ),
    (
        |s| s.edit("models/gold/sales.sql", "silver.items", "bronze.items"),
        &["gold reads silver and gold only"],
    ),
    (
        |s| s.edit("models/gold/sales.sql", "sort_by: [day", "sort_by: [dya"),
        &[
            "models/gold/sales.sql:2:11: sort_by names column \"dya\", the query gives: ",
            "id, day, note, price",
        ],
    ),
    (
        |s| s.edit("models/gold/sales.sql", "i.price", "i.price, o.id"),
        &["models/gold/sales.sql", "id"],
    ),
    (
        |s| s.edit("models/gold/sales.sql", "i.price", "i.price, null as nothing"),
        &["column \"nothing\" is null in every row"],
    ),
    (
        |s| s.edit("models/gold/sales.sql", "i.price", "i.price, i.price + 1"),
        &["cannot be a column's name"],
    ),
    (
        |s| {
            s.write("models/silver/a.sql", b"select * from silver.b");
            s.write("models/silver/b.sql", b"select *\nfrom silver.c");
            s.write("models/silver/c.sql", b"select * from silver.b");
        },
        &[
            "models/silver/b.sql:2:6: models read each other in a circle: silver.b -> silver.c -> silver.b",
        ],
    ),
    (
        |s| s.write("models/gold/self.sql", b"select * from gold.self"),
        &["circle: gold.self -> gold.self"],
    ),
    // The catalog.
    (|s| fs::remove_file(s.path("catalog.yaml")).unwrap(), &["catalog.yaml: "]),
    (|s| s.edit("catalog.yaml", "kind: kpi", "kind: pie"), &["catalog.yaml: ", "pie", "line 18"]),
    (
        |s| s.edit("catalog.yaml", "gold/sales", "gold/sale"),
        &["catalog.yaml: tables.sales: location \"gold/sale\" is no table", "gold/sales"],
    ),
    (
        |s| {
            let way = "window_funnel(interval '1 month', day, id = 1) as steps";
            s.write("models/gold/way.sql", format!("select {way} from silver.orders").as_bytes());
        },
        &["models/gold/way.sql", "window_funnel", "months have no fixed length, say it in days"],
    ),
    (
        |s| s.edit("catalog.yaml", "expr: sum(price)", "expr: \"window_funnel(60, day)\""),
        &["catalog.yaml: tables.sales.measures.revenue: ", "window_funnel", "has no condition"],
    ),
    (
        |s| s.edit("catalog.yaml", "expr: sum(price)", "expr: sum(prise)"),
        &["catalog.yaml: tables.sales.measures.revenue: \"sum(prise)\"", "prise"],
    ),
    (
        |s| s.edit("catalog.yaml", "expr: sum(price)", "expr: sum(price"),
        &["tables.sales.measures.revenue"],
    ),
    (
        |s| s.edit("catalog.yaml", "expr: sum(price)", "expr: price"),
        &["tables.sales.measures.revenue", "does not aggregate"],
    ),
    (
        |s| s.edit("catalog.yaml", "expr: sum(price)", "expr: sum(cast(price as double))"),
        &["is Float64, and money is a decimal"],
    ),
    (
        |s| s.edit("catalog.yaml", "column: day", "column: dya"),
        &[
            "tables.sales.dimensions.day: column \"dya\" is not in gold/sales, which has: id, day, note, price",
        ],
    ),
    (
        |s| s.edit("catalog.yaml", "column: day", "column: note"),
        &["tables.sales.dimensions.day: column \"note\" is Utf8", "a date dimension is Date32"],
    ),
    // The lake.
    (
        |s| s.write("lake/silver/items/_delta_log/00000000000000000000.json", b"{\"add\":"),
        &["lake/silver/items: its log cannot be read"],
    ),
];
