//! One holder at a time, on a folder and on an object store, with a clock that is set by hand.

use super::*;
use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path as StorePath;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A clock that stands still until it is moved.
#[derive(Clone, Default)]
struct Hand(Arc<AtomicI64>);

impl Hand {
    fn clock(&self) -> Clock {
        let seconds = Arc::clone(&self.0);
        Clock::of(move || DateTime::from_timestamp(seconds.load(Ordering::SeqCst), 0).unwrap())
    }

    fn move_by(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

async fn take(root: &Root, clock: &Clock) -> Result<Lock, LockError> {
    Lock::take(root, "build", clock, Wait::Refuse, |_| ()).await
}

fn refused(outcome: Result<Lock, LockError>) -> String {
    let error = outcome.unwrap_err();
    assert!(matches!(error, LockError::Held { .. }), "{error}");
    error.to_string()
}

/// What every lock keeps.
async fn check(root: &Root) {
    let clock = Hand::default().clock();
    let first = take(root, &clock).await.unwrap();
    first.check().await.unwrap();
    let text = refused(take(root, &clock).await);
    let pid = std::process::id();
    assert!(text.contains(&format!("`build`, process {pid} on ")), "{text}");
    assert!(text.contains(", since 1970-01-01T00:00:00Z; run it again when"), "{text}");
    // The refused attempt took nothing away.
    first.check().await.unwrap();
    first.release().await.unwrap();
    let second = take(root, &clock).await.unwrap();
    refused(take(root, &clock).await);
    second.release().await.unwrap();
    // Of many at once one gets it.
    let attempts = (0..8).map(|_| {
        let (root, clock) = (root.clone(), clock.clone());
        tokio::spawn(async move { take(&root, &clock).await })
    });
    let outcomes = futures::future::join_all(attempts).await;
    let held: Vec<_> = outcomes.into_iter().filter_map(|outcome| outcome.unwrap().ok()).collect();
    assert_eq!(held.len(), 1);
    held[0].check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_at_a_time_holds_a_lake() {
    let folder = tempfile::tempdir().unwrap();
    check(&Root::folder(&folder.path().join("lake")).unwrap()).await;
    check(&Root::memory()).await;
}

#[tokio::test]
async fn the_second_waits_for_the_first() {
    let folder = tempfile::tempdir().unwrap();
    for root in [Root::folder(folder.path()).unwrap(), Root::memory()] {
        let clock = Hand::default().clock();
        let first = take(&root, &clock).await.unwrap();
        let short = Wait::Until(Duration::from_millis(20));
        refused(Lock::take(&root, "build", &clock, short, |_| ()).await);
        let mut whom = None;
        let long = Wait::Until(Duration::from_secs(60));
        let second = Lock::take(&root, "upkeep", &clock, long, |holder| whom = holder.cloned());
        let (second, released) = tokio::join!(second, async {
            // Until the other has looked at least once.
            tokio::task::yield_now().await;
            first.release().await
        });
        released.unwrap();
        second.unwrap().check().await.unwrap();
        assert!(whom.is_none_or(|holder| holder.work == "build"));
    }
}

#[tokio::test]
async fn a_lock_of_a_folder_ends_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let root = Root::folder(folder.path()).unwrap();
    let clock = Clock::system();
    drop(take(&root, &clock).await.unwrap());
    let first = take(&root, &clock).await.unwrap();
    std::fs::remove_dir_all(folder.path().join("_lakefront")).unwrap();
    let error = first.check().await.unwrap_err().to_string();
    assert!(error.contains("no longer held by this process but by another process"), "{error}");
    let _second = take(&root, &clock).await.unwrap();
    let error = first.check().await.unwrap_err().to_string();
    assert!(error.contains("no longer held by this process but by `build`, process"), "{error}");
}

#[tokio::test]
async fn a_lease_that_is_not_renewed_is_taken_over() {
    let (root, hand) = (Root::memory(), Hand::default());
    let clock = hand.clock();
    let first = take(&root, &clock).await.unwrap();
    hand.move_by(59);
    let text = refused(take(&root, &clock).await);
    assert!(text.contains("should it be gone, its hold ends at 1970-01-01T00:01:00Z"), "{text}");
    hand.move_by(1);
    let second = take(&root, &clock).await.unwrap();
    // The first has slept through it all, and finds out before it commits.
    let error = first.check().await.unwrap_err();
    assert!(matches!(error, LockError::Lost { holder: Some(_), .. }), "{error}");
    first.release().await.unwrap();
    second.check().await.unwrap();
    refused(take(&root, &clock).await);
}

#[tokio::test]
async fn a_lease_that_is_checked_in_time_goes_on() {
    let (root, hand) = (Root::memory(), Hand::default());
    let clock = hand.clock();
    let first = take(&root, &clock).await.unwrap();
    for _ in 0..5 {
        hand.move_by(40);
        first.check().await.unwrap();
        refused(take(&root, &clock).await);
    }
    // Late, but nobody else came.
    hand.move_by(600);
    first.check().await.unwrap();
    refused(take(&root, &clock).await);
}

#[tokio::test]
async fn a_clock_that_is_fast_takes_over_and_nobody_commits_twice() {
    let (root, hand) = (Root::memory(), Hand::default());
    let first = take(&root, &hand.clock()).await.unwrap();
    let fast = Hand::default();
    fast.move_by(61);
    let second = take(&root, &fast.clock()).await.unwrap();
    let error = first.check().await.unwrap_err();
    assert!(matches!(error, LockError::Lost { holder: Some(_), .. }), "{error}");
    second.check().await.unwrap();
}

#[tokio::test]
async fn what_is_no_lease_is_held_by_nobody() {
    let root = Root::memory();
    root.put("_lakefront/lock.json", "half a li".into()).await.unwrap();
    take(&root, &Clock::system()).await.unwrap().check().await.unwrap();
}

#[tokio::test]
async fn a_store_without_conditions_is_refused() {
    for is_create_honoured in [false, true] {
        let root =
            Root::on(Arc::new(Careless { store: InMemory::new(), is_create_honoured })).unwrap();
        let error = take(&root, &Clock::system()).await.unwrap_err();
        assert!(matches!(error, LockError::Unconditional { .. }), "{error}");
    }
}

/// A store that overwrites, whatever the condition.
#[derive(Debug)]
struct Careless {
    store: InMemory,
    is_create_honoured: bool,
}

impl fmt::Display for Careless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("careless")
    }
}

#[async_trait]
impl ObjectStore for Careless {
    async fn put_opts(
        &self,
        path: &StorePath,
        payload: PutPayload,
        mut options: PutOptions,
    ) -> object_store::Result<PutResult> {
        if !(self.is_create_honoured && options.mode == PutMode::Create) {
            options.mode = PutMode::Overwrite;
        }
        self.store.put_opts(path, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        path: &StorePath,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.store.put_multipart_opts(path, options).await
    }

    async fn get_opts(
        &self,
        path: &StorePath,
        options: GetOptions,
    ) -> object_store::Result<GetResult> {
        self.store.get_opts(path, options).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, object_store::Result<StorePath>>,
    ) -> BoxStream<'static, object_store::Result<StorePath>> {
        self.store.delete_stream(paths)
    }

    fn list(
        &self,
        prefix: Option<&StorePath>,
    ) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.store.list(prefix)
    }

    async fn list_with_delimiter(
        &self,
        prefix: Option<&StorePath>,
    ) -> object_store::Result<ListResult> {
        self.store.list_with_delimiter(prefix).await
    }

    async fn copy_opts(
        &self,
        from: &StorePath,
        to: &StorePath,
        options: CopyOptions,
    ) -> object_store::Result<()> {
        self.store.copy_opts(from, to, options).await
    }
}
