//! A lake of Parquet files in a folder, and an engine over it.

use crate::engine::{Engine, Opened};
use crate::lake::{DEFAULT_MEMORY_BYTES, Lake};
use crate::rows::Rows;
use crate::store::PlatformStore;
use catalog::{Catalog, Name};
use datafusion::arrow::array::{ArrayRef, RecordBatch};
use parquet::arrow::ArrowWriter;
use protocol::Failure;
use query::{Grain, GroupBy, Order, QuerySpec, Selection};
use serde_json::{Value, json};
use std::fs::File;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

/// 2024-06-30T12:00:00Z: when every file was made.
const MADE_S: u64 = 1_719_748_800;

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

pub struct Bench {
    folder: TempDir,
    tables: Vec<Value>,
}

impl Bench {
    pub fn new() -> Bench {
        Bench { folder: tempfile::tempdir().unwrap(), tables: Vec::new() }
    }

    /// With a table of these columns; `day` is its time, each other name in `by` a category, and
    /// each of `measures` a name and its expression.
    pub fn table(
        mut self,
        name: &str,
        columns: Vec<(&str, ArrayRef)>,
        by: &[&str],
        measures: &[(&str, &str)],
    ) -> Bench {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let file = format!("{name}.parquet");
        let out = File::create(self.folder.path().join(&file)).unwrap();
        let made = SystemTime::UNIX_EPOCH + Duration::from_secs(MADE_S);
        let mut writer =
            ArrowWriter::try_new(out.try_clone().unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        out.set_modified(made).unwrap();
        let category = |name: &&str| json!({ "name": name, "label": name, "column": name });
        let mut dimensions: Vec<Value> = by.iter().map(category).collect();
        dimensions.push(json!({ "name": "day", "label": "Day", "column": "day", "kind": "date" }));
        let measures: Vec<Value> = measures
            .iter()
            .map(|(name, expr)| json!({ "name": name, "label": name, "expr": expr }))
            .collect();
        self.tables.push(json!({
            "name": name, "location": file, "format": "parquet",
            "measures": measures, "dimensions": dimensions,
        }));
        self
    }

    pub fn open(&self) -> Result<(Engine, Opened), Failure> {
        let catalog = json!({
            "title": "Case", "currency": "EUR", "zone": "UTC", "tables": self.tables,
            "dashboards": [{ "name": "o", "title": "O", "time": "day", "panels": [] }],
        });
        let catalog = Catalog::from_json(&catalog.to_string()).unwrap();
        let store = Arc::new(PlatformStore::new(self.folder.path()));
        let lake = Lake::new(store, DEFAULT_MEMORY_BYTES)?;
        block_on(Engine::open(Arc::new(lake), catalog))
    }

    /// The answer to a measure by a dimension.
    pub fn ask(&self, measure: &str, by: Option<(&str, Option<Grain>)>) -> Result<Rows, Failure> {
        let (engine, _) = self.open()?;
        let spec = QuerySpec {
            measures: vec![Name::new(measure).unwrap()],
            group_by: by
                .into_iter()
                .map(|(name, grain)| GroupBy { dimension: Name::new(name).unwrap(), grain })
                .collect(),
            selection: Selection::default(),
            order: Order::Group,
            limit: None,
        };
        block_on(engine.answer(&spec))
    }
}
