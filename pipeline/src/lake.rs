//! The Delta tables of a lake: opened, and overwritten in one commit.

mod output;

pub(crate) use output::Output;

use crate::fingerprint::Fingerprint;
use crate::model::{ModelName, ModelOptions};
use crate::parquet_source;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::LogicalPlanBuilder;
use datafusion::prelude::SessionContext;
use deltalake::delta_datafusion::DeltaSessionContext;
use deltalake::kernel::transaction::CommitProperties;
use deltalake::operations::write::{SchemaMode, WriteBuilder};
use deltalake::protocol::SaveMode;
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use futures::TryStreamExt;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The key in a commit's metadata under which the fingerprint lies.
const FINGERPRINT_KEY: &str = "lakefront.fingerprint";

/// Rows of a row group: small enough that a filter skips some, large enough to compress.
const ROW_GROUP_ROWS: usize = 128 * 1024;

/// A table of the lake that cannot be opened or written. What was committed before is untouched.
#[derive(Debug, thiserror::Error)]
#[error("{}: {action}: {source}", path.display())]
pub struct LakeError {
    /// The table's folder.
    pub path: PathBuf,
    /// What was tried.
    pub action: &'static str,
    /// Why it failed.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// The folder of a lake.
pub(crate) struct Lake {
    dir: PathBuf,
    /// One partition, so that rows are written in the order in which they come.
    writer: DeltaSessionContext,
}

/// A table as its last commit left it.
pub(crate) struct LakeTable {
    path: PathBuf,
    table: DeltaTable,
    fingerprint: Option<String>,
    n_rows: u64,
}

impl LakeTable {
    /// Whether its last commit was made of what `fingerprint` says.
    pub(crate) fn is_of(&self, fingerprint: &Fingerprint) -> bool {
        self.fingerprint.as_deref() == Some(fingerprint.as_str())
    }

    /// Rows that its last commit wrote; 0 when a build did not write it.
    pub(crate) fn n_rows(&self) -> u64 {
        self.n_rows
    }

    /// The version of its last commit.
    pub(crate) fn version(&self) -> u64 {
        self.table.version().unwrap_or_default()
    }

    /// The table for queries in `ctx`.
    pub(crate) async fn provider(
        &self,
        ctx: &SessionContext,
    ) -> Result<Arc<dyn TableProvider>, LakeError> {
        let error = |source: BoxedError| failed(&self.path, "cannot be read", source);
        self.table.update_datafusion_session(&ctx.state()).map_err(|e| error(e.into()))?;
        self.table.table_provider().await.map_err(|e| error(e.into()))
    }
}

type BoxedError = Box<dyn std::error::Error + Send + Sync>;

impl Lake {
    /// The lake in the folder `dir`, which need not exist yet.
    pub(crate) fn new(dir: &Path) -> Result<Lake, LakeError> {
        let options = [("datafusion.execution.target_partitions", "1")];
        let options = options.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let writer = DeltaSessionContext::new_with_session_overrides(&HashMap::from(options))
            .map_err(|error| failed(dir, "cannot be written", error.into()))?;
        Ok(Lake { dir: dir.to_owned(), writer })
    }

    /// Opens the table at `location`; `None` when no commit was ever made there.
    ///
    /// # Errors
    /// [`LakeError`] when its log cannot be read.
    pub(crate) async fn open(&self, location: &str) -> Result<Option<LakeTable>, LakeError> {
        let path = self.dir.join(location);
        if !path.join("_delta_log").is_dir() {
            return Ok(None);
        }
        let mut table = build_table(&path)?;
        match table.load().await {
            Ok(()) => read_commit(path, table).await.map(Some),
            Err(DeltaTableError::NotATable(_)) if is_empty(&path.join("_delta_log")) => Ok(None),
            Err(error) => Err(failed(&path, "its log cannot be read", error.into())),
        }
    }

    /// Overwrites the table of `name` with the rows of `output`, in one commit that bears
    /// `fingerprint`. `before` is the table as it was opened.
    ///
    /// # Errors
    /// [`LakeError`]; nothing is committed then. When it was the query that failed, `output` has
    /// the reason.
    pub(crate) async fn overwrite(
        &self,
        name: &ModelName,
        before: Option<LakeTable>,
        options: &ModelOptions,
        output: &Output,
        fingerprint: &Fingerprint,
    ) -> Result<LakeTable, LakeError> {
        let path = self.dir.join(name.location());
        let error = |source: BoxedError| failed(&path, "cannot be written", source);
        let table = match before {
            Some(before) => before.table,
            None => {
                std::fs::create_dir_all(&path).map_err(|e| error(e.into()))?;
                build_table(&path)?
            }
        };
        let provider = output.provider().map_err(|e| error(e.into()))?;
        let plan = LogicalPlanBuilder::scan("output", provider_as_source(provider), None)
            .and_then(LogicalPlanBuilder::build)
            .map_err(|e| error(e.into()))?;
        let snapshot = table.snapshot().ok().map(|state| state.snapshot().clone());
        let metadata = [(FINGERPRINT_KEY.to_owned(), fingerprint.as_str().into())];
        let written = WriteBuilder::new(table.log_store(), snapshot)
            .with_input_plan(plan)
            .with_session_state(Arc::new(self.writer.state()))
            .with_save_mode(SaveMode::Overwrite)
            .with_schema_mode(SchemaMode::Overwrite)
            .with_partition_columns(options.partition_by.clone())
            .with_writer_properties(writer_properties().map_err(|e| error(e.into()))?)
            .with_commit_properties(CommitProperties::default().with_metadata(metadata))
            .await
            .map_err(|e| error(e.into()))?;
        read_commit(path.clone(), written).await
    }

    /// The schema of the table at `location`; `None` when there is none.
    ///
    /// # Errors
    /// [`LakeError`] when its log cannot be read.
    pub(crate) async fn schema(
        &self,
        location: &str,
        ctx: &SessionContext,
    ) -> Result<Option<SchemaRef>, LakeError> {
        match self.open(location).await? {
            Some(table) => Ok(Some(table.provider(ctx).await?.schema())),
            None => Ok(None),
        }
    }

    /// The schema of the Parquet file at `location`; `None` when there is none.
    ///
    /// # Errors
    /// [`LakeError`] when its footer cannot be read.
    pub(crate) fn parquet_schema(&self, location: &str) -> Result<Option<SchemaRef>, LakeError> {
        let path = self.dir.join(location);
        if !path.is_file() {
            return Ok(None);
        }
        let table = parquet_source::open(&path);
        Ok(Some(table.map_err(|e| failed(&path, "its footer cannot be read", e.into()))?.schema()))
    }
}

fn failed(path: &Path, action: &'static str, source: BoxedError) -> LakeError {
    LakeError { path: path.to_owned(), action, source }
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

fn build_table(path: &Path) -> Result<DeltaTable, LakeError> {
    let error = |source: BoxedError| failed(path, "is no folder of a table", source);
    let absolute = std::path::absolute(path).map_err(|e| error(e.into()))?;
    let url = url::Url::from_directory_path(&absolute)
        .map_err(|()| error("its path cannot be written as a URL".into()))?;
    let builder = DeltaTableBuilder::from_url(url).map_err(|e| error(e.into()))?;
    builder.build().map_err(|e| error(e.into()))
}

async fn read_commit(path: PathBuf, table: DeltaTable) -> Result<LakeTable, LakeError> {
    let commits: Result<Vec<_>, _> = table.history(Some(1)).try_collect().await;
    let commits = commits.map_err(|e| failed(&path, "its log cannot be read", e.into()))?;
    let info = commits.into_iter().next().map(|commit| commit.info).unwrap_or_default();
    let fingerprint = info.get(FINGERPRINT_KEY).and_then(|value| value.as_str()).map(str::to_owned);
    let n_rows = info
        .get("operationMetrics")
        .and_then(|metrics| metrics.get("num_added_rows"))
        .and_then(serde_json::Value::as_u64)
        .unwrap_or_default();
    Ok(LakeTable { path, table, fingerprint, n_rows })
}

fn writer_properties() -> Result<WriterProperties, parquet::errors::ParquetError> {
    Ok(WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Page)
        .build())
}
