//! Catalogs over tables that somebody else wrote.

use super::*;
use crate::memory::SharedMemory;
use arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, Int32Array, Int64Array, RecordBatch, StringArray,
};
use parquet::arrow::ArrowWriter;
use std::fs::{self, File};
use tempfile::TempDir;

struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Bench {
        Bench { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, path: &str, text: &str) {
        let path = self.folder.path().join("lake").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn parquet(&self, path: &str, columns: Vec<(&str, ArrayRef)>) {
        self.file(path, "");
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let file = File::create(self.folder.path().join("lake").join(path)).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }

    /// A Delta table of a country, by which it is partitioned, a day, a price and a `Count`.
    fn delta(&self) {
        let column = |name: &str, of: &str| {
            format!(
                r#"{{\"name\":\"{name}\",\"type\":\"{of}\",\"nullable\":true,\"metadata\":{{}}}}"#
            )
        };
        let columns = [
            column("country", "string"),
            column("day", "date"),
            column("price", "decimal(10,2)"),
            column("Count", "short"),
        ];
        let schema = format!(r#"{{\"type\":\"struct\",\"fields\":[{}]}}"#, columns.join(","));
        let log = format!(
            r#"{{"protocol":{{"minReaderVersion":1,"minWriterVersion":2}}}}
{{"metaData":{{"id":"0a1b2c3d-0000-4000-8000-000000000000","format":{{"provider":"parquet","options":{{}}}},"schemaString":"{schema}","partitionColumns":["country"],"configuration":{{}}}}}}
"#
        );
        self.file("sales/_delta_log/00000000000000000000.json", &log);
    }

    /// What the catalog of one table at `location` with these dimensions and this measure is compiled to.
    async fn compile(&self, location: &str, by: &str, expr: &str) -> Result<Catalog, String> {
        let text = format!(
            "title: Shop
currency: EUR
zone: UTC
tables:
  - name: sales
    location: {location}
    measures:
      - {{ name: m, label: M, expr: {expr:?} }}
    dimensions:
      - {{ name: day, label: Day, column: day, kind: date }}
      - {{ name: by, label: By, column: {by} }}
dashboards:
  - {{ name: o, title: O, time: day, panels: [] }}
"
        );
        let path = self.folder.path().join("catalog.yaml");
        fs::write(&path, text).unwrap();
        let root = Root::folder(&self.folder.path().join("lake")).unwrap();
        let lake = Lake::new(root, SharedMemory::runtime(1 << 26).unwrap());
        let compiled = compile(&path, &lake, &HashMap::new()).await;
        let json = compiled.map_err(|error| error.to_string())?.json;
        Ok(Catalog::from_json(&json).unwrap())
    }

    async fn check(&self, location: &str, by: &str, expr: &str, refused: Option<&str>) {
        match (self.compile(location, by, expr).await, refused) {
            (Ok(_), None) => {}
            (Err(found), Some(part)) => assert!(found.contains(part), "{found:?}, not {part:?}"),
            (found, _) => panic!("{location} by {by}, {expr}: {found:?}"),
        }
    }
}

#[tokio::test]
async fn text_by_which_a_table_is_partitioned_is_a_category() {
    let bench = Bench::new();
    bench.delta();
    bench.check("sales", "country", "sum(price)", None).await;
    bench.check("sales", "price", "sum(price)", Some("a category dimension is text")).await;
}

#[tokio::test]
async fn what_is_built_is_what_the_engine_shows() {
    let bench = Bench::new();
    bench.delta();
    bench.check("sales", "country", "max(Count)", None).await;
    let measure = "tables.sales.measures.m: ";
    for (expr, reason) in [
        ("max(count)", "Count"),
        ("max(day)", "it is Date32, and a measure is a number"),
        ("bool_and(price > 1)", "Invalid function 'bool_and'"),
        ("sha256(country)", "Invalid function 'sha256'"),
        ("array_agg(price)", "Invalid function 'array_agg'"),
    ] {
        bench.check("sales", "country", expr, Some(measure)).await;
        bench.check("sales", "country", expr, Some(reason)).await;
    }
    let catalog = bench.compile("sales", "country", "sum(price)").await.unwrap();
    let measure = &catalog.tables[0].measures[0];
    assert_eq!(measure.adds_up(), Additivity::Sum);
    assert_eq!(measure.over_no_rows, OverNoRows::Zero);
    let catalog = bench.compile("sales", "country", "avg(price)").await.unwrap();
    let measure = &catalog.tables[0].measures[0];
    assert_eq!(measure.adds_up(), Additivity::None);
    assert_eq!(measure.over_no_rows, OverNoRows::Nothing);
}

#[tokio::test]
async fn a_folder_of_parquet_files_is_a_table_once_there_is_a_list_of_them() {
    let bench = Bench::new();
    let day = || Arc::new(Date32Array::from(vec![19_700])) as ArrayRef;
    let amount = |scale: i8| -> ArrayRef {
        Arc::new(Decimal128Array::from(vec![100]).with_precision_and_scale(12, scale).unwrap())
    };
    let first: Vec<(&str, ArrayRef)> =
        vec![("day", day()), ("Amount", amount(2)), ("n", Arc::new(Int32Array::from(vec![1])))];
    bench.parquet("clicks/shop=DE/1.parquet", first);
    let second: Vec<(&str, ArrayRef)> = vec![
        ("day", day()),
        ("amount", amount(4)),
        ("channel", Arc::new(StringArray::from(vec!["web"]))),
        ("n", Arc::new(Int64Array::from(vec![1]))),
    ];
    bench.parquet("clicks/shop=FR/2.parquet", second);
    let location = "clicks\n    format: parquet";
    bench.check(location, "channel", "count(*)", Some("`lakefront files FOLDER` writes it")).await;
    let list =
        r#"{"files": [{"path": "shop=DE/1.parquet", "size": 1}, {"path": "shop=FR/2.parquet"}]}"#;
    bench.file("clicks/_files.json", list);
    for location in [location, "clicks", "clicks/_files.json\n    format: parquet"] {
        bench.check(location, "channel", "sum(Amount)", None).await;
        bench.check(location, "shop", "sum(n)", None).await;
    }
    bench
        .check("clicks/shop=FR/2.parquet\n    format: parquet", "channel", "sum(amount)", None)
        .await;
    bench.parquet(
        "clicks/3.parquet",
        vec![("day", Arc::new(StringArray::from(vec!["x"])) as ArrayRef)],
    );
    bench.file(
        "clicks/_files.json",
        r#"{"files": [{"path": "shop=DE/1.parquet"}, {"path": "3.parquet"}]}"#,
    );
    let types = "column \"day\" is Utf8 in clicks/3.parquet and Date32 in the files before";
    bench.check(location, "channel", "count(*)", Some(types)).await;
    bench.file("clicks/_files.json", r#"{"files": [{"path": "4.parquet"}]}"#);
    bench.check(location, "channel", "count(*)", Some("clicks/4.parquet is listed in")).await;
}
