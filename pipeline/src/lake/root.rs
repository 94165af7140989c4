//! Where a lake lies: a folder, or a prefix of an object store. Small files are read and written here;
//! tables are opened by deltalake over the very same store, which is told nothing of where it lies.
//!
//! ```text
//! lake                       a folder, relative to the project
//! s3://bucket/prefix         Amazon S3 and what speaks its protocol      AWS_*
//! az://container/prefix      Azure, also abfss://container@account...    AZURE_*
//! gs://bucket/prefix         Google Cloud Storage                        GOOGLE_*, SERVICE_ACCOUNT
//! ```
//!
//! Endpoints and credentials come from the environment alone, in the variables that object_store reads.
//! A text that carries a password is refused, so that a root can be printed.

mod absolute;
mod cloud;
mod error;
mod table_store;

pub use error::RootError;

use super::LockWatch;
use bytes::Bytes;
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use futures::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::path::Path as StorePath;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, UpdateVersion};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use table_store::TableStore;
use url::Url;

/// The root of a lake. A clone is the same root, with the same connections.
#[derive(Clone)]
pub struct Root {
    /// Its folder; `None` on an object store.
    local_dir: Option<PathBuf>,
    /// Its directory URL, with a slash at the end.
    url: Url,
    /// The file system or the bucket, seen from the root.
    store: Arc<dyn ObjectStore>,
    /// Who must hold the lake for a commit to a table; `None` when nobody is asked.
    watch: Option<LockWatch>,
}

impl Root {
    /// The root that `text` names; a folder is relative to `project_folder` and need not exist.
    ///
    /// Nothing is opened or asked for: a bucket that does not exist is noticed when it is used.
    ///
    /// # Errors
    /// [`RootError::Scheme`], [`RootError::Form`], [`RootError::Settings`], [`RootError::Folder`].
    pub fn parse(text: &str, project_folder: &Path) -> Result<Root, RootError> {
        let Some((scheme, _)) = text.split_once("://") else {
            let form = |rule| Err(RootError::Form { text: text.to_owned(), rule });
            return match text.split_once(':') {
                _ if text.trim().is_empty() => form("is empty, a lake is a folder or a URL"),
                Some((scheme, _)) if cloud::SCHEMES.contains(&scheme) => {
                    form("lacks `//` after its scheme")
                }
                _ => Root::folder(&project_folder.join(text)),
            };
        };
        let url = cloud::parse(scheme, text)?;
        let whole = cloud::open(&url)?;
        Root::over(None, url, whole)
    }

    /// The root at the folder `dir`, which need not exist.
    ///
    /// # Errors
    /// [`RootError::Folder`].
    pub fn folder(dir: &Path) -> Result<Root, RootError> {
        let error = |source| RootError::Folder { path: dir.to_owned(), source };
        let absolute = absolute::of(dir).map_err(|source| error(source.into()))?;
        let url = Url::from_directory_path(&absolute)
            .map_err(|()| error("its path cannot be written as a URL".into()))?;
        Root::over(Some(dir.to_owned()), url, Arc::new(LocalFileSystem::new()))
    }

    /// The root on `store`, which nobody else names: tests have lakes in memory, and stores that fail.
    ///
    /// # Errors
    /// [`RootError::Form`] never happens: the root's own URL is one.
    pub fn on(store: Arc<dyn ObjectStore>) -> Result<Root, RootError> {
        let text = "memory:///lake/";
        let form = |_| RootError::Form { text: text.to_owned(), rule: "is not a URL" };
        Root::over(None, Url::parse(text).map_err(form)?, store)
    }

    fn over(
        local_dir: Option<PathBuf>,
        url: Url,
        whole: Arc<dyn ObjectStore>,
    ) -> Result<Root, RootError> {
        let prefix = StorePath::from_url_path(url.path())
            .map_err(|source| failed(place(local_dir.as_deref(), &url, ""), "named", source))?;
        let store = Arc::new(PrefixStore::new(whole, prefix));
        Ok(Root { local_dir, url, store, watch: None })
    }

    /// The same root, whose tables take no commit once `watch` says that the lake is held no longer.
    pub(crate) fn watched(&self, watch: LockWatch) -> Root {
        Root { watch: Some(watch), ..self.clone() }
    }

    /// The same root with connections of its own, which no other runtime has to serve.
    ///
    /// # Errors
    /// [`RootError::Settings`].
    pub(super) fn apart(&self) -> Result<Root, RootError> {
        match cloud::SCHEMES.contains(&self.url.scheme()) {
            true => Root::over(None, self.url.clone(), cloud::open(&self.url)?),
            false => Ok(self.clone()),
        }
    }

    /// The folder as it was given; `None` on an object store.
    pub fn local_dir(&self) -> Option<&Path> {
        self.local_dir.as_deref()
    }

    /// The directory URL of what lies at `location` (`silver/orders`), with a slash at the end.
    pub fn table_url(&self, location: &str) -> Url {
        let mut url = self.url.clone();
        // A URL with a host or an absolute path has segments; no other is made into a root.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty();
            segments.extend(location.split('/').filter(|segment| !segment.is_empty()));
            segments.push("");
        }
        url
    }

    /// The table at `location`, not loaded; there may be none.
    ///
    /// # Errors
    /// [`RootError::Table`] when no table can be there.
    pub fn builder(&self, location: &str) -> Result<DeltaTable, RootError> {
        let store = TableStore::new(Arc::clone(&self.store), self.watch.clone());
        let url = table_store::url(location);
        let url = url.ok_or_else(|| DeltaTableError::InvalidTableLocation(location.to_owned()));
        url.and_then(|url| {
            let builder = DeltaTableBuilder::from_url(url.clone())?;
            builder.with_storage_backend(Arc::new(store), url).build()
        })
        .map_err(|source| RootError::Table {
            place: self.place(location),
            source: Box::new(source),
        })
    }

    /// The bytes of the file at `path`, relative to the root; `None` when there is none.
    ///
    /// # Errors
    /// [`RootError::File`].
    pub async fn get(&self, path: &str) -> Result<Option<Bytes>, RootError> {
        Ok(self.get_version(path).await?.map(|(bytes, _)| bytes))
    }

    /// The last `n_bytes` of the file at `path`, or all of it, and its size; `None` when there is no such file.
    ///
    /// # Errors
    /// [`RootError::File`].
    pub(super) async fn tail(
        &self,
        path: &str,
        n_bytes: u64,
    ) -> Result<Option<(Bytes, u64)>, RootError> {
        let error = |source| self.failed(path, "read", source);
        let place = at(path).map_err(error)?;
        let size_bytes = match self.store.head(&place).await {
            Ok(facts) => facts.size,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(source) => return Err(error(source)),
        };
        let range = size_bytes.saturating_sub(n_bytes)..size_bytes;
        let bytes = self.store.get_range(&place, range).await.map_err(error)?;
        Ok(Some((bytes, size_bytes)))
    }

    /// Writes the file at `path` in one step: a reader sees what was there, or all of `bytes`.
    ///
    /// # Errors
    /// [`RootError::File`]; what was there is untouched then.
    pub async fn put(&self, path: &str, bytes: Bytes) -> Result<(), RootError> {
        let error = |source| self.failed(path, "written", source);
        self.store.put(&at(path).map_err(error)?, bytes.into()).await.map_err(error)?;
        Ok(())
    }

    /// Writes the file at `path` unless there is one; `false` when there is. Of several writers at once
    /// one gets `true`.
    ///
    /// # Errors
    /// [`RootError::File`].
    pub async fn put_new(&self, path: &str, bytes: Bytes) -> Result<bool, RootError> {
        let error = |source| self.failed(path, "written", source);
        match self.put_if(path, bytes, PutMode::Create).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(source) => Err(error(source)),
        }
    }

    /// The bytes of the file at `path` and what tells them from those of another put; `None` when there
    /// is no file.
    pub(super) async fn get_version(
        &self,
        path: &str,
    ) -> Result<Option<(Bytes, UpdateVersion)>, RootError> {
        let error = |source| self.failed(path, "read", source);
        let found = match self.store.get(&at(path).map_err(error)?).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(source) => return Err(error(source)),
        };
        let (e_tag, version) = (found.meta.e_tag.clone(), found.meta.version.clone());
        let bytes = found.bytes().await.map_err(error)?;
        Ok(Some((bytes, UpdateVersion { e_tag, version })))
    }

    /// Writes the file at `path` on the condition of `mode`.
    pub(super) async fn put_if(
        &self,
        path: &str,
        bytes: Bytes,
        mode: PutMode,
    ) -> Result<UpdateVersion, object_store::Error> {
        let put = self.store.put_opts(&at(path)?, bytes.into(), PutOptions::from(mode)).await?;
        Ok(UpdateVersion { e_tag: put.e_tag, version: put.version })
    }

    /// Deletes the file at `path`, if there is one.
    ///
    /// # Errors
    /// [`RootError::File`].
    pub async fn delete(&self, path: &str) -> Result<(), RootError> {
        let error = |source| self.failed(path, "deleted", source);
        match self.store.delete(&at(path).map_err(error)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(error(source)),
        }
    }

    /// The files below `folder`, at any depth, as sorted paths relative to the root; none when there is
    /// no such folder.
    ///
    /// # Errors
    /// [`RootError::File`].
    pub async fn list(&self, folder: &str) -> Result<Vec<String>, RootError> {
        let error = |source| self.failed(folder, "listed", source);
        let folder = at(folder).map_err(error)?;
        let files: Vec<_> = self.store.list(Some(&folder)).try_collect().await.map_err(error)?;
        let mut paths: Vec<String> = files.into_iter().map(|file| file.location.into()).collect();
        paths.sort();
        Ok(paths)
    }

    /// The names of the folders in `folder`, sorted; none when there is no such folder.
    ///
    /// # Errors
    /// [`RootError::File`].
    pub(crate) async fn folders(&self, folder: &str) -> Result<Vec<String>, RootError> {
        let error = |source| self.failed(folder, "listed", source);
        let folder = at(folder).map_err(error)?;
        let found = self.store.list_with_delimiter(Some(&folder)).await.map_err(error)?;
        let names = found.common_prefixes.iter().filter_map(StorePath::filename);
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.sort();
        Ok(names)
    }

    /// Whether there is a file below `folder`, at any depth.
    ///
    /// # Errors
    /// [`RootError::File`].
    pub(crate) async fn has_files(&self, folder: &str) -> Result<bool, RootError> {
        let error = |source| self.failed(folder, "listed", source);
        let folder = at(folder).map_err(error)?;
        Ok(self.store.list(Some(&folder)).try_next().await.map_err(error)?.is_some())
    }

    /// What lies at `path` for people: a path of the file system, or a URL.
    pub(crate) fn place(&self, path: &str) -> String {
        place(self.local_dir.as_deref(), &self.url, path)
    }

    /// The error of `action` on `path`.
    pub(crate) fn failed(
        &self,
        path: &str,
        action: &'static str,
        source: object_store::Error,
    ) -> RootError {
        failed(self.place(path), action, source)
    }
}

impl fmt::Display for Root {
    /// The folder as it was given, or the URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place(""))
    }
}

impl fmt::Debug for Root {
    /// The same as for people: what a store knows of its credentials is not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Root({self})")
    }
}

fn place(local_dir: Option<&Path>, url: &Url, path: &str) -> String {
    match (local_dir, path) {
        (Some(dir), "") => dir.display().to_string(),
        (Some(dir), path) => dir.join(path).display().to_string(),
        (None, "") => url.as_str().trim_end_matches('/').to_owned(),
        (None, path) => format!("{url}{path}"),
    }
}

fn failed(
    place: String,
    action: &'static str,
    source: impl Into<object_store::Error>,
) -> RootError {
    RootError::File { place, action, source: source.into() }
}

fn at(path: &str) -> Result<StorePath, object_store::Error> {
    Ok(StorePath::parse(path)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Int64Array, RecordBatch};
    use datafusion::prelude::SessionContext;
    use deltalake::kernel::{DataType as DeltaType, StructField};
    use proptest::prelude::*;

    impl Root {
        /// A root in memory, which behaves as an object store does.
        pub(crate) fn memory() -> Root {
            Root::on(Arc::new(object_store::memory::InMemory::new())).unwrap()
        }
    }

    /// What every root keeps.
    async fn check(root: &Root) {
        let bytes = |text: &'static str| Bytes::from_static(text.as_bytes());
        assert_eq!(root.list("").await.unwrap(), Vec::<String>::new());
        assert_eq!(root.get("a/b.json").await.unwrap(), None);
        root.delete("a/b.json").await.unwrap();
        root.put("a/b.json", bytes("one")).await.unwrap();
        root.put("a/b.json", bytes("two")).await.unwrap();
        assert!(!root.put_new("a/b.json", bytes("three")).await.unwrap());
        assert_eq!(root.get("a/b.json").await.unwrap(), Some(bytes("two")));
        assert!(root.put_new("a/c/d e.json", bytes("")).await.unwrap());
        assert_eq!(root.get("a/c/d e.json").await.unwrap(), Some(bytes("")));
        root.put("b", bytes("x")).await.unwrap();
        assert_eq!(root.list("a").await.unwrap(), ["a/b.json", "a/c/d e.json"]);
        assert_eq!(root.folders("a").await.unwrap(), ["c"]);
        assert_eq!(root.folders("e").await.unwrap(), Vec::<String>::new());
        assert!(root.has_files("a/c").await.unwrap() && !root.has_files("a/e").await.unwrap());
        assert_eq!(root.list("").await.unwrap(), ["a/b.json", "a/c/d e.json", "b"]);
        root.delete("a/b.json").await.unwrap();
        assert_eq!(root.list("a").await.unwrap(), ["a/c/d e.json"]);
        assert!(root.put_new("a/b.json", bytes("four")).await.unwrap());
        let error = root.get("a/../b").await.unwrap_err().to_string();
        assert!(error.contains("a/../b: cannot be read"), "{error}");
        let writers = (0..8).map(|idx| {
            let root = root.clone();
            tokio::spawn(async move { root.put_new("race", vec![idx].into()).await.unwrap() })
        });
        let won = futures::future::join_all(writers).await;
        assert_eq!(won.into_iter().filter(|won| *won.as_ref().unwrap()).count(), 1);
    }

    #[tokio::test]
    async fn files_are_read_and_written_alike_everywhere() {
        check(&Root::memory()).await;
        let folder = tempfile::tempdir().unwrap();
        for text in ["lake", "my lake/\u{fc} #1%20", "./x/../y"] {
            let root = Root::parse(text, folder.path()).unwrap();
            check(&root).await;
            assert_eq!(root.local_dir(), Some(folder.path().join(text).as_path()));
            assert!(folder.path().join(text).join("b").is_file() || text.contains(".."));
        }
        assert!(folder.path().join("y/b").is_file(), "`..` leads to the folder above");
        assert!(!folder.path().join("x").exists());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn what_lies_above_a_link_is_the_file_systems_word() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("far/project")).unwrap();
        let link = folder.path().join("project");
        std::os::unix::fs::symlink(folder.path().join("far/project"), &link).unwrap();
        let root = Root::parse("../lake", &link).unwrap();
        root.put("x", Bytes::from_static(b"1")).await.unwrap();
        assert!(folder.path().join("far/lake/x").is_file());
        assert!(link.join("../lake/x").is_file());
    }

    #[tokio::test]
    async fn tables_are_opened_below_the_root() {
        let check = async |root: &Root, url: &str| {
            assert_eq!(root.table_url("gold/sales").as_str(), url);
            let table = root.builder("gold/sales").unwrap();
            assert_eq!(table.table_url().as_str(), "lake:///gold/sales/");
            let fields =
                [deltalake::kernel::StructField::not_null("id", deltalake::kernel::DataType::LONG)];
            table.create().with_columns(fields).await.unwrap();
            let files = root.list("gold").await.unwrap();
            assert_eq!(files, ["gold/sales/_delta_log/00000000000000000000.json"]);
        };
        check(&Root::memory(), "memory:///lake/gold/sales/").await;
        let folder = tempfile::tempdir().unwrap();
        let root = Root::parse("a lake", folder.path()).unwrap();
        let url = Url::from_directory_path(folder.path().join("a lake/gold/sales")).unwrap();
        check(&root, url.as_str()).await;
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// A table is written and read below a path of any text, or the path is refused by name.
        #[test]
        fn a_lake_lies_below_a_path_of_any_text(
            name in r#"[a%# ?\[\]{}ñ🦀+=&;*:@,!~^|<>'"\\`$()4041.-]{1,12}|%41%20|\[|%|%5B|a\tb"#,
        ) {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
            runtime.unwrap().block_on(async {
                let folder = tempfile::tempdir().unwrap();
                let dir = folder.path().join("x").join(&name);
                let mut url = Url::parse("memory:///").unwrap();
                url.path_segments_mut().unwrap().extend([name.as_str(), ""]);
                let memory = Arc::new(object_store::memory::InMemory::new());
                for root in [Root::folder(&dir), Root::over(None, url, memory)] {
                    let root = match root {
                        Ok(root) => root,
                        Err(error) => {
                            assert!(error.to_string().contains("cannot be named"), "{name:?}: {error}");
                            continue;
                        }
                    };
                    let fields = [StructField::not_null("id", DeltaType::LONG)];
                    let table = root.builder("gold/sales").unwrap();
                    let table = table.create().with_columns(fields).await.unwrap();
                    let ids = Arc::new(Int64Array::from(vec![1, 2, 3])) as ArrayRef;
                    let rows = RecordBatch::try_from_iter([("id", ids)]).unwrap();
                    table.write([rows]).await.unwrap();
                    let mut table = root.builder("gold/sales").unwrap();
                    table.load().await.unwrap();
                    let ctx = SessionContext::new();
                    table.update_datafusion_session(&ctx.state()).unwrap();
                    let rows = ctx.read_table(table.table_provider().await.unwrap()).unwrap();
                    assert_eq!(rows.count().await.unwrap(), 3, "{name:?}");
                    let log = "gold/sales/_delta_log/00000000000000000001.json";
                    assert!(root.get(log).await.unwrap().is_some(), "{name:?}");
                    assert!(root.local_dir().is_none() || dir.join(log).is_file(), "{name:?}");
                }
            });
        }
    }

    #[test]
    fn object_stores_are_named_by_url() {
        let check = |text: &str, shown: &str, table: &str| {
            let root = Root::parse(text, Path::new("project")).unwrap();
            assert_eq!(root.to_string(), shown);
            assert_eq!(root.local_dir(), None);
            assert_eq!(root.table_url("silver/orders").as_str(), table);
            root.builder("silver/orders").unwrap();
        };
        check("s3://shop/lake", "s3://shop/lake", "s3://shop/lake/silver/orders/");
        check("s3://shop", "s3://shop", "s3://shop/silver/orders/");
        check("s3a://shop/a b/", "s3a://shop/a%20b", "s3a://shop/a%20b/silver/orders/");
        check("gs://shop/lake", "gs://shop/lake", "gs://shop/lake/silver/orders/");
        let azure = "abfss://lake@shop.dfs.core.windows.net";
        check(&format!("{azure}/x"), &format!("{azure}/x"), &format!("{azure}/x/silver/orders/"));
    }

    #[test]
    fn what_is_no_root_is_named_without_secrets() {
        let check = |text: &str, expected: &str| {
            let error = Root::parse(text, Path::new("project")).unwrap_err().to_string();
            assert!(error.contains(expected), "{error:?} should contain {expected:?}");
            assert!(!error.contains("hunter2"), "{error:?}");
        };
        check("", "is empty");
        check("ftp://shop/lake", "begins with \"ftp://\", a lake is a folder, s3://");
        check("ftp://me:hunter2@shop/lake", "ftp://...@shop/lake");
        check("s3:/shop", "lacks `//` after its scheme");
        check("s3://", "names no bucket");
        check("s3://me:hunter2@shop/lake", "\"s3://...@shop/lake\" has a user before its host");
        check("s3://me:hunt@er2hunter2@shop/lake", "credentials come from the environment only");
        check("az://lake/x?sig=hunter2", "\"az://lake/x\" has a `?` or `#`");
        check("abfss://lake:hunter2@shop.dfs.core.windows.net/", "has a user before its host");
    }
}
