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

/// A clock that stands still until it is moved, or somebody sleeps by it.
fn stopped() -> Clock {
    Clock::by_hand(DateTime::UNIX_EPOCH)
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
    let clock = stopped();
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
        let clock = stopped();
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
    let (root, clock) = (Root::memory(), stopped());
    let first = take(&root, &clock).await.unwrap();
    clock.advance(Duration::from_secs(59));
    let text = refused(take(&root, &clock).await);
    assert!(text.contains("should it be gone, its hold ends at 1970-01-01T00:01:00Z"), "{text}");
    assert_eq!(clock.elapsed(), Duration::from_secs(59), "nobody waits for a lease in time");
    clock.advance(Duration::from_secs(1));
    // It should have been renewed, so it is watched for as long as it lasts, and nobody renews it.
    let second = take(&root, &clock).await.unwrap();
    assert_eq!(clock.elapsed(), Duration::from_secs(60) + LEASE);
    // The first has slept through it all, and finds out before it commits.
    let error = first.check().await.unwrap_err();
    assert!(matches!(error, LockError::Lost { holder: Some(_), .. }), "{error}");
    first.release().await.unwrap();
    second.check().await.unwrap();
    refused(take(&root, &clock).await);
}

#[tokio::test]
async fn a_lease_that_is_checked_in_time_goes_on() {
    let (root, clock) = (Root::memory(), stopped());
    let first = take(&root, &clock).await.unwrap();
    for _ in 0..5 {
        clock.advance(Duration::from_secs(40));
        first.check().await.unwrap();
        refused(take(&root, &clock).await);
    }
    // Late, but nobody else came.
    clock.advance(Duration::from_secs(600));
    first.check().await.unwrap();
    refused(take(&root, &clock).await);
}

#[tokio::test]
async fn a_clock_that_is_wrong_takes_nothing_over_that_is_renewed() {
    let hours = |n: i64| DateTime::UNIX_EPOCH + chrono::TimeDelta::hours(n);
    for start in [hours(1), hours(-1)] {
        let root = Root::memory();
        let (own, other) = (stopped(), Clock::by_hand(start));
        let first = take(&root, &own).await.unwrap();
        let wait = Wait::Until(Duration::from_secs(300));
        let renewed = async {
            for _ in 0..200 {
                own.advance(Duration::from_secs(1));
                first.check().await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        let taken = Lock::take(&root, "build", &other, wait, |_| ());
        let (taken, ()) = tokio::join!(
            async {
                tokio::select! {
                    taken = taken => Some(taken),
                    () = async { while own.elapsed() < Duration::from_secs(200) { tokio::task::yield_now().await; } } => None,
                }
            },
            renewed
        );
        assert!(taken.is_none(), "{taken:?}");
        first.check().await.unwrap();
        // Nobody renews it: as long as it lasts by the taker's clock, whatever time of day that shows.
        let before = other.elapsed();
        let second = Lock::take(&root, "build", &other, wait, |_| ()).await.unwrap();
        assert_eq!(other.elapsed() - before, LEASE);
        second.check().await.unwrap();
        let error = first.check().await.unwrap_err();
        assert!(matches!(error, LockError::Lost { holder: Some(_), .. }), "{error}");
    }
}

#[tokio::test]
async fn what_is_no_lease_is_not_taken_for_a_free_one() {
    for text in ["half a li", "", "{}", r#"{"holder":{"of":"a later version"},"until":null}"#] {
        let root = Root::memory();
        root.put("_lakefront/lock.json", text.into()).await.unwrap();
        let error = take(&root, &stopped()).await.unwrap_err();
        assert!(matches!(error, LockError::Unreadable { .. }), "{error}");
        let text = error.to_string();
        assert!(
            text.contains("lock.json: is no lease that this version of lakefront reads"),
            "{text}"
        );
        root.delete("_lakefront/lock.json").await.unwrap();
        take(&root, &stopped()).await.unwrap().check().await.unwrap();
    }
}

#[tokio::test]
async fn a_store_without_conditions_is_refused() {
    for is_create_honoured in [false, true] {
        let careless = |store| {
            Root::on(Arc::new(Odd { store, oddity: Oddity::Careless { is_create_honoured } }))
                .unwrap()
        };
        let error = take(&careless(InMemory::new()), &stopped()).await.unwrap_err();
        assert!(matches!(error, LockError::Unconditional { .. }), "{error}");
        // A lake that was copied there with its lease.
        let store = Arc::new(InMemory::new());
        let root = Root::on(store.clone()).unwrap();
        take(&root, &stopped()).await.unwrap().release().await.unwrap();
        let error = take(&careless(store.fork()), &stopped()).await.unwrap_err();
        assert!(matches!(error, LockError::Unconditional { .. }), "{error}");
    }
}

#[tokio::test]
async fn who_still_asks_does_not_hold() {
    let folder = tempfile::tempdir().unwrap();
    for root in [Root::folder(folder.path()).unwrap(), Root::memory()] {
        let first = take(&root, &stopped()).await.unwrap();
        let watch = first.watch();
        watch.check().await.unwrap();
        first.release().await.unwrap();
        let error = watch.check().await.unwrap_err();
        assert!(matches!(error, LockError::Lost { .. }), "{error}");
        let second = take(&root, &stopped()).await.unwrap();
        assert!(watch.check().await.is_err());
        second.check().await.unwrap();
    }
}

/// Queries may keep every worker of a runtime busy for longer than a lease lasts.
#[tokio::test]
async fn a_lease_is_renewed_while_every_worker_is_busy() {
    let (told, renewals) = std::sync::mpsc::channel();
    let store = InMemory::new();
    let root = Root::on(Arc::new(Odd { store, oddity: Oddity::Tells(told) })).unwrap();
    let holder = Holder::this("build", DateTime::UNIX_EPOCH);
    let every = Duration::from_millis(1);
    let held = lease::attempt(&root, holder, &stopped(), &mut Seen::default(), every).await;
    assert!(matches!(held, Ok(Attempt::Held(_))));
    while renewals.try_recv().is_ok() {}
    // This is the runtime's only worker, and it does not come back before the lease was renewed twice.
    for _ in 0..2 {
        renewals.recv_timeout(Duration::from_secs(60)).unwrap();
    }
}

/// A store in memory that is odd in how it takes a put.
#[derive(Debug)]
struct Odd {
    store: InMemory,
    oddity: Oddity,
}

#[derive(Debug)]
enum Oddity {
    /// It overwrites, whatever the condition, but for that of a new object where that is honoured.
    Careless { is_create_honoured: bool },
    /// It tells of each put.
    Tells(std::sync::mpsc::Sender<()>),
}

impl fmt::Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("odd")
    }
}

#[async_trait]
impl ObjectStore for Odd {
    async fn put_opts(
        &self,
        path: &StorePath,
        payload: PutPayload,
        mut options: PutOptions,
    ) -> object_store::Result<PutResult> {
        match &self.oddity {
            Oddity::Careless { is_create_honoured } => {
                if !(*is_create_honoured && options.mode == PutMode::Create) {
                    options.mode = PutMode::Overwrite;
                }
            }
            Oddity::Tells(told) => drop(told.send(())),
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
