//! A small project, made anew for each test.

use super::lake::{self, query};
use pipeline::{BuildError, Project, Report};
use std::fs;
use std::path::{Path, PathBuf};

/// A shop of three orders, one of them without an item. Models of every layer, both formats.
pub struct Shop {
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
        "/*---\nsort_by: [day, id]\n---*/\nselect o.id, o.day, o.note, i.price from silver.orders o\n\
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
    /// The project as it should be, not built.
    pub fn new() -> Shop {
        let shop = Shop { folder: tempfile::tempdir().unwrap() };
        for (path, text) in SHOP {
            shop.write(path, text.as_bytes());
        }
        shop.write("in/visits.parquet", &lake::parquet_of(&[1, 2, 3, 4]));
        shop
    }

    /// A path in the project.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Puts a file into the project.
    pub fn write(&self, path: &str, bytes: &[u8]) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), bytes).unwrap();
    }

    /// Replaces the first `from` in a file.
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(path)).unwrap();
        assert!(text.contains(from), "{path} has no {from:?}");
        self.write(path, text.replacen(from, to, 1).as_bytes());
    }

    /// Builds the project.
    pub async fn build(&self) -> Result<Report, String> {
        build(self.folder.path()).await
    }

    /// The rows of `sql` over the lake.
    pub async fn rows(&self, sql: &str) -> Vec<String> {
        query(&self.path("lake"), sql).await
    }
}

async fn build(folder: &Path) -> Result<Report, String> {
    let project = Project::open(folder).map_err(|error| error.to_string())?;
    pipeline::build(&project, &pipeline::Options::default(), |_| ())
        .await
        .map_err(|error: BuildError| error.to_string())
}
