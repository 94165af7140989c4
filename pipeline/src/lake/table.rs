//! A table of the lake as its last commit left it.

use super::{BoxedError, LakeError};
use crate::state::{APP_ID, STATE_APP_ID, StateName};
use chrono::{DateTime, Utc};
use datafusion::catalog::TableProvider;
use datafusion::prelude::SessionContext;
use deltalake::DeltaTable;
use std::sync::Arc;

const EARLIER: &str = "its earlier version cannot be read";

/// A table as its last commit left it.
#[derive(Clone)]
pub(crate) struct LakeTable {
    place: String,
    pub(super) table: DeltaTable,
    number: Option<i64>,
}

impl LakeTable {
    /// Takes what is needed of a loaded table.
    pub(super) async fn read(place: String, table: DeltaTable) -> Result<LakeTable, LakeError> {
        let mut read = LakeTable { place, table, number: None };
        read.number = read.transaction(APP_ID).await?;
        Ok(read)
    }

    /// The version of the last transaction of the application `app_id`.
    async fn transaction(&self, app_id: &str) -> Result<Option<i64>, LakeError> {
        let read = async {
            let log_store = self.table.log_store();
            self.table.snapshot()?.transaction_version(log_store.as_ref(), app_id).await
        };
        read.await.map_err(|error| self.failed("its log cannot be read", error.into()))
    }

    /// The name of its state; `None` when a build did not write it.
    ///
    /// # Errors
    /// [`LakeError`] when its log cannot be read.
    pub(crate) async fn state(&self) -> Result<Option<StateName>, LakeError> {
        match self.number {
            None => Ok(None),
            Some(number) => {
                Ok(Some(StateName::read(number, self.transaction(STATE_APP_ID).await?)))
            }
        }
    }

    /// The number of its state; `None` when a build did not write it.
    pub(crate) fn number(&self) -> Option<i64> {
        self.number
    }

    /// The version of its last commit.
    pub(crate) fn version(&self) -> u64 {
        self.table.version().unwrap_or_default()
    }

    /// What tells it from another table at the same place.
    pub(crate) fn id(&self) -> String {
        self.table.snapshot().map(|state| state.metadata().id().to_owned()).unwrap_or_default()
    }

    /// Its rows, as far as the log says.
    pub(crate) fn n_rows(&self) -> u64 {
        let Ok(state) = self.table.snapshot() else { return 0 };
        state.log_data().iter().filter_map(|file| file.num_records()).sum::<usize>() as u64
    }

    /// The columns by whose values its files are apart.
    pub(crate) fn partition_columns(&self) -> Vec<String> {
        let state = self.table.snapshot();
        state.map(|state| state.metadata().partition_columns().to_vec()).unwrap_or_default()
    }

    /// Its data files.
    pub(crate) fn n_files(&self) -> usize {
        self.table.snapshot().map_or(0, |state| state.log_data().num_files())
    }

    /// The size of its data files.
    pub(crate) fn size_bytes(&self) -> u64 {
        let Ok(state) = self.table.snapshot() else { return 0 };
        state.log_data().iter().filter_map(|file| u64::try_from(file.size()).ok()).sum()
    }

    /// When its last commit was made, as far as the log says.
    pub(crate) fn committed_at(&self) -> Option<DateTime<Utc>> {
        let state = self.table.snapshot().ok()?;
        DateTime::from_timestamp_millis(state.version_timestamp(self.table.version()?)?)
    }

    /// The table for queries in `ctx`.
    pub(crate) async fn provider(
        &self,
        ctx: &SessionContext,
    ) -> Result<Arc<dyn TableProvider>, LakeError> {
        self.table
            .update_datafusion_session(&ctx.state())
            .map_err(|error| self.failed("cannot be read", error.into()))?;
        let table = self.table.table_provider().with_session(Arc::new(ctx.state())).await;
        table.map_err(|error| self.failed("cannot be read", error.into()))
    }

    /// Some of its files at `version`, by their paths in the log, for queries in `ctx`.
    pub(crate) async fn files_at(
        &self,
        ctx: &SessionContext,
        version: u64,
        paths: Vec<String>,
    ) -> Result<Arc<dyn TableProvider>, LakeError> {
        let table = self.loaded_at(ctx, version).await?.table_provider();
        let files = table.with_session(Arc::new(ctx.state())).with_file_paths(paths).await;
        files.map_err(|e| self.failed(EARLIER, e.into()))
    }

    /// The whole table at `version`, for queries in `ctx`.
    pub(crate) async fn at(
        &self,
        ctx: &SessionContext,
        version: u64,
    ) -> Result<Arc<dyn TableProvider>, LakeError> {
        let table = self.loaded_at(ctx, version).await?.table_provider();
        let whole = table.with_session(Arc::new(ctx.state())).await;
        whole.map_err(|e| self.failed(EARLIER, e.into()))
    }

    /// The table at `version`, whose files `ctx` finds.
    async fn loaded_at(&self, ctx: &SessionContext, version: u64) -> Result<DeltaTable, LakeError> {
        let error = |source: BoxedError| self.failed(EARLIER, source);
        let mut table = self.table.clone();
        if table.version() != Some(version) {
            table.load_version(version).await.map_err(|e| error(e.into()))?;
        }
        table.update_datafusion_session(&ctx.state()).map_err(|e| error(e.into()))?;
        Ok(table)
    }

    pub(super) fn failed(&self, action: &'static str, source: BoxedError) -> LakeError {
        LakeError { place: self.place.clone(), action, source }
    }
}
