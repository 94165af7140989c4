//! What all questions share: where bytes come from, what was read before, and the session that plans
//! run in.

use crate::failure;
use crate::functions;
use crate::inspect::{Snapshots, Until};
use crate::meter::Meter;
use crate::reader::Footers;
use crate::store::cached::CachedStore;
use crate::store::{ByteStore, Location};
use crate::table::delta;
use crate::table::parquet_file::{self, ParquetTableError};
use crate::table::{LakeTable, NO_STORE_URL, Source};
use catalog::Name;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::SessionConfig;
use futures::TryStreamExt;
use protocol::{At, ErrorCode, Failure, TableAt, TableKind};
use std::sync::Arc;

/// What the engine may use for hash tables and sorts, unless it is told otherwise.
pub const DEFAULT_MEMORY_BYTES: usize = 1 << 30;

/// What the cache of fetched ranges may hold.
const CACHE_BYTES: u64 = 256 << 20;

/// A place where tables lie, and what is known of its files.
#[derive(Debug)]
pub struct Lake {
    store: Arc<dyn ByteStore>,
    source: Source,
    state: SessionState,
    snapshots: Snapshots,
}

impl Lake {
    /// A lake over `store`, with `memory_bytes` for hash tables and sorts. Reads nothing.
    ///
    /// # Errors
    /// [`ErrorCode::Internal`] when DataFusion cannot be set up.
    pub fn new(store: Arc<dyn ByteStore>, memory_bytes: usize) -> Result<Lake, Failure> {
        let source = Source {
            store: Arc::new(CachedStore::new(Arc::clone(&store), CACHE_BYTES)),
            footers: Arc::new(Footers::default()),
        };
        let state = session_state(memory_bytes).map_err(|error| failure::of_plan(&error))?;
        Ok(Lake { store, source, state, snapshots: Snapshots::default() })
    }

    /// Functions and options.
    pub fn state(&self) -> &SessionState {
        &self.state
    }

    /// Where log files come from: nothing of them is kept.
    pub fn store(&self) -> &Arc<dyn ByteStore> {
        &self.store
    }

    /// States of tables that were described.
    pub(crate) fn snapshots(&self) -> &Snapshots {
        &self.snapshots
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
        let location = Location::new(table.location.trim_end_matches('/'));
        match (kind, table.at) {
            (TableKind::Delta, At::Newest) => {
                delta::open(name, location, self.store.as_ref(), self.source.clone())
                    .await
                    .map_err(delta::DeltaTableError::into_failure)
            }
            (TableKind::Delta, At::Version(version)) => {
                let until = Until { inner: Arc::clone(&self.store), version };
                let table = delta::open(name, location.clone(), &until, self.source.clone())
                    .await
                    .map_err(delta::DeltaTableError::into_failure)?;
                until.check(&location, table.version.version)?;
                Ok(table)
            }
            (TableKind::Parquet, At::Newest) => {
                parquet_file::open(name, location, self.store.as_ref(), self.source.clone())
                    .await
                    .map_err(of_parquet)
            }
            _ => {
                let message = format!("{location} has one state only, the newest");
                Err(Failure::new(ErrorCode::InvalidRequest, message))
            }
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
    ) -> Result<(SchemaRef, Vec<RecordBatch>), DataFusionError> {
        let config = self.state.config().clone().with_extension(Arc::clone(meter));
        let state =
            SessionStateBuilder::new_from_existing(self.state.clone()).with_config(config).build();
        let physical = state.create_physical_plan(plan).await?;
        let schema = physical.schema();
        let batches = execute_stream(physical, state.task_ctx())?.try_collect().await?;
        Ok((schema, batches))
    }
}

/// One partition, since one worker is one thread; filters run inside the Parquet reader, so that
/// columns which only the rest needs are decoded for the rows that stay.
fn session_state(memory_bytes: usize) -> Result<SessionState, DataFusionError> {
    let mut config = SessionConfig::new().with_target_partitions(1).with_batch_size(8192);
    let options = config.options_mut();
    options.execution.parquet.pushdown_filters = true;
    options.execution.parquet.reorder_filters = true;
    options.execution.collect_statistics = false;
    options.sql_parser.enable_ident_normalization = false;
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_limit(memory_bytes, 1.0)
        .with_disk_manager_builder(
            DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled),
        )
        .build_arc()?;
    let url = datafusion::datasource::object_store::ObjectStoreUrl::parse(NO_STORE_URL)?;
    let nothing = Arc::new(object_store::memory::InMemory::new());
    runtime.register_object_store(url.as_ref(), nothing);
    let builder = SessionStateBuilder::new().with_config(config).with_runtime_env(runtime);
    Ok(functions::register(builder).build())
}

fn of_parquet(error: ParquetTableError) -> Failure {
    match &error {
        ParquetTableError::Store(store) => failure::of_store(store),
        ParquetTableError::Footer { .. } => {
            Failure::new(ErrorCode::MalformedFile, error.to_string())
        }
    }
}
