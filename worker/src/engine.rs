//! Opens a lake and answers questions over it.

use crate::failure;
use crate::functions;
use crate::lower::{self, LowerError, Scope};
use crate::meter::Meter;
use crate::reader::Footers;
use crate::reply;
use crate::store::cached::CachedStore;
use crate::store::{ByteStore, Location};
use crate::table::delta::{self, DeltaTableError};
use crate::table::parquet_file::{self, ParquetTableError};
use crate::table::{LakeTable, NO_STORE_URL, Source};
use catalog::{Catalog, DimensionKind, Name, Table, TableFormat};
use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Date32Type, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::SessionConfig;
use futures::TryStreamExt;
use futures::future::try_join_all;
use protocol::{ErrorCode, Extent, Failure, ReadFacts, TableVersion};
use query::{Date, DateRange, QuerySpec};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use web_time::Instant;

/// What the engine may use for hash tables and sorts.
const MEMORY_LIMIT_BYTES: usize = 1 << 30;

/// What the cache of fetched ranges may hold.
const CACHE_BYTES: u64 = 256 << 20;

/// A lake at one version of each of its tables.
#[derive(Debug)]
pub struct Engine {
    catalog: Catalog,
    state: SessionState,
    providers: BTreeMap<Name, Arc<dyn TableProvider>>,
    versions: BTreeMap<Name, TableVersion>,
}

/// What opening a lake tells; the fields are those of [`protocol::Answer::Opened`].
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// The version of each table, in the catalog's order.
    pub tables: Vec<TableVersion>,
    /// The days of each dashboard's time dimension.
    pub extents: Vec<Extent>,
}

/// The answer to a question.
#[derive(Debug, Clone)]
pub struct Rows {
    /// The columns that [`QuerySpec`] promises.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: Vec<RecordBatch>,
    /// What they were computed from.
    pub facts: ReadFacts,
}

impl Rows {
    /// The rows as an Arrow IPC stream.
    ///
    /// # Errors
    /// [`ErrorCode::Internal`] when Arrow cannot write them.
    pub fn to_ipc(&self) -> Result<Vec<u8>, Failure> {
        reply::encode(&self.schema, &self.batches)
            .map_err(|error| Failure::new(ErrorCode::Internal, error.to_string()))
    }
}

impl Engine {
    /// Opens every table of `catalog` at its newest version.
    ///
    /// # Errors
    /// A [`Failure`] that names the table: a file that is not there, a log that is not right or
    /// needs what the reader lacks, no access.
    pub async fn open(
        store: Arc<dyn ByteStore>,
        catalog: Catalog,
    ) -> Result<(Engine, Opened), Failure> {
        let source = Source {
            store: Arc::new(CachedStore::new(Arc::clone(&store), CACHE_BYTES)),
            footers: Arc::new(Footers::default()),
        };
        let opening = catalog.tables.iter().map(|table| open_table(table, &store, &source));
        let tables = try_join_all(opening).await?;
        let mut providers: BTreeMap<Name, Arc<dyn TableProvider>> = BTreeMap::new();
        let mut versions = BTreeMap::new();
        for table in tables {
            versions.insert(table.version.table.clone(), table.version.clone());
            providers.insert(table.version.table.clone(), Arc::new(table));
        }
        let state = session_state().map_err(|error| failure::of_plan(&error))?;
        let engine = Engine { catalog, state, providers, versions };
        let tables = engine
            .catalog
            .tables
            .iter()
            .filter_map(|table| engine.versions.get(&table.name).cloned())
            .collect();
        let extents = engine.extents().await?;
        Ok((engine, Opened { tables, extents }))
    }

    /// Answers `spec`. Dropping the future stops the work.
    ///
    /// # Errors
    /// A [`Failure`]: the question does not fit the catalog, the catalog does not fit the table, or
    /// bytes did not come or were not right.
    pub async fn answer(&self, spec: &QuerySpec) -> Result<Rows, Failure> {
        let started = Instant::now();
        let meter = Arc::new(Meter::default());
        let scope = Scope { catalog: &self.catalog, tables: &self.providers, state: &self.state };
        let plan = lower::lower(&scope, spec).map_err(|error| of_lower(&error))?;
        let tables = self.tables_of(&plan);
        let (schema, batches) = self.run(plan, &meter).await.map_err(|error| {
            let failure = failure::of_plan(&error);
            match failure.code {
                ErrorCode::MalformedFile => of_file(failure, &tables),
                _ => failure,
            }
        })?;
        let facts = ReadFacts {
            n_files_read: meter.n_files(),
            n_files_total: tables.iter().map(|table| table.n_files).sum(),
            tables,
            read_bytes: meter.read_bytes(),
            fetched_bytes: meter.fetched_bytes(),
            n_requests: meter.n_requests(),
            elapsed_ms: started.elapsed().as_secs_f64() * 1000.0,
            n_rows: batches.iter().map(|batch| batch.num_rows() as u64).sum(),
        };
        Ok(Rows { schema, batches, facts })
    }

    async fn run(
        &self,
        plan: LogicalPlan,
        meter: &Arc<Meter>,
    ) -> Result<(SchemaRef, Vec<RecordBatch>), DataFusionError> {
        let config = self.state.config().clone().with_extension(Arc::clone(meter));
        let state =
            SessionStateBuilder::new_from_existing(self.state.clone()).with_config(config).build();
        let physical = state.create_physical_plan(&plan).await?;
        let schema = physical.schema();
        let batches = execute_stream(physical, state.task_ctx())?.try_collect().await?;
        Ok((schema, batches))
    }

    /// The versions of the tables that `plan` scans, in the order of the plan, each once.
    fn tables_of(&self, plan: &LogicalPlan) -> Vec<TableVersion> {
        let mut seen = BTreeSet::new();
        let mut tables = Vec::new();
        let _ = plan.apply(|node| {
            if let LogicalPlan::TableScan(scan) = node {
                let name = scan.table_name.table();
                let version = self.versions.values().find(|v| v.table.as_str() == name);
                if let Some(version) = version.filter(|_| seen.insert(name.to_owned())) {
                    tables.push(version.clone());
                }
            }
            Ok(TreeNodeRecursion::Continue)
        });
        tables
    }

    async fn extents(&self) -> Result<Vec<Extent>, Failure> {
        let times: BTreeSet<&Name> = self.catalog.dashboards.iter().map(|d| &d.time).collect();
        let mut extents = Vec::new();
        for time in times {
            let mut range: Option<DateRange> = None;
            for table in &self.catalog.tables {
                let Some(dimension) = table.dimension(time) else { continue };
                if dimension.kind != DimensionKind::Date {
                    continue;
                }
                let days = self.days_of(table, &dimension.column).await?;
                range = match (range, days) {
                    (Some(a), Some(b)) => {
                        Some(DateRange { first: a.first.min(b.first), last: a.last.max(b.last) })
                    }
                    (a, b) => a.or(b),
                };
            }
            extents.push(Extent { dimension: time.clone(), range });
        }
        Ok(extents)
    }

    async fn days_of(&self, table: &Table, column: &str) -> Result<Option<DateRange>, Failure> {
        let Some(provider) = self.providers.get(&table.name) else { return Ok(None) };
        let misfit = |error: &DataFusionError| {
            let mut failure = failure::of_plan(error);
            failure.message = format!("table {}, column {column}: {}", table.name, failure.message);
            failure
        };
        let plan = lower::extent(Arc::clone(provider), column).map_err(|error| misfit(&error))?;
        let meter = Arc::new(Meter::default());
        let (_, batches) = self.run(plan, &meter).await.map_err(|error| misfit(&error))?;
        let day = |idx: usize| {
            let column =
                batches.first().filter(|batch| batch.num_rows() > 0)?.columns().get(idx)?;
            let days = column.as_primitive_opt::<Date32Type>()?;
            days.is_valid(0).then(|| Date::from_days(days.value(0)))
        };
        let is_date = provider
            .schema()
            .field_with_name(column)
            .is_ok_and(|field| field.data_type() == &DataType::Date32);
        if !is_date {
            let message =
                format!("table {}, column {column}: a time dimension is a date", table.name);
            return Err(Failure::new(ErrorCode::InvalidCatalog, message));
        }
        Ok(day(0).zip(day(1)).map(|(first, last)| DateRange { first, last }))
    }
}

async fn open_table(
    table: &Table,
    store: &Arc<dyn ByteStore>,
    source: &Source,
) -> Result<LakeTable, Failure> {
    let name = table.name.clone();
    let location = Location::new(table.location.as_str());
    let opened = match table.format {
        TableFormat::Delta => {
            delta::open(name, location, store.as_ref(), source.clone()).await.map_err(of_delta)
        }
        TableFormat::Parquet => parquet_file::open(name, location, store.as_ref(), source.clone())
            .await
            .map_err(of_parquet),
    };
    opened.map_err(|failure| Failure {
        code: failure.code,
        message: format!("table {}: {}", table.name, failure.message),
    })
}

/// One partition, since one worker is one thread; filters run inside the Parquet reader, so that
/// columns which only the rest needs are decoded for the rows that stay.
fn session_state() -> Result<SessionState, DataFusionError> {
    let mut config = SessionConfig::new().with_target_partitions(1).with_batch_size(8192);
    let options = config.options_mut();
    options.execution.parquet.pushdown_filters = true;
    options.execution.parquet.reorder_filters = true;
    options.execution.collect_statistics = false;
    options.sql_parser.enable_ident_normalization = false;
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_limit(MEMORY_LIMIT_BYTES, 1.0)
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

/// Names the tables in a failure of a decoder, which does not know what it decodes.
fn of_file(failure: Failure, tables: &[TableVersion]) -> Failure {
    let names: Vec<&str> = tables.iter().map(|table| table.table.as_str()).collect();
    let message = format!("a data file of table {}: {}", names.join(" or "), failure.message);
    Failure { message, ..failure }
}

fn of_lower(error: &LowerError) -> Failure {
    let code = match error {
        LowerError::Misfit { .. } => ErrorCode::InvalidCatalog,
        _ => ErrorCode::InvalidRequest,
    };
    Failure::new(code, error.to_string())
}

fn of_delta(error: DeltaTableError) -> Failure {
    error.into_failure()
}

fn of_parquet(error: ParquetTableError) -> Failure {
    match &error {
        ParquetTableError::Store(store) => failure::of_store(store),
        ParquetTableError::Footer { .. } => {
            Failure::new(ErrorCode::MalformedFile, error.to_string())
        }
    }
}
