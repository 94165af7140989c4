//! A store in memory that fails at one of its calls, or at that one and all that follow.

use async_trait::async_trait;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use object_store::path::Path as StorePath;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Where a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// It does nothing.
    Before,
    /// It does what it should, and the answer is lost. A call that only reads does nothing.
    After,
}

/// How many calls fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The one.
    Once,
    /// It and all that follow: what a killed process leaves.
    ForEver,
    /// The one, with a panic.
    Panics,
    /// None, but right before it somebody else takes the lake over.
    TakenOver,
}

/// The call that fails, counted from 0, and how.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub call: u64,
    pub moment: Moment,
    pub extent: Extent,
}

/// The store. What is counted is each call that reaches a store over the network.
#[derive(Debug, Clone)]
pub struct FailingStore {
    store: Arc<InMemory>,
    calls: Arc<Calls>,
}

#[derive(Debug)]
struct Calls {
    fault: Option<Fault>,
    n_calls: AtomicU64,
    is_hit: AtomicBool,
    /// The commits that there were when the fault was met.
    commits: Mutex<BTreeSet<String>>,
}

/// What somebody else writes who takes the lake over.
const OTHER: &str = r#"{"holder":{"work":"build","pid":1,"host":"other","since":"2024-01-01T00:00:00Z",
    "token":"x"},"until":"2999-01-01T00:00:00Z"}"#;

impl FailingStore {
    /// A store of what is in `store`, which fails at `fault`; without one it only counts.
    pub fn new(store: Arc<InMemory>, fault: Option<Fault>) -> FailingStore {
        let calls = Calls {
            fault,
            n_calls: AtomicU64::new(0),
            is_hit: AtomicBool::new(false),
            commits: Mutex::default(),
        };
        FailingStore { store, calls: Arc::new(calls) }
    }

    /// How many calls there were.
    pub fn n_calls(&self) -> u64 {
        self.calls.n_calls.load(Ordering::SeqCst)
    }

    /// The commits that there were when the fault was met.
    pub fn commits_before(&self) -> BTreeSet<String> {
        self.calls.commits.lock().unwrap().clone()
    }

    /// Whether the fault was met.
    pub fn is_hit(&self) -> bool {
        self.calls.is_hit.load(Ordering::SeqCst)
    }
}

/// The commits of tables that there are.
pub async fn commits(store: &InMemory) -> BTreeSet<String> {
    let files: Vec<_> = store.list(None).collect().await;
    let paths = files.into_iter().map(|file| file.unwrap().location.to_string());
    paths.filter(|path| path.contains("/_delta_log/") && path.ends_with(".json")).collect()
}

impl Calls {
    /// The moment at which the next call fails; `None` when it does not.
    fn next(&self) -> Option<Moment> {
        let call = self.n_calls.fetch_add(1, Ordering::SeqCst);
        let fault = self.fault?;
        let moment = match fault.extent {
            Extent::Once => (call == fault.call).then_some(fault.moment),
            // What follows the end of a process has no effect.
            Extent::ForEver if call > fault.call => Some(Moment::Before),
            _ => (call == fault.call).then_some(fault.moment),
        };
        if moment.is_some() {
            self.is_hit.store(true, Ordering::SeqCst);
        }
        moment
    }

    async fn call<T>(
        &self,
        store: &InMemory,
        effect: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        match self.next() {
            None => effect.await,
            Some(_) if self.fault.is_some_and(|fault| fault.extent == Extent::Panics) => {
                panic!("the store is broken")
            }
            Some(_) if self.fault.is_some_and(|fault| fault.extent == Extent::TakenOver) => {
                store.put(&"lake/_lakefront/lock.json".into(), OTHER.into()).await?;
                let found = commits(store).await;
                *self.commits.lock().unwrap() = found;
                effect.await
            }
            Some(Moment::Before) => Err(failed()),
            Some(Moment::After) => {
                effect.await?;
                Err(failed())
            }
        }
    }
}

fn failed() -> Error {
    Error::Generic { store: "failing", source: "the network is gone".into() }
}

impl fmt::Display for FailingStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failing")
    }
}

#[async_trait]
impl ObjectStore for FailingStore {
    async fn put_opts(
        &self,
        path: &StorePath,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.calls.call(&self.store, self.store.put_opts(path, payload, options)).await
    }

    async fn put_multipart_opts(
        &self,
        path: &StorePath,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let upload =
            self.calls.call(&self.store, self.store.put_multipart_opts(path, options)).await?;
        let (store, calls) = (Arc::clone(&self.store), Arc::clone(&self.calls));
        Ok(Box::new(FailingUpload { upload, store, calls }))
    }

    async fn get_opts(&self, path: &StorePath, options: GetOptions) -> Result<GetResult> {
        self.calls.call(&self.store, self.store.get_opts(path, options)).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<StorePath>>,
    ) -> BoxStream<'static, Result<StorePath>> {
        let this = self.clone();
        let each = paths.then(move |path| {
            let this = this.clone();
            async move {
                let path = path?;
                let one = futures::stream::iter([Ok(path.clone())]).boxed();
                let mut deleted = this.store.delete_stream(one);
                this.calls
                    .call(&this.store, async { deleted.next().await.unwrap_or(Ok(path)) })
                    .await
            }
        });
        each.boxed()
    }

    fn list(&self, prefix: Option<&StorePath>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (this, listed) = (self.clone(), self.store.list(prefix));
        let listed = async move { this.calls.call(&this.store, async { Ok(listed) }).await };
        futures::stream::once(listed).try_flatten().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&StorePath>) -> Result<ListResult> {
        self.calls.call(&self.store, self.store.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(
        &self,
        from: &StorePath,
        to: &StorePath,
        options: CopyOptions,
    ) -> Result<()> {
        self.calls.call(&self.store, self.store.copy_opts(from, to, options)).await
    }
}

#[derive(Debug)]
struct FailingUpload {
    upload: Box<dyn MultipartUpload>,
    store: Arc<InMemory>,
    calls: Arc<Calls>,
}

#[async_trait]
impl MultipartUpload for FailingUpload {
    fn put_part(&mut self, payload: PutPayload) -> UploadPart {
        let (store, calls) = (Arc::clone(&self.store), Arc::clone(&self.calls));
        let part = self.upload.put_part(payload);
        Box::pin(async move { calls.call(&store, part).await })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        self.calls.call(&self.store, self.upload.complete()).await
    }

    async fn abort(&mut self) -> Result<()> {
        self.calls.call(&self.store, self.upload.abort()).await
    }
}
