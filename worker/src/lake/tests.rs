//! Tables that become others while a lake over them is open, and beside what a browser keeps.

use super::*;
use crate::fixture::{add, batch, metadata, newest, parquet, rows};
use crate::store::clock::PlatformClock;
use crate::store::persistent::{MemoryDisk, Shelf};
use crate::store::{MemoryStore, StoreError};
use bytes::Bytes;
use datafusion::arrow::array::{ArrayRef, Int64Array};
use futures::future::BoxFuture;
use std::ops::Range;

/// A server whose files are replaced under a lake that reads them.
#[derive(Debug, Clone, Default)]
struct Server(Arc<std::sync::Mutex<Arc<MemoryStore>>>);

impl Server {
    /// Puts a table of one commit for each of `values` in the place of all that is there.
    fn make(&self, name: &str, values: &[i64]) {
        let store = MemoryStore::default();
        for (version, value) in values.iter().enumerate() {
            let column: ArrayRef = Arc::new(Int64Array::from(vec![*value]));
            let bytes = parquet(&batch(vec![("n", column)]));
            // Writers that number their files give them the same names in each table.
            let path = format!("{name}{version}.parquet");
            let head = if version == 0 { metadata(&[("n", "long")]) } else { String::new() };
            let commit = head + &add(&path, bytes.len(), *value, "{}");
            store.put(format!("t/_delta_log/{version:020}.json"), commit);
            store.put(format!("t/{path}"), bytes);
        }
        *self.0.lock().unwrap() = Arc::new(store);
    }

    fn files(&self) -> Arc<MemoryStore> {
        Arc::clone(&self.0.lock().unwrap())
    }
}

impl ByteStore for Server {
    fn get(&self, location: &Location) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        self.files().get(location)
    }

    fn get_range(
        &self,
        location: &Location,
        range: Range<u64>,
    ) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        self.files().get_range(location, range)
    }

    fn facts(
        &self,
        location: &Location,
    ) -> BoxFuture<'static, Result<crate::store::FileFacts, StoreError>> {
        self.files().facts(location)
    }
}

fn kept(server: &Server, disk: &Arc<MemoryDisk>) -> (Lake, Shelf) {
    let shelf = Shelf::new(Arc::clone(disk) as _, 1 << 30);
    let clock = Arc::new(PlatformClock::default());
    let kept = PersistentStore::new(Arc::new(server.clone()), "s", shelf.clone(), clock);
    let lake = Lake::new(Arc::new(kept.clone()), DEFAULT_MEMORY_BYTES).unwrap();
    (lake.with_staleness(kept), shelf)
}

async fn sum(lake: &Lake, table: TableAt) -> Result<i64, Failure> {
    let rows = rows(lake, table, Vec::new()).await?;
    Ok(rows.iter().map(|row| row.parse::<i64>().unwrap()).sum())
}

#[tokio::test]
async fn a_table_that_is_another_by_now_is_read_as_it_is() {
    let at = |version: u64| TableAt { location: "t".to_owned(), at: At::Version(version) };
    // Longer, as long, shorter, and with the same first commits.
    for others in [&[100; 6][..], &[100; 3], &[100], &[1, 1, 100, 100, 100], &[1]] {
        for name in ["a", "b"] {
            let (server, disk) = (Server::default(), Arc::new(MemoryDisk::default()));
            server.make("a", &[1, 1, 1]);
            let (lake, shelf) = kept(&server, &disk);
            assert_eq!(sum(&lake, newest("t")).await, Ok(3));
            assert_eq!(sum(&lake, at(0)).await, Ok(1));
            shelf.settle().await;
            server.make(name, others);
            let expected: i64 = others.iter().sum();
            assert_eq!(sum(&lake, newest("t")).await, Ok(expected), "{name} {others:?}");
            assert_eq!(sum(&lake, at(0)).await, Ok(others[0]), "{name} {others:?}");
            shelf.settle().await;
            let (lake, _) = kept(&server, &disk);
            assert_eq!(sum(&lake, newest("t")).await, Ok(expected), "{name} {others:?}");
        }
    }
}

#[tokio::test]
async fn a_lost_file_is_blamed_on_the_table_that_had_it() {
    let server = Server::default();
    server.make("a", &[1, 1, 1]);
    let lake = Lake::new(Arc::new(server.clone()), DEFAULT_MEMORY_BYTES).unwrap();
    let opened = lake.open(Name::new("t").unwrap(), TableKind::Delta, &newest("t")).await.unwrap();
    let lost = |path: &str| {
        let location = Location::new(path);
        DataFusionError::External(Box::new(StoreError::Absent { location }))
    };
    let held = [(Location::new("t"), opened.version.clone())];
    let code = async |path: &str| lake.failure(&lost(path), &held).await.code;
    assert_eq!(code("t/a0.parquet").await, ErrorCode::NotFound);
    // As long as the old one, so only its commits tell.
    server.make("b", &[5, 5, 5]);
    assert_eq!(code("t2/a0.parquet").await, ErrorCode::NotFound);
    assert_eq!(code("t/a0.parquet").await, ErrorCode::VersionGone);
}
