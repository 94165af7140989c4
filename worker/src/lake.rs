//! What all questions share: where bytes come from, what was read before, and the session that plans
//! run in.

mod opened;

use crate::facts::Run;
use crate::failure;
use crate::functions;
use crate::meter::Meter;
use crate::pool::Pool;
use crate::store::budget::Budget;
use crate::store::cached::CachedStore;
use crate::store::{ByteStore, Location, PersistentStore, StoreError};
use crate::table::delta;
use crate::table::manifest::{self, ManifestError};
use crate::table::parquet_file::{self, ParquetTableError};
use crate::table::{LakeTable, NO_STORE_URL, Source};
use catalog::Name;
use datafusion::common::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::SessionConfig;
use futures::TryStreamExt;
use opened::Opened;
use protocol::{At, ErrorCode, Failure, TableAt, TableKind, TableVersion};
use std::sync::Arc;

/// What the engine may use for hash tables, sorts and caches, unless it is told otherwise.
pub const DEFAULT_MEMORY_BYTES: u64 = 1 << 30;

/// The list of its files in a folder of Parquet files.
const MANIFEST_NAME: &str = "_files.json";

/// A place where tables lie, and what is known of its files.
#[derive(Debug)]
pub struct Lake {
    store: Arc<dyn ByteStore>,
    source: Source,
    state: SessionState,
    opened: Opened,
    budget: Arc<Budget>,
    kept: Option<PersistentStore>,
}

impl Lake {
    /// A lake over `store`, with `memory_bytes` for hash tables, sorts and caches together. Reads
    /// nothing.
    ///
    /// # Errors
    /// [`ErrorCode::Internal`] when DataFusion cannot be set up.
    pub fn new(store: Arc<dyn ByteStore>, memory_bytes: u64) -> Result<Lake, Failure> {
        let budget = Budget::new(memory_bytes);
        let cached = CachedStore::within(Arc::clone(&store), Arc::clone(&budget));
        let source = Source { store: Arc::new(cached) };
        let state = session_state(Arc::clone(&budget)).map_err(|error| failure::of_plan(&error))?;
        Ok(Lake { store, source, state, opened: Opened::default(), budget, kept: None })
    }

    /// The same lake, which tells of each table since when it may be out of date, as `kept` knows.
    pub fn with_staleness(self, kept: PersistentStore) -> Lake {
        Lake { kept: Some(kept), ..self }
    }

    /// Makes the budget another one; caches give up what they hold beyond it.
    pub fn set_memory(&self, memory_bytes: u64) {
        self.budget.resize(memory_bytes);
    }

    /// The newest version of the table at `location` that was opened before.
    pub(crate) fn newest_known(&self, location: &Location) -> Option<u64> {
        self.opened.newest(location)?.version.version
    }

    /// Functions and options.
    pub fn state(&self) -> &SessionState {
        &self.state
    }

    /// Where log files come from: nothing of them is kept.
    pub fn store(&self) -> &Arc<dyn ByteStore> {
        &self.store
    }

    /// Where data files come from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// What kind of table `location` names.
    pub fn kind(location: &str) -> TableKind {
        let path = location.split(['?', '#']).next().unwrap_or(location).to_ascii_lowercase();
        match path {
            path if path.ends_with(".parquet") || path.ends_with(".parq") => TableKind::Parquet,
            path if path.ends_with(".json") => TableKind::Files,
            _ => TableKind::Delta,
        }
    }

    /// Opens `table`, calling it `name` in what is told of it. Of a Delta table the log is read, of
    /// a Parquet file the footer.
    ///
    /// # Errors
    /// A [`Failure`]: a file that is not there, a log that is not right or needs what the reader
    /// lacks, no access.
    pub async fn open(
        &self,
        name: Name,
        kind: TableKind,
        table: &TableAt,
    ) -> Result<LakeTable, Failure> {
        self.open_through(name, kind, table, self.store.as_ref()).await
    }

    /// As [`Lake::open`], with the files of the log read through `store`.
    ///
    /// # Errors
    /// As those of [`Lake::open`].
    pub(crate) async fn open_through(
        &self,
        name: Name,
        kind: TableKind,
        table: &TableAt,
        store: &dyn ByteStore,
    ) -> Result<LakeTable, Failure> {
        let mut opened = self.open_at(name, kind, table, store).await?;
        let location = Location::new(table.location.trim_end_matches('/'));
        let since = self.kept.as_ref().and_then(|kept| kept.stale_since_utc_s(&location));
        opened.version.stale_since_us = since.and_then(|s| s.checked_mul(1_000_000));
        Ok(opened)
    }

    async fn open_at(
        &self,
        name: Name,
        kind: TableKind,
        table: &TableAt,
        store: &dyn ByteStore,
    ) -> Result<LakeTable, Failure> {
        let location = Location::new(table.location.trim_end_matches('/'));
        let source = self.source.clone();
        match (kind, table.at) {
            (TableKind::Delta, at) => self.open_delta(name, location, at, store).await,
            (TableKind::Parquet, At::Newest) => {
                let list = location.join(MANIFEST_NAME);
                let file = parquet_file::open(name.clone(), location, store, source.clone());
                match file.await {
                    // Not a file: perhaps a folder of them.
                    Err(error) if error.is_absent() => {
                        match manifest::open(name, list, store, source).await {
                            Err(lists) if lists.is_absent() => Err(error.into_failure()),
                            opened => opened.map_err(ManifestError::into_failure),
                        }
                    }
                    opened => opened.map_err(ParquetTableError::into_failure),
                }
            }
            (TableKind::Files, At::Newest) => manifest::open(name, location, store, source)
                .await
                .map_err(ManifestError::into_failure),
            _ => {
                let message = format!("{location} has one state only, the newest");
                Err(Failure::new(ErrorCode::InvalidRequest, message))
            }
        }
    }

    async fn open_delta(
        &self,
        name: Name,
        location: Location,
        at: At,
        store: &dyn ByteStore,
    ) -> Result<LakeTable, Failure> {
        self.begin_reading(&location);
        let source = self.source.clone();
        let held = match at {
            At::Version(_) => self.opened.at(&location, at),
            At::Newest | At::TimeUs(_) => self.opened.newest(&location),
        };
        let known = held.as_ref().and_then(|held| held.snapshot().cloned());
        let (place, its_name) = (location.clone(), name.clone());
        let opening = delta::open(its_name, place, at, known.clone(), store, source.clone());
        let opened = match opening.await {
            // A folder without a log is a table if it has a list of its files.
            Err(error) if error.is_no_log() && at == At::Newest => {
                let list = location.join(MANIFEST_NAME);
                return match manifest::open(name, list, store, source).await {
                    Ok(table) => Ok(table),
                    Err(lists) if lists.is_absent() => Err(error.into_failure()),
                    Err(lists) => Err(lists.into_failure()),
                };
            }
            opened => opened.map_err(delta::DeltaTableError::into_failure)?,
        };
        match (held, known, opened.snapshot()) {
            (Some(held), Some(known), Some(found)) if Arc::ptr_eq(&known, found) => {
                return Ok(held.named(name));
            }
            (_, Some(known), Some(found)) if !found.is_of_log_of(&known) => {
                self.opened.forget(&location);
            }
            _ => {}
        }
        self.opened.keep(location, &opened);
        Ok(opened)
    }

    /// Says that the log of the table at `location` is read again: what a browser keeps of it is
    /// compared with the network before it is believed.
    pub(crate) fn begin_reading(&self, location: &Location) {
        if let Some(kept) = &self.kept {
            kept.begin_reading(location);
        }
    }

    /// Runs `plan`; `meter` counts what it reads. Dropping the future stops the work.
    ///
    /// # Errors
    /// DataFusion's.
    pub async fn run(
        &self,
        plan: &LogicalPlan,
        meter: &Arc<Meter>,
    ) -> Result<Run, DataFusionError> {
        let config = self.state.config().clone().with_extension(Arc::clone(meter));
        let state =
            SessionStateBuilder::new_from_existing(self.state.clone()).with_config(config).build();
        let physical = state.create_physical_plan(plan).await?;
        let stream = execute_stream(Arc::clone(&physical), state.task_ctx())?;
        let batches = stream.try_collect().await?;
        Ok(Run::of(physical.as_ref(), batches))
    }

    /// The failure that `error` is on the wire, which ended a question over `tables`, each with its
    /// place. A data file that is gone while its table has another version, or is another table, is
    /// said so.
    pub async fn failure(
        &self,
        error: &DataFusionError,
        tables: &[(Location, TableVersion)],
    ) -> Failure {
        let plain = failure::of_plan(error);
        let Some(lost) = failure::store_error(error) else { return plain };
        if !matches!(lost, StoreError::Absent { .. } | StoreError::Forbidden { .. }) {
            return plain;
        }
        let holds = tables.iter().filter(|(place, _)| lost.location().is_within(place));
        let innermost = holds.max_by_key(|(place, _)| place.as_str().len());
        let Some((place, held)) = innermost else { return plain };
        let Some(version) = held.version else { return plain };
        let before = self.opened.at(place, At::Version(version));
        let at = TableAt { location: place.as_str().to_owned(), at: At::Newest };
        let Ok(newest) = self.open(held.table.clone(), TableKind::Delta, &at).await else {
            return plain;
        };
        let is_of_log = match (newest.snapshot(), before.as_ref().and_then(LakeTable::snapshot)) {
            (Some(newest), Some(before)) => newest.is_of_log_of(before),
            _ => true,
        };
        if is_of_log && newest.version.version == held.version {
            return plain;
        }
        let newest = newest.version.version.unwrap_or_default();
        let file = lost.location();
        let message = match is_of_log {
            true => format!(
                "version {version} of {place} is gone: {file} was removed; the newest version is {newest}"
            ),
            false => format!(
                "version {version} of {place} is gone: {file} was removed, and another log lies there, whose newest version is {newest}"
            ),
        };
        Failure::new(ErrorCode::VersionGone, message)
    }
}

/// One partition, since one worker is one thread; filters run inside the Parquet reader, so that
/// columns which only the rest needs are decoded for the rows that stay.
fn session_state(budget: Arc<Budget>) -> Result<SessionState, DataFusionError> {
    let mut config = SessionConfig::new().with_target_partitions(1).with_batch_size(8192);
    let options = config.options_mut();
    options.execution.parquet.pushdown_filters = true;
    options.execution.parquet.reorder_filters = true;
    options.execution.collect_statistics = false;
    options.sql_parser.enable_ident_normalization = false;
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(Pool::new(budget)))
        .with_disk_manager_builder(
            DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled),
        )
        .build_arc()?;
    let url = datafusion::datasource::object_store::ObjectStoreUrl::parse(NO_STORE_URL)?;
    let nothing = Arc::new(object_store::memory::InMemory::new());
    runtime.register_object_store(url.as_ref(), nothing);
    let builder = SessionStateBuilder::new().with_config(config).with_runtime_env(runtime);
    ::functions::install(functions::register(builder).build())
}

#[cfg(test)]
mod tests;
