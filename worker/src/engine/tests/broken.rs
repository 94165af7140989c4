//! A table that cannot be opened beside good ones, and files that are replaced while they are read.

use crate::engine::Engine;
use crate::fixture::{batch, parquet};
use crate::lake::{DEFAULT_MEMORY_BYTES, Lake};
use crate::store::{ByteStore, FileFacts, Location, MemoryStore, StoreError};
use bytes::Bytes;
use catalog::{Catalog, Name};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, Date32Array, Int64Array};
use datafusion::arrow::datatypes::Int64Type;
use futures::FutureExt;
use futures::future::BoxFuture;
use protocol::{ErrorCode, Failure};
use query::{Order, QuerySpec, Selection};
use serde_json::json;
use std::ops::Range;
use std::sync::Arc;

/// Files that may be replaced; who asks for a part of an earlier content is told so.
#[derive(Debug, Default)]
struct Shelf(MemoryStore);

impl ByteStore for Shelf {
    fn get(&self, location: &Location) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        self.0.get(location)
    }

    fn get_range(
        &self,
        location: &Location,
        range: Range<u64>,
    ) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        let plain = Location::new(location.as_str());
        let (facts, bytes) = (self.0.facts(&plain), self.0.get_range(&plain, range));
        let location = location.clone();
        async move {
            if location.identity() != Some(facts.await?.identity().as_str()) {
                let reason = "its ETag is another one".to_owned();
                return Err(StoreError::Changed { location, reason });
            }
            bytes.await
        }
        .boxed()
    }

    fn facts(&self, location: &Location) -> BoxFuture<'static, Result<FileFacts, StoreError>> {
        self.0.facts(location)
    }
}

fn catalog(names: &[&str]) -> Catalog {
    let table = |name: &&str| {
        json!({
            "name": name, "location": format!("{name}.parquet"), "format": "parquet",
            "measures": [{"name": format!("{name}_sum"), "label": "Sum", "expr": "sum(n)"}],
            "dimensions": [{"name": "day", "label": "Day", "column": "day", "kind": "date"}],
        })
    };
    let catalog = json!({
        "title": "Case", "currency": "EUR", "zone": "UTC",
        "tables": names.iter().map(table).collect::<Vec<_>>(),
        "dashboards": [{ "name": "o", "title": "O", "time": "day", "panels": [] }],
    });
    Catalog::from_json(&catalog.to_string()).unwrap()
}

fn file(values: &[i64]) -> Vec<u8> {
    let days: ArrayRef = Arc::new(Date32Array::from(vec![7; values.len()]));
    let n: ArrayRef = Arc::new(Int64Array::from(values.to_vec()));
    parquet(&batch(vec![("day", days), ("n", n)]))
}

async fn sum(engine: &Engine, table: &str) -> Result<i64, Failure> {
    let spec = QuerySpec {
        measures: vec![Name::new(format!("{table}_sum")).unwrap()],
        group_by: Vec::new(),
        selection: Selection::default(),
        order: Order::Group,
        limit: None,
    };
    let rows = engine.answer(&spec).await?;
    let column = rows.batches[0].column(0);
    assert!(column.is_valid(0));
    let wide =
        datafusion::arrow::compute::cast(column, &datafusion::arrow::datatypes::DataType::Int64);
    Ok(wide.unwrap().as_primitive::<Int64Type>().value(0))
}

#[tokio::test]
async fn a_table_that_cannot_be_opened_takes_nothing_from_the_others() {
    let files = Arc::new(Shelf::default());
    files.0.put("good.parquet", file(&[1, 2]));
    files.0.put("torn.parquet", "no Parquet");
    let lake = || Arc::new(Lake::new(Arc::clone(&files) as _, DEFAULT_MEMORY_BYTES).unwrap());
    let (engine, opened) = Engine::open(lake(), catalog(&["gone", "good", "torn"])).await.unwrap();
    let names: Vec<&str> = opened.tables.iter().map(|table| table.table.as_str()).collect();
    assert_eq!(names, ["good"]);
    assert_eq!(opened.extents.len(), 1);
    assert_eq!(sum(&engine, "good").await, Ok(3));
    let gone = sum(&engine, "gone").await.unwrap_err();
    assert_eq!(gone.code, ErrorCode::NotFound);
    assert_eq!(gone.message, "table gone: gone.parquet is not there");
    let torn = sum(&engine, "torn").await.unwrap_err();
    assert_eq!(torn.code, ErrorCode::MalformedFile);
    assert!(torn.message.starts_with("table torn: torn.parquet is not a Parquet file"), "{torn}");
    // Once it is there, who asks again is answered.
    files.0.put("gone.parquet", file(&[5]));
    assert_eq!(sum(&engine, "gone").await, Ok(5));
    // A lake of none is closed.
    let closed = Engine::open(lake(), catalog(&["torn"])).await.unwrap_err();
    assert_eq!(closed.code, ErrorCode::MalformedFile);
}

#[tokio::test]
async fn a_file_that_was_replaced_is_read_from_its_footer_again() {
    // Longer than what is read with a footer.
    let values = |n_values: i64| -> Vec<i64> {
        (0..n_values)
            .map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64.cast_signed()) >> 20)
            .collect()
    };
    let files = Arc::new(Shelf::default());
    files.0.put("good.parquet", file(&values(30_000)));
    let lake = Lake::new(Arc::clone(&files) as _, DEFAULT_MEMORY_BYTES).unwrap();
    let (engine, _) = Engine::open(Arc::new(lake), catalog(&["good"])).await.unwrap();
    files.0.put("good.parquet", file(&values(31_000)));
    assert_eq!(sum(&engine, "good").await, Ok(values(31_000).iter().sum()));
}
