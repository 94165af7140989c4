//! The store of a lake as deltalake gets it: below a URL of our own, listed in order, and asked before each commit.
//!
//! deltalake makes texts of a table's URL that not every path can be a part of, and reads some paths twice: `[`
//! ends in a panic, `%41` names another folder. So it is never told where a lake lies. Its tables are
//! `lake:///LAYER/NAME/`, whose names are plain, over a store that has the lake's own path before them.

use crate::lake::LockWatch;
use async_trait::async_trait;
use deltalake::logstore::{
    LogStore, LogStoreFactory, ObjectStoreFactory, ObjectStoreRef, StorageConfig, default_logstore,
    logstore_factories, object_store_factories,
};
use deltalake::{DeltaResult, DeltaTableError};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path as StorePath;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};
use std::fmt;
use std::sync::{Arc, Once};
use url::Url;

/// The root of every lake's tables.
const ROOT: &str = "lake:///";

/// The URL of the table at `location` (`silver/orders`), with a slash at the end; `None` never, as it is one.
pub(super) fn url(location: &str) -> Option<Url> {
    register();
    let mut url = Url::parse(ROOT).ok()?;
    url.path_segments_mut()
        .ok()?
        .clear()
        .extend(location.split('/').filter(|segment| !segment.is_empty()))
        .push("");
    Some(url)
}

/// Makes deltalake understand these URLs. Its default log store commits by a conditional put, which each store of
/// ours has.
fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if let Ok(url) = Url::parse("lake://") {
            object_store_factories().insert(url.clone(), Arc::new(Factory));
            logstore_factories().insert(url, Arc::new(Factory));
        }
    });
}

struct Factory;

impl ObjectStoreFactory for Factory {
    /// A table is always opened with the store of its lake.
    fn parse_url_opts(
        &self,
        url: &Url,
        _config: &StorageConfig,
    ) -> DeltaResult<(ObjectStoreRef, StorePath)> {
        Err(DeltaTableError::InvalidTableLocation(url.to_string()))
    }
}

impl LogStoreFactory for Factory {
    fn with_options(
        &self,
        prefixed_store: ObjectStoreRef,
        root_store: ObjectStoreRef,
        location: &Url,
        options: &StorageConfig,
    ) -> DeltaResult<Arc<dyn LogStore>> {
        Ok(default_logstore(prefixed_store, root_store, location, options))
    }
}

/// The store of a lake, seen from its root.
#[derive(Debug)]
pub(super) struct TableStore {
    store: Arc<dyn ObjectStore>,
    /// Who must hold the lake for a commit; `None` when the tables are only read.
    watch: Option<LockWatch>,
}

impl TableStore {
    pub(super) fn new(store: Arc<dyn ObjectStore>, watch: Option<LockWatch>) -> TableStore {
        TableStore { store, watch }
    }

    /// Refuses a commit at `path` when the lake is held no longer.
    async fn may_write(&self, path: &StorePath) -> Result<()> {
        let Some(watch) = self.watch.as_ref().filter(|_| is_commit(path)) else { return Ok(()) };
        watch
            .check()
            .await
            .map_err(|error| object_store::Error::Generic { store: "lake", source: error.into() })
    }
}

/// Whether a file of this name is a commit of a table.
fn is_commit(path: &StorePath) -> bool {
    let mut parts = path.parts().rev();
    let name = parts.next();
    let name = name.as_ref().and_then(|name| name.as_ref().strip_suffix(".json"));
    name.is_some_and(|name| name.len() == 20 && name.bytes().all(|byte| byte.is_ascii_digit()))
        && parts.next().is_some_and(|folder| folder.as_ref() == "_delta_log")
}

impl fmt::Display for TableStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(f)
    }
}

#[async_trait]
impl ObjectStore for TableStore {
    async fn put_opts(
        &self,
        path: &StorePath,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        if options.mode == PutMode::Create {
            self.may_write(path).await?;
        }
        self.store.put_opts(path, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        path: &StorePath,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.store.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &StorePath, options: GetOptions) -> Result<GetResult> {
        self.store.get_opts(path, options).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<StorePath>>,
    ) -> BoxStream<'static, Result<StorePath>> {
        self.store.delete_stream(paths)
    }

    /// By name: a log is read in the order of its versions, and not every store lists so.
    fn list(&self, prefix: Option<&StorePath>) -> BoxStream<'static, Result<ObjectMeta>> {
        let listed = self.store.list(prefix);
        let sorted = async move {
            let mut files: Vec<ObjectMeta> = listed.try_collect().await?;
            files.sort_by(|a, b| a.location.cmp(&b.location));
            Ok::<_, object_store::Error>(futures::stream::iter(files.into_iter().map(Ok)))
        };
        futures::stream::once(sorted).try_flatten().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&StorePath>) -> Result<ListResult> {
        self.store.list_with_delimiter(prefix).await
    }

    async fn copy_opts(
        &self,
        from: &StorePath,
        to: &StorePath,
        options: CopyOptions,
    ) -> Result<()> {
        self.may_write(to).await?;
        self.store.copy_opts(from, to, options).await
    }

    async fn rename_opts(
        &self,
        from: &StorePath,
        to: &StorePath,
        options: RenameOptions,
    ) -> Result<()> {
        self.may_write(to).await?;
        self.store.rename_opts(from, to, options).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_told_from_other_files() {
        let check = |path: &str, expected: bool| {
            assert_eq!(is_commit(&StorePath::parse(path).unwrap()), expected, "{path}");
        };
        check("silver/a/_delta_log/00000000000000000007.json", true);
        check("silver/a/_delta_log/00000000000000000007.checkpoint.parquet", false);
        check("silver/a/_delta_log/_last_checkpoint", false);
        check("silver/a/00000000000000000007.json", false);
        check("_delta_log/7.json", false);
        check("", false);
    }

    #[test]
    fn a_table_has_a_plain_url() {
        assert_eq!(url("silver/orders").unwrap().as_str(), "lake:///silver/orders/");
        assert_eq!(url("_lakefront/runs").unwrap().as_str(), "lake:///_lakefront/runs/");
    }
}
