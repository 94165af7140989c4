//! Opens a lake and answers questions over it.

use crate::failure;
use crate::lake::Lake;
use crate::lower::{self, LowerError, Scope};
use crate::meter::Meter;
use crate::rows::Rows;
use crate::store::Location;
use crate::table::LakeTable;
use catalog::{Catalog, Dimension, DimensionKind, Name, Table, TableFormat};
use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::{DataType, Date32Type};
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::LogicalPlan;
use futures::future::join_all;
use protocol::{At, ErrorCode, Extent, Failure, TableAt, TableKind, TableVersion};
use query::{Date, DateRange, QuerySpec};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use web_time::{Instant, SystemTime};

/// A lake at one version of each of its tables.
#[derive(Debug)]
pub struct Engine {
    catalog: Catalog,
    lake: Arc<Lake>,
    tables: Mutex<Tables>,
}

/// The tables of a catalog, by their names there.
#[derive(Debug, Clone, Default)]
struct Tables {
    providers: BTreeMap<Name, Arc<dyn TableProvider>>,
    versions: BTreeMap<Name, TableVersion>,
    /// Those that could not be opened.
    failures: BTreeMap<Name, Failure>,
}

impl Tables {
    fn put(&mut self, name: &Name, opened: Result<LakeTable, Failure>) {
        match opened {
            Ok(table) => {
                self.failures.remove(name);
                self.versions.insert(name.clone(), table.version.clone());
                self.providers.insert(name.clone(), Arc::new(table));
            }
            Err(failure) => {
                self.versions.remove(name);
                self.providers.remove(name);
                self.failures.insert(name.clone(), failure);
            }
        }
    }
}

/// What opening a lake tells; the fields are those of [`protocol::Answer::Opened`].
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// The version of each table, in the catalog's order.
    pub tables: Vec<TableVersion>,
    /// The days of each table that has the time dimension of a dashboard.
    pub extents: Vec<Extent>,
}

impl Engine {
    /// Opens every table of `catalog` at its newest version. A table that cannot be opened takes
    /// nothing from the others: whoever asks for it is told why.
    ///
    /// # Errors
    /// A [`Failure`] that names the table, when none can be opened or nobody is logged in: a file
    /// that is not there, a log that is not right or needs what the reader lacks, no access.
    pub async fn open(lake: Arc<Lake>, catalog: Catalog) -> Result<(Engine, Opened), Failure> {
        let opening = catalog.tables.iter().map(|table| open_table(table, &lake));
        let mut tables = Tables::default();
        for (table, opened) in catalog.tables.iter().zip(join_all(opening).await) {
            tables.put(&table.name, opened);
        }
        let engine = Engine { catalog, lake, tables: Mutex::new(tables) };
        engine.refuse_if_closed()?;
        let extents = engine.extents().await;
        engine.refuse_if_closed()?;
        let tables = engine.tables().clone();
        let names = engine.catalog.tables.iter().map(|table| &table.name);
        let tables = names.filter_map(|name| tables.versions.get(name).cloned()).collect();
        Ok((engine, Opened { tables, extents }))
    }

    /// The failure that keeps the whole lake closed, if there is one.
    fn refuse_if_closed(&self) -> Result<(), Failure> {
        let tables = self.tables();
        let names = self.catalog.tables.iter().map(|table| &table.name);
        let mut failures = names.filter_map(|name| tables.failures.get(name));
        let logged_out = failures.clone().find(|it| it.code == ErrorCode::Unauthorized);
        let is_closed = tables.providers.is_empty();
        match logged_out.or_else(|| failures.next().filter(|_| is_closed)) {
            Some(failure) => Err(failure.clone()),
            None => Ok(()),
        }
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a table again.
    async fn reopen(&self, name: &Name) -> Result<(), Failure> {
        let Some(table) = self.catalog.table(name) else { return Ok(()) };
        let opened = open_table(table, &self.lake).await;
        let outcome = opened.as_ref().map(|_| ()).map_err(Clone::clone);
        self.tables().put(name, opened);
        outcome
    }

    /// Answers `spec`. Dropping the future stops the work.
    ///
    /// # Errors
    /// A [`Failure`]: the question does not fit the catalog, the catalog does not fit the table, a
    /// table cannot be opened, or bytes did not come or were not right.
    pub async fn answer(&self, spec: &QuerySpec) -> Result<Rows, Failure> {
        let started = Instant::now();
        let mut has_changed = false;
        loop {
            let tables = self.tables().clone();
            let (providers, state) = (&tables.providers, self.lake.state());
            let scope = Scope { catalog: &self.catalog, tables: providers, state };
            let plan = match lower::lower(&scope, spec) {
                Ok(plan) => plan,
                // It could not be opened before, and may be now.
                Err(LowerError::Unknown { what: "table", name })
                    if tables.failures.contains_key(&name) =>
                {
                    self.reopen(&name).await?;
                    continue;
                }
                Err(error) => return Err(of_lower(&error)),
            };
            let scanned = tables_of(&plan, &tables);
            match self.run(&plan, scanned.clone(), started).await {
                // A file that no log describes was replaced: it is read again from its footer.
                Err(failure) if failure.code == ErrorCode::Changed && !has_changed => {
                    has_changed = true;
                    for table in scanned.iter().filter(|table| table.version.is_none()) {
                        self.reopen(&table.table).await?;
                    }
                }
                outcome => return outcome,
            }
        }
    }

    async fn run(
        &self,
        plan: &LogicalPlan,
        tables: Vec<TableVersion>,
        started: Instant,
    ) -> Result<Rows, Failure> {
        let meter = Arc::new(Meter::default());
        let run = match self.lake.run(plan, &meter).await {
            Ok(run) => run,
            Err(error) => {
                let places: Vec<(Location, TableVersion)> =
                    tables.iter().filter_map(|version| self.placed(version)).collect();
                let failure = self.lake.failure(&error, &places).await;
                return Err(match failure.code {
                    ErrorCode::MalformedFile => failure::in_file(failure, &tables),
                    _ => failure,
                });
            }
        };
        let facts = run.facts(tables, &meter, started);
        Ok(Rows { schema: run.schema, batches: run.batches, facts })
    }

    fn placed(&self, version: &TableVersion) -> Option<(Location, TableVersion)> {
        let table = self.catalog.table(&version.table)?;
        Some((Location::new(table.location.trim_end_matches('/')), version.clone()))
    }

    /// The days of the tables that could be opened. One whose days cannot be read counts as one that
    /// cannot be opened.
    async fn extents(&self) -> Vec<Extent> {
        let times: BTreeSet<&Name> = self.catalog.dashboards.iter().map(|d| &d.time).collect();
        let mut extents = Vec::new();
        for table in &self.catalog.tables {
            let of_time = |dimension: &&Dimension| times.contains(&dimension.name);
            for dimension in table.dimensions.iter().filter(of_time) {
                let is_open = self.tables().providers.contains_key(&table.name);
                if dimension.kind != DimensionKind::Date || !is_open {
                    continue;
                }
                match self.extent(table, dimension).await {
                    Ok(extent) => extents.push(extent),
                    Err(failure) => self.tables().put(&table.name, Err(failure)),
                }
            }
        }
        extents
    }

    async fn extent(&self, table: &Table, dimension: &Dimension) -> Result<Extent, Failure> {
        let range = self.days_of(table, &dimension.column, None).await?;
        let committed_at_us =
            self.tables().versions.get(&table.name).and_then(|version| version.committed_at_us);
        let committed = committed_at_us.map(last_day_at);
        let mut last_by_commit = None;
        // A clock that was wrong, or a copy that kept no time, says that all days are to come.
        for until in committed.into_iter().chain([last_day_at(now_us())]) {
            last_by_commit = match range {
                // Only where there is such a day is a second question worth its reading.
                Some(range) if range.last > until => {
                    self.days_of(table, &dimension.column, Some(until)).await?.map(|days| days.last)
                }
                range => range.map(|range| range.last),
            };
            if last_by_commit.is_some() {
                break;
            }
        }
        let (table, dimension) = (table.name.clone(), dimension.name.clone());
        Ok(Extent { table, dimension, range, last_by_commit })
    }

    /// The first and the last day of `column` up to the day `until`.
    async fn days_of(
        &self,
        table: &Table,
        column: &str,
        until: Option<Date>,
    ) -> Result<Option<DateRange>, Failure> {
        let provider = self.tables().providers.get(&table.name).cloned();
        let Some(provider) = provider else { return Ok(None) };
        let place = format!("table {}, column {column}", table.name);
        let misfit = |error: &DataFusionError| {
            let failure = failure::of_plan(error);
            Failure { message: format!("{place}: {}", failure.message), ..failure }
        };
        let schema = provider.schema();
        if schema.field_with_name(column).is_ok_and(|field| field.data_type() != &DataType::Date32)
        {
            let message = format!("{place}: a time dimension is a date");
            return Err(Failure::new(ErrorCode::InvalidCatalog, message));
        }
        let plan =
            lower::extent(Arc::clone(&provider), column, until).map_err(|error| misfit(&error))?;
        let meter = Arc::new(Meter::default());
        let run = self.lake.run(&plan, &meter).await.map_err(|error| misfit(&error))?;
        let batches = run.batches;
        let day = |idx: usize| {
            let column =
                batches.first().filter(|batch| batch.num_rows() > 0)?.columns().get(idx)?;
            let days = column.as_primitive_opt::<Date32Type>()?;
            days.is_valid(0).then(|| Date::from_days(days.value(0)))
        };
        Ok(day(0).zip(day(1)).map(|(first, last)| DateRange { first, last }))
    }
}

/// The last day that had begun anywhere on earth at `utc_us`.
fn last_day_at(utc_us: i64) -> Date {
    let zone_us = 14 * 3_600_000_000_i64;
    let days = utc_us.saturating_add(zone_us).div_euclid(86_400_000_000);
    Date::from_days(i32::try_from(days).unwrap_or(i32::MAX))
}

/// The present moment in UTC microseconds.
fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// The versions of the tables that `plan` scans, in the order of the plan, each once.
fn tables_of(plan: &LogicalPlan, opened: &Tables) -> Vec<TableVersion> {
    let mut seen = BTreeSet::new();
    let mut tables = Vec::new();
    let _ = plan.apply(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            let name = scan.table_name.table();
            let version = opened.versions.values().find(|v| v.table.as_str() == name);
            if let Some(version) = version.filter(|_| seen.insert(name.to_owned())) {
                tables.push(version.clone());
            }
        }
        Ok(TreeNodeRecursion::Continue)
    });
    tables
}

async fn open_table(table: &Table, lake: &Lake) -> Result<LakeTable, Failure> {
    let at = TableAt { location: table.location.clone(), at: At::Newest };
    let kind = match table.format {
        TableFormat::Delta => TableKind::Delta,
        TableFormat::Parquet => TableKind::Parquet,
    };
    lake.open(table.name.clone(), kind, &at).await.map_err(|failure| Failure {
        code: failure.code,
        message: format!("table {}: {}", table.name, failure.message),
    })
}

fn of_lower(error: &LowerError) -> Failure {
    let code = match error {
        LowerError::Misfit { .. } => ErrorCode::InvalidCatalog,
        _ => ErrorCode::InvalidRequest,
    };
    Failure::new(code, error.to_string())
}

#[cfg(test)]
mod tests;
