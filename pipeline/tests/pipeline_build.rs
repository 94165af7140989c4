//! Builds of whole projects: a small one that is made here, and Olist from the corpus.

#[path = "pipeline_build/lake.rs"]
mod lake;

use lake::{olist_dir, query, versions};
use pipeline::{BuildError, Outcome, Project, Report};
use std::fs;
use std::path::{Path, PathBuf};

/// A shop of three orders, one of them without an item. Models of every layer, both formats.
struct Shop {
    folder: tempfile::TempDir,
}

const SHOP: &[(&str, &str)] = &[
    (
        "lakefront.yaml",
        "name: shop\ncatalog: catalog.yaml\nsources:\n  \
         orders: {path: in/orders.csv, format: csv, columns: [id, day], null_text: ''}\n  \
         items: {path: in/items.csv, format: csv, columns: [order_id, price]}\n  \
         visits: {path: in/visits.parquet, format: parquet}\n",
    ),
    (
        "in/orders.csv",
        "id,day,note\n1,2024-02-28,\"a, \"\"b\"\"\nc\"\n2,2024-02-29,\n3,2024-03-01,x\n",
    ),
    ("in/items.csv", "order_id,price\n1,10.50\n1,0.25\n3,7.00\n"),
    ("models/bronze/orders.sql", "select * from source.orders"),
    ("models/bronze/items.sql", "select * from source.items"),
    ("models/bronze/visits.sql", "select * from source.visits"),
    (
        "models/silver/orders.sql",
        "select cast(id as bigint) as id, cast(day as date) as day, note from bronze.orders",
    ),
    (
        "models/silver/items.sql",
        "select\n  cast(order_id as bigint) as order_id,\n  cast(price as decimal(12, 2)) as price\nfrom bronze.items",
    ),
    (
        "models/gold/sales.sql",
        "-- sort_by: day, id\nselect o.id, o.day, o.note, i.price from silver.orders o\n\
         left join silver.items i on i.order_id = o.id",
    ),
    (
        "catalog.yaml",
        "title: Shop\ncurrency: EUR\nzone: Europe/Berlin\ntables:\n  - name: sales\n    location: gold/sales\n    \
         measures:\n      - {name: revenue, label: Revenue, expr: sum(price), format: money}\n      \
         - {name: aov, label: AOV, expr: 'sum(price) / nullif(count(distinct id), 0)', format: money}\n    \
         dimensions:\n      - {name: day, label: Day, column: day, kind: date}\n      \
         - {name: note, label: Note, column: note}\n\
         dashboards:\n  - name: overview\n    title: Overview\n    time: day\n    panels:\n      \
         - {name: revenue, title: Revenue, measure: revenue, kind: kpi}\n",
    ),
];

impl Shop {
    fn new() -> Shop {
        let shop = Shop { folder: tempfile::tempdir().unwrap() };
        for (path, text) in SHOP {
            shop.write(path, text.as_bytes());
        }
        shop.write("in/visits.parquet", &lake::parquet_of(&[1, 2, 3, 4]));
        shop
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), bytes).unwrap();
    }

    fn edit(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(path)).unwrap();
        assert!(text.contains(from), "{path} has no {from:?}");
        self.write(path, text.replacen(from, to, 1).as_bytes());
    }

    async fn build(&self) -> Result<Report, String> {
        build(self.folder.path()).await
    }

    async fn rows(&self, sql: &str) -> Vec<String> {
        query(&self.path("lake"), sql).await
    }
}

async fn build(folder: &Path) -> Result<Report, String> {
    let project = Project::open(folder).map_err(|error| error.to_string())?;
    pipeline::build(&project, |_| ()).await.map_err(|error: BuildError| error.to_string())
}

fn built(report: &Report) -> Vec<String> {
    let built = report.models.iter().filter(|model| model.outcome == Outcome::Built);
    built.map(|model| model.model.to_string()).collect()
}

#[tokio::test]
async fn a_project_becomes_tables_and_a_catalog() {
    let shop = Shop::new();
    let report = shop.build().await.unwrap();
    let names: Vec<String> =
        report.models.iter().map(|m| format!("{} {}", m.model, m.n_rows)).collect();
    assert_eq!(
        names,
        [
            "bronze.items 3",
            "bronze.orders 3",
            "bronze.visits 4",
            "silver.items 3",
            "silver.orders 3",
            "gold.sales 4"
        ]
    );
    assert_eq!(report.catalog, Some(Outcome::Built));
    assert_eq!(
        shop.rows("select * from gold.sales order by id, price").await,
        [
            "1|2024-02-28|a, \"b\"\nc|0.25",
            "1|2024-02-28|a, \"b\"\nc|10.50",
            "2|2024-02-29||",
            "3|2024-03-01|x|7.00"
        ]
        .map(str::to_owned)
        .into_iter()
        .collect::<Vec<_>>()
    );
    assert_eq!(shop.rows("select sum(visits) from bronze.visits").await, ["10"]);
    let types = "select arrow_typeof(price) from gold.sales limit 1";
    assert_eq!(shop.rows(types).await, ["Decimal128(12, 2)"]);
    let json = fs::read_to_string(shop.path("lake").join(pipeline::CATALOG_PATH)).unwrap();
    let catalog = catalog::Catalog::from_json(&json).unwrap();
    assert_eq!(catalog.title, "Shop");
}

#[tokio::test]
async fn only_what_changed_is_built_again() {
    let shop = Shop::new();
    shop.build().await.unwrap();
    let first = versions(&shop.path("lake"));
    assert!(first.values().all(|version| *version == 0), "{first:?}");

    let report = shop.build().await.unwrap();
    assert_eq!(built(&report), [""; 0]);
    assert_eq!(report.catalog, Some(Outcome::Unchanged));
    assert_eq!(versions(&shop.path("lake")), first);
    let n_rows: Vec<u64> = report.models.iter().map(|model| model.n_rows).collect();
    assert_eq!(n_rows, [3, 3, 4, 3, 3, 4], "known without building");

    shop.edit("in/items.csv", "7.00", "8.00");
    let report = shop.build().await.unwrap();
    assert_eq!(built(&report), ["bronze.items", "silver.items", "gold.sales"]);
    assert_eq!(shop.rows("select sum(price) from gold.sales").await, ["18.75"]);

    shop.edit(
        "models/gold/sales.sql",
        "-- sort_by: day, id",
        "-- sort_by: id\n-- partition_by: day",
    );
    assert_eq!(built(&shop.build().await.unwrap()), ["gold.sales"]);
    assert_eq!(shop.rows("select sum(price), count(*) from gold.sales").await, ["18.75|4"]);

    shop.edit("models/silver/items.sql", "from bronze.items", ", 1 as n from bronze.items");
    assert_eq!(built(&shop.build().await.unwrap()), ["silver.items", "gold.sales"]);

    shop.edit("lakefront.yaml", "null_text: ''", "null_text: x");
    let rebuilt = ["bronze.orders", "silver.orders", "gold.sales"];
    assert_eq!(built(&shop.build().await.unwrap()), rebuilt);

    shop.edit("catalog.yaml", "title: Shop", "title: Store");
    let report = shop.build().await.unwrap();
    assert_eq!((built(&report).len(), report.catalog), (0, Some(Outcome::Built)));
}

#[tokio::test]
async fn a_compressed_source_is_found_beside_its_plain_name() {
    let shop = Shop::new();
    shop.build().await.unwrap();
    let text = fs::read(shop.path("in/items.csv")).unwrap();
    fs::remove_file(shop.path("in/items.csv")).unwrap();
    shop.write("in/items.csv.zst", &zstd::encode_all(&text[..], 3).unwrap());
    shop.build().await.unwrap();
    assert_eq!(shop.rows("select sum(price) from gold.sales").await, ["17.75"]);
}

#[tokio::test]
async fn an_empty_table_is_a_table() {
    let shop = Shop::new();
    shop.write("in/items.csv", b"order_id,price\n");
    shop.build().await.unwrap();
    assert_eq!(shop.rows("select count(*), count(price) from gold.sales").await, ["3|0"]);
    assert_eq!(shop.rows("select count(*) from silver.items").await, ["0"]);
    assert_eq!(built(&shop.build().await.unwrap()), [""; 0]);
}

/// What one test does to a project that was built before.
type Harm = fn(&Shop);

/// Harms, and what the error names: the file, the place, the rule.
const HARMS: &[(Harm, &[&str])] = &[
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
        |s| s.edit("lakefront.yaml", "in/items", "${LAKEFRONT_NOT_SET}/items"),
        &["variable \"LAKEFRONT_NOT_SET\"", "not set"],
    ),
    // Models.
    (
        |s| s.write("models/gold/sales.sql", b""),
        &["models/gold/sales.sql: a model is one query", "nothing"],
    ),
    (|s| s.write("models/gold/sales.sql", b"selec 1"), &["models/gold/sales.sql:1:1: not SQL"]),
    (|s| s.write("models/gold/sales.sql", b"\xff\xfe"), &["models/gold/sales.sql: cannot be read"]),
    (|s| s.write("models/gold/Sales.sql", b"select 1"), &["models/gold/Sales.sql: name \"Sales\""]),
    (|s| s.edit("models/gold/sales.sql", "o.day", "o.dya"), &["models/gold/sales.sql:2:", "dya"]),
    (
        |s| s.edit("models/gold/sales.sql", "silver.items", "silver.itmes"),
        &[
            "models/gold/sales.sql:3:11: silver.itmes is not defined, there are: silver.items, silver.orders",
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
        |s| s.edit("models/gold/sales.sql", "sort_by: day", "sort_by: dya"),
        &["models/gold/sales.sql: sort_by names column \"dya\"", "id, day, note, price"],
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
    (|s| s.edit("catalog.yaml", "kind: kpi", "kind: pie"), &["catalog.yaml: ", "pie", "line 16"]),
    (
        |s| s.edit("catalog.yaml", "gold/sales", "gold/sale"),
        &["catalog.yaml: tables.sales: location \"gold/sale\" is no table", "gold/sales"],
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
        &["tables.sales.measures.revenue", "no aggregate"],
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

#[tokio::test]
async fn bad_input_is_named_and_what_was_written_stays() {
    for (idx, (harm, expected)) in HARMS.iter().enumerate() {
        let shop = Shop::new();
        shop.build().await.unwrap();
        let catalog = fs::read(shop.path("lake/_lakefront/catalog.json")).unwrap();
        harm(&shop);
        let error = shop.build().await.unwrap_err();
        for part in *expected {
            assert!(error.contains(part), "harm {idx}: {error:?} should contain {part:?}");
        }
        assert_eq!(
            shop.rows("select sum(price), count(*) from gold.sales").await,
            ["17.75|4"],
            "{error}"
        );
        assert_eq!(
            fs::read(shop.path("lake/_lakefront/catalog.json")).unwrap(),
            catalog,
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_build_goes_on_after_the_harm_is_mended() {
    let shop = Shop::new();
    shop.edit("in/items.csv", "7.00", "abc");
    shop.build().await.unwrap_err();
    shop.edit("in/items.csv", "abc", "7.00");
    shop.build().await.unwrap();
    assert_eq!(shop.rows("select sum(price), count(*) from gold.sales").await, ["17.75|4"]);
}

#[tokio::test]
async fn every_olist_number_equals_plain_sql_over_the_files() {
    let Some(olist_dir) = olist_dir() else { return };
    let folder = tempfile::tempdir().unwrap();
    lake::copy_project(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/olist"),
        folder.path(),
    );
    let open = || {
        let project = Project::open(folder.path()).unwrap();
        project.with_variable("OLIST_DIR", olist_dir.to_str().unwrap())
    };
    let report = pipeline::build(&open(), |_| ()).await.unwrap();
    assert_eq!(
        report.models.iter().filter(|model| model.model.layer == pipeline::Layer::Bronze).count(),
        9
    );
    let before = versions(&folder.path().join("lake"));

    let lake_dir = folder.path().join("lake");
    let raw_dir = tempfile::tempdir().unwrap();
    let raw = lake::plain_csv(&olist_dir, raw_dir.path()).await;
    let check = async |gold: &str, plain: &str, expected: &[&str]| {
        assert_eq!(query(&lake_dir, gold).await, expected, "{gold}");
        assert_eq!(lake::rows_of(&raw, plain).await, expected, "{plain}");
    };
    check(
        "select sum(price), sum(freight), count(product_id), count(distinct order_id) from gold.sales",
        "select sum(cast(price as decimal(12, 2))), sum(cast(freight_value as decimal(12, 2))), count(*), \
         (select count(*) from orders) from order_items",
        &["13591643.70|2251909.54|112650|99441"],
    )
    .await;
    check(
        "select sum(value), count(*) from gold.payments",
        "select sum(cast(payment_value as decimal(12, 2))), count(*) from order_payments",
        &["16008872.12|103886"],
    )
    .await;
    check(
        "select status, count(distinct order_id) as n from gold.sales group by status order by n desc limit 3",
        "select order_status, count(*) as n from orders group by order_status order by n desc limit 3",
        &["delivered|96478", "shipped|1107", "canceled|625"],
    )
    .await;
    check(
        "select score, count(*) from gold.reviews group by score order by score",
        "select review_score, count(*) from order_reviews group by review_score order by review_score",
        &["1|11424", "2|3151", "3|8179", "4|19142", "5|57328"],
    )
    .await;
    check(
        "select min(order_date), max(order_date), count(distinct order_date) from gold.sales",
        "select min(d), max(d), count(distinct d) from (select substr(order_purchase_timestamp, 1, 10) as d from orders)",
        &["2016-09-04|2018-10-17|634"],
    )
    .await;
    let labels = "select count(distinct product), count(distinct product_id) from gold.sales";
    assert_eq!(query(&lake_dir, labels).await, ["32951|32951"]);
    let sorted = "select count(*) from (select order_date < lag(order_date) over () as back from gold.sales) where back";
    assert_eq!(query(&lake_dir, sorted).await, ["0"]);

    let report = pipeline::build(&open(), |_| ()).await.unwrap();
    assert_eq!(built(&report), [""; 0]);
    assert_eq!(versions(&lake_dir), before);
}
