//! Builds of whole projects: a small one that is made here, and Olist from the corpus.

mod harms;
pub mod lake;
mod shop;

use harms::HARMS;
use lake::{query, versions};
use pipeline::{Outcome, Project, Report};
use shop::Shop;
use std::fs;
use std::path::Path;

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

    shop.edit("models/gold/sales.sql", "sort_by: [day, id]", "sort_by: [id]\npartition_by: [day]");
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
async fn models_and_measures_know_the_ordered_funnel() {
    let shop = Shop::new();
    let way = "window_funnel(interval '1 day', day, id < 3, id = 2)";
    let by_note = format!("select note, {way} as steps from silver.orders group by note");
    shop.write("models/gold/way.sql", by_note.as_bytes());
    let measure = format!("expr: \"{way}\", format: count");
    shop.edit("catalog.yaml", "expr: sum(price), format: money", &measure);
    shop.build().await.unwrap();
    let rows = shop.rows("select * from gold.way order by note nulls last").await;
    assert_eq!(rows, ["a, \"b\"\nc|1", "x|0", "|1"]);
    let whole = format!("select {way} as steps from silver.orders");
    shop.write("models/gold/way.sql", whole.as_bytes());
    shop.build().await.unwrap();
    assert_eq!(shop.rows("select * from gold.way").await, ["2"]);
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

#[tokio::test]
async fn bad_input_is_named_and_what_was_written_stays() {
    let mut unnamed = Vec::new();
    for (idx, (harm, expected)) in HARMS.iter().enumerate() {
        let shop = Shop::new();
        shop.build().await.unwrap();
        let catalog = fs::read(shop.path("lake/_lakefront/catalog.json")).unwrap();
        harm(&shop);
        let error = shop.build().await.unwrap_err();
        let lacks: Vec<_> = expected.iter().filter(|part| !error.contains(**part)).collect();
        if !lacks.is_empty() {
            unnamed.push(format!("harm {idx}: {error:?} should contain {lacks:?}"));
        }
        let sales = shop.rows("select sum(price), count(*) from gold.sales").await;
        assert_eq!(sales, ["17.75|4"], "{error}");
        let after = fs::read(shop.path("lake/_lakefront/catalog.json")).unwrap();
        assert_eq!(after, catalog, "{error}");
    }
    assert!(unnamed.is_empty(), "{}", unnamed.join("\n"));
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
    let Some(olist_dir) = test_support::corpus("olist") else { return };
    let folder = tempfile::tempdir().unwrap();
    lake::copy_project(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/olist"),
        folder.path(),
    );
    let open = || {
        let project = Project::open(folder.path()).unwrap();
        project.with_variable("OLIST_DIR", olist_dir.to_str().unwrap())
    };
    let report = pipeline::build(&open(), &pipeline::Options::default(), |_| ()).await.unwrap();
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
        "select sum(cast(price as decimal(12, 2))), sum(cast(freight_value as decimal(12, 2))), count(*) as n_items, \
         (select count(*) from orders) as n from order_items",
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

    assert_eq!(
        lake::layout(&lake_dir.join("gold/sales")),
        "ZSTD, page index, row groups of 113425"
    );
    assert_eq!(
        lake::layout(&lake_dir.join("bronze/geolocation")),
        "ZSTD, page index, row groups of 131072, 131072, 131072, 131072, 131072, 131072, 131072, 82659"
    );

    let report = pipeline::build(&open(), &pipeline::Options::default(), |_| ()).await.unwrap();
    assert_eq!(built(&report), [""; 0]);
    assert_eq!(versions(&lake_dir), before);
}
