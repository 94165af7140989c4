//! The Delta tables of a lake: opened, and written in one commit each.

mod broken_log;
mod cause;
mod changes;
mod clock;
mod columns;
mod lock;
mod output;
mod plain;
mod root;
mod table;
mod write;

pub(crate) use cause::{cause, is_full, panic_message, panicked, system_error};
pub use clock::Clock;
pub(crate) use lock::LockWatch;
pub use lock::{Holder, LEASE, Lock, LockError, Wait};
pub(crate) use output::Output;
pub use root::{Root, RootError};
pub(crate) use table::LakeTable;
pub(crate) use write::{Commit, Write, writer_properties};

use crate::model::Layout;
use crate::source::parquet;
use arrow::datatypes::SchemaRef;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::prelude::SessionContext;
use deltalake::DeltaTableError;
use deltalake::delta_datafusion::DeltaSessionContext;
use std::collections::HashMap;
use std::sync::Arc;

/// How a table of this `configuration` gives its columns other names in the files; `None` when it does not.
pub(crate) fn column_mapping(configuration: &HashMap<String, String>) -> Option<&str> {
    let mode = configuration.get("delta.columnMapping.mode").map(String::as_str);
    mode.filter(|mode| *mode != "none")
}

/// A table of the lake that cannot be opened or written. What was committed before is untouched.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {action}: {}", cause(source.as_ref()))]
pub struct LakeError {
    /// The table's folder or URL.
    pub place: String,
    /// What was tried.
    pub action: &'static str,
    /// Why it failed.
    pub source: BoxedError,
}

type BoxedError = Box<dyn std::error::Error + Send + Sync>;

impl From<RootError> for LakeError {
    fn from(source: RootError) -> LakeError {
        LakeError { place: "lake".to_owned(), action: "cannot be used", source: source.into() }
    }
}

/// A lake and the engine that writes its tables.
pub(crate) struct Lake {
    root: Root,
    /// One partition, so that rows are written in the order in which they come.
    writer: SessionContext,
}

impl Lake {
    /// The lake at `root`, which need not exist yet; writing takes its memory from `runtime`.
    pub(crate) fn new(root: Root, runtime: Arc<RuntimeEnv>) -> Lake {
        let writer = DeltaSessionContext::with_runtime_env(runtime).into_inner();
        let state = writer.state_ref();
        state.write().config_mut().options_mut().execution.target_partitions = 1;
        Lake { root, writer }
    }

    /// Where it lies.
    pub(crate) fn root(&self) -> &Root {
        &self.root
    }

    /// Opens the table at `location`; `None` when no commit was ever made there.
    ///
    /// # Errors
    /// [`LakeError`] when its log cannot be read.
    pub(crate) async fn open(&self, location: &str) -> Result<Option<LakeTable>, LakeError> {
        let mut table = self.root.builder(location)?;
        match table.load().await {
            Ok(()) => LakeTable::read(self.place(location), table).await.map(Some),
            // Each store has another word for a table that is not there.
            Err(_) if !self.has_commit(location).await? => Ok(None),
            Err(error) => Err(self.failed(
                location,
                "its log cannot be read",
                self.broken(location, error).await,
            )),
        }
    }

    /// `error` with the file of the log that it is about, and what to do.
    async fn broken(&self, location: &str, error: DeltaTableError) -> BoxedError {
        match broken_log::fault(&self.root, location).await {
            Some(fault) => format!(
                "{fault}; put the file back from a copy, or delete the folder {} and build: its table is made anew of \
                 what there is",
                self.place(location)
            )
            .into(),
            None => error.into(),
        }
    }

    async fn has_commit(&self, location: &str) -> Result<bool, LakeError> {
        let files = self.root.list(&format!("{location}/_delta_log")).await?;
        Ok(files.iter().any(|file| file.ends_with(".json") && !file.contains("/_last")))
    }

    /// The schema of the table at `location`; `None` when there is none.
    ///
    /// # Errors
    /// [`LakeError`] when its log cannot be read.
    pub(crate) async fn schema(&self, location: &str) -> Result<Option<SchemaRef>, LakeError> {
        match self.open(location).await? {
            Some(table) => self.columns(&table).await.map(Some),
            None => Ok(None),
        }
    }

    /// The schema of `table`.
    ///
    /// # Errors
    /// [`LakeError`] when it is none that can be read.
    pub(crate) async fn columns(&self, table: &LakeTable) -> Result<SchemaRef, LakeError> {
        Ok(table.provider(&self.writer).await?.schema())
    }

    /// The schema of the Parquet file at `location`; `None` when there is none.
    ///
    /// # Errors
    /// [`LakeError`] when its footer cannot be read.
    pub(crate) async fn parquet_schema(
        &self,
        location: &str,
    ) -> Result<Option<SchemaRef>, LakeError> {
        let Some(bytes) = self.root.get(location).await? else { return Ok(None) };
        let schema = parquet::schema_of(bytes);
        schema.map(Some).map_err(|e| self.failed(location, "its footer cannot be read", e.into()))
    }

    /// Where the table at `location` lies, for people.
    pub(crate) fn place(&self, location: &str) -> String {
        match self.root.local_dir() {
            Some(dir) => dir.join(location).display().to_string(),
            None => format!("{}/{location}", self.root),
        }
    }

    pub(crate) fn failed(
        &self,
        location: &str,
        action: &'static str,
        source: BoxedError,
    ) -> LakeError {
        LakeError { place: self.place(location), action, source }
    }
}

/// The partition columns of a layout, for the writer.
fn partition_columns(layout: &Layout) -> Vec<String> {
    layout.partition_by.clone()
}
