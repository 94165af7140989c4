//! A small project described: from its files, its checked schemas, its tables' logs, and its runs.

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use deltalake::DeltaTable;
use pipeline::{
    Aside, Description, ExposureDescription, Kind, ModelDescription, Options, Project, describe,
};
use std::path::Path;
use std::sync::Arc;

const FILES: &[(&str, &str)] = &[
    (
        "lakefront.yaml",
        "name: shop\ncatalog: catalog.yaml\nvariables: { IN: in }\nschedule: '*/5 * * * *'\nexposures:\n  \
         - { name: the board, kind: report, url: /board, owner: a@shop.example, reads: [gold.sales] }\n\
         sources:\n  \
         orders: { folder: '${IN}', files: '*.csv', format: csv, rescue: _rescued, columns: { id: bigint, day: date, price: 'decimal(12, 2)' } }\n  \
         unread: { path: nowhere.csv, format: csv }\n",
    ),
    ("in/1.csv", "id,day,price\n1,2024-02-28,1.50\n2,2024-02-29,2.00\n"),
    ("models/bronze/orders.sql", "/*---\nmaterialized: append\n---*/\nselect * from source.orders"),
    (
        "models/silver/orders.sql",
        "/*---\ndescription: One row an order.\nowner: b@shop.example\nmaterialized: merge\nkey: [id]\nnewest_by: [day]\n\
         sort_by: [day]\ncolumns:\n  id: { description: The number., expect: [not_null] }\n\
         expectations:\n  - { range: { column: price, min: 0 }, on_failure: quarantine }\n\
         freshness: { column: day, warn_after: 1 day }\n---*/\n\nselect id, day, price from bronze.orders\n",
    ),
    (
        "models/gold/sales.sql",
        "/*---\nmaterialized: view\n---*/\nselect day, sum(price) as price from silver.orders group by day",
    ),
    ("models/gold/orders.sql", "select id, day, price from silver.orders"),
    (
        "catalog.yaml",
        "title: Shop\ncurrency: EUR\nzone: Europe/Berlin\ntables:\n  - name: orders\n    location: gold/orders\n    \
         measures:\n      - {name: revenue, label: Revenue, expr: sum(price), format: money}\n    \
         dimensions:\n      - {name: day, label: Day, column: day, kind: date}\n\
         dashboards:\n  - name: money\n    title: All the money\n    time: day\n    panels:\n      \
         - {name: revenue, title: Revenue, measure: revenue, kind: kpi}\n",
    ),
];

fn project() -> (tempfile::TempDir, Project) {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in FILES {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let project = Project::open(folder.path()).unwrap();
    (folder, project)
}

fn model<'d>(description: &'d Description, name: &str) -> &'d ModelDescription {
    description.models.iter().find(|model| model.name.to_string() == name).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_is_described_before_it_is_built() {
    let (_folder, project) = project();
    let description = describe(&project).await.unwrap();
    let names: Vec<String> =
        description.models.iter().map(|model| model.name.to_string()).collect();
    assert_eq!(names, ["bronze.orders", "silver.orders", "gold.orders", "gold.sales"]);
    assert!(description.models.iter().all(|model| model.table.is_none()));
    assert!(description.runs.is_none());

    let silver = model(&description, "silver.orders");
    assert_eq!(silver.kind, Kind::Merge);
    assert_eq!(silver.reads, ["bronze.orders"]);
    assert_eq!(silver.owner.as_deref(), Some("b@shop.example"));
    assert_eq!(silver.path, "models/silver/orders.sql");
    assert_eq!(silver.sql, "select id, day, price from bronze.orders");
    assert_eq!(silver.layout, [("Sorted by", "day".to_owned())]);
    assert!(
        silver.kept[0].contains("new rows of bronze.orders") && silver.kept[0].contains("by id")
    );
    assert_eq!(
        silver.freshness.as_deref(),
        Some("The newest day may be 1 day old before a build warns.")
    );
    let columns: Vec<(&str, &str, &str)> = silver
        .columns
        .iter()
        .map(|column| (&*column.name, &*column.type_name, &*column.description))
        .collect();
    let expected =
        [("id", "bigint", "The number."), ("day", "date", ""), ("price", "decimal(12, 2)", "")];
    assert_eq!(columns, expected);
    let rules: Vec<(&str, &str)> =
        silver.expectations.iter().map(|rule| (&*rule.rule, rule.on_failure)).collect();
    assert_eq!(rules, [("id is not null", "fail"), ("price is at least 0", "quarantine")]);
    let [aside] = silver.asides.as_slice() else { panic!("{:?}", silver.asides) };
    assert_eq!(
        (aside.name.to_string().as_str(), aside.kind),
        ("silver.orders__quarantine", Aside::Quarantine)
    );
    assert!(aside.columns.iter().any(|column| column.name == "_reason"));

    let [orders, unread] = description.sources.as_slice() else { panic!("two sources") };
    assert_eq!(
        (orders.name.as_str(), orders.kind.as_str()),
        ("source.orders", "folder of csv files")
    );
    assert!(orders.facts.contains(&("Folder", "${IN}".to_owned())), "a variable stays one");
    assert!(orders.columns.iter().any(|column| column.name == "_rescued"));
    assert!(unread.columns.is_empty(), "what no model reads is not opened");

    let measures = &model(&description, "gold.orders").measures;
    assert_eq!((measures.len(), measures[0].expr.as_str()), (1, "sum(price)"));
    let exposures: Vec<(&str, &[String])> = description
        .exposures
        .iter()
        .map(|ExposureDescription { name, reads, .. }| (&**name, &**reads))
        .collect();
    let expected: [(&str, &[String]); 2] =
        [("the board", &["gold.sales".to_owned()]), ("All the money", &["gold.orders".to_owned()])];
    assert_eq!(exposures, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_runs_are_as_the_lake_has_them() {
    let (folder, project) = project();
    pipeline::build(&project, &Options::default(), |_| ()).await.unwrap();
    let runs_dir = folder.path().join("lake/_lakefront/runs");
    // In place of what the build wrote: an older table, with fewer columns.
    std::fs::remove_dir_all(&runs_dir).unwrap();
    write_runs(&runs_dir).await;
    let description = describe(&project).await.unwrap();
    let table = model(&description, "silver.orders").table.clone().unwrap();
    assert_eq!((table.n_rows, table.version), (2, 0));
    assert!(table.size_bytes > 100 && table.committed_at.is_some());
    assert!(model(&description, "gold.sales").table.is_none(), "a view has none");

    let runs = description.runs.unwrap();
    let of: Vec<u64> = runs.of_model("silver.orders").map(|run| run.elapsed_ms.unwrap()).collect();
    assert_eq!(of, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4], "the last ten, the newest first");
    let rule = runs.of_rule("silver.orders", "not_null(id)").unwrap();
    assert_eq!((rule.outcome.as_str(), rule.n_failed), ("failed", Some(3)));
    assert_eq!(rule.example, "", "a column that the table lacks is empty");
    assert!(runs.of_freshness("silver.orders").is_none());
}

/// Fourteen runs of a model, and one expectation.
async fn write_runs(dir: &Path) {
    std::fs::create_dir_all(dir).unwrap();
    let n_rows = 15_i64;
    let is_rule = |row: &i64| *row == 14;
    let text = |of: fn(bool) -> &'static str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values((0..n_rows).map(|row| of(is_rule(&row)))))
    };
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..n_rows));
    let failed: ArrayRef =
        Arc::new(Int64Array::from_iter((0..n_rows).map(|row| is_rule(&row).then_some(3))));
    let moments = TimestampMicrosecondArray::from_iter_values(
        (0..n_rows).map(|row| 1_700_000_000_000_000 + row),
    );
    let batch = RecordBatch::try_from_iter([
        ("kind", text(|is_rule| if is_rule { "expectation" } else { "model" })),
        ("model", text(|_| "silver.orders")),
        ("name", text(|is_rule| if is_rule { "not_null(id)" } else { "" })),
        ("outcome", text(|is_rule| if is_rule { "failed" } else { "built" })),
        ("started_at", Arc::new(moments.with_timezone("UTC")) as ArrayRef),
        ("elapsed_ms", numbers),
        ("n_failed", failed),
    ])
    .unwrap();
    let url = url::Url::from_directory_path(dir).unwrap();
    DeltaTable::try_from_url(url).await.unwrap().write([batch]).await.unwrap();
}
