//! Every byte store keeps the laws: folder, memory, a server, signed URLs, and a cache before each.

use std::sync::Arc;
use store::cached::CachedStore;
use store::clock::PlatformClock;
use store::persistent::{MemoryDisk, PersistentStore, Shelf};
use store::{ByteStore, HttpStore, Location, MemoryStore, PlatformStore, conformance};
use test_support::hostile::Hostile;

async fn check(name: &str, store: Arc<dyn ByteStore>) {
    let breaches = conformance::breaches(store.as_ref()).await;
    assert!(breaches.is_empty(), "{name}: {breaches:#?}");
    let disk = Arc::new(MemoryDisk::default());
    for _ in 0..2 {
        let shelf = Shelf::new(disk.clone(), 1 << 30);
        let clock = Arc::new(PlatformClock::default());
        let kept = PersistentStore::new(Arc::clone(&store), name, shelf, clock);
        let breaches = conformance::breaches(&kept).await;
        assert!(breaches.is_empty(), "{name}, kept: {breaches:#?}");
        let cached = CachedStore::new(Arc::new(kept), 1 << 30);
        let breaches = conformance::breaches(&cached).await;
        assert!(breaches.is_empty(), "{name}, kept and cached: {breaches:#?}");
    }
    for capacity_bytes in [1 << 30, 200_000, 0] {
        let cached = CachedStore::new(Arc::clone(&store), capacity_bytes);
        for _ in 0..2 {
            let breaches = conformance::breaches(&cached).await;
            assert!(breaches.is_empty(), "{name}, cached {capacity_bytes}: {breaches:#?}");
        }
    }
}

fn server() -> std::io::Result<Hostile> {
    let server = Hostile::start()?;
    for (path, bytes) in conformance::files() {
        server.put(&format!("/lake/{path}"), bytes);
    }
    Ok(server)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder() {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in conformance::files() {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let store = PlatformStore::new(folder.path());
    assert!(store.get(&Location::new("../small.json")).await.is_err());
    assert!(store.get(&Location::new("/etc/hostname")).await.is_err());
    check("folder", Arc::new(store)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory() {
    let store = MemoryStore::default();
    for (path, bytes) in conformance::files() {
        store.put(path, bytes);
    }
    check("memory", Arc::new(store)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server() {
    let server = server().unwrap();
    check("server", Arc::new(HttpStore::new(format!("{}/lake/", server.origin())))).await;
    assert!(server.asked().iter().all(|asked| asked.method == "GET"));
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_urls() {
    let server = server().unwrap();
    server.require(Some("X-Amz-Signature=5ca1ab1e"));
    let unsigned = HttpStore::new(format!("{}/lake/", server.origin()));
    assert!(unsigned.get(&Location::new("small.json")).await.is_err());
    let root = format!("{}/lake/?X-Amz-Signature=5ca1ab1e", server.origin());
    check("signed", Arc::new(HttpStore::new(root))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_may_not_be_listed() {
    let server = server().unwrap();
    server.answer_missing_with(403);
    let store = HttpStore::new(format!("{}/lake/", server.origin()));
    let (absent, known) = (Location::new("absent"), Location::new("small.json"));
    let get = store::presence::get_if_present;
    assert_eq!(get(&store, &absent, Some(&known)).await.unwrap(), None);
    assert!(get(&store, &known, None).await.unwrap().is_some());
    assert!(get(&store, &absent, None).await.is_err());
    assert!(get(&store, &absent, Some(&Location::new("absent too"))).await.is_err());
}
