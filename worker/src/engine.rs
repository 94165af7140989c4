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
use futures::future::try_join_all;
use protocol::{At, ErrorCode, Extent, Failure, TableAt, TableKind, TableVersion};
use query::{Date, DateRange, QuerySpec};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use web_time::Instant;

/// A lake at one version of each of its tables.
#[derive(Debug)]
pub struct Engine {
    catalog: Catalog,
    lake: Arc<Lake>,
    providers: BTreeMap<Name, Arc<dyn TableProvider>>,
    versions: BTreeMap<Name, TableVersion>,
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
    /// Opens every table of `catalog` at its newest version.
    ///
    /// # Errors
    /// A [`Failure`] that names the table: a file that is not there, a log that is not right or
    /// needs what the reader lacks, no access.
    pub async fn open(lake: Arc<Lake>, catalog: Catalog) -> Result<(Engine, Opened), Failure> {
        let opening = catalog.tables.iter().map(|table| open_table(table, &lake));
        let tables = try_join_all(opening).await?;
        let mut providers: BTreeMap<Name, Arc<dyn TableProvider>> = BTreeMap::new();
        let mut versions = BTreeMap::new();
        for table in tables {
            versions.insert(table.version.table.clone(), table.version.clone());
            providers.insert(table.version.table.clone(), Arc::new(table));
        }
        let engine = Engine { catalog, lake, providers, versions };
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
        let state = self.lake.state();
        let scope = Scope { catalog: &self.catalog, tables: &self.providers, state };
        let plan = lower::lower(&scope, spec).map_err(|error| of_lower(&error))?;
        let tables = self.tables_of(&plan);
        let run = match self.lake.run(&plan, &meter).await {
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
        for table in &self.catalog.tables {
            let of_time = |dimension: &&Dimension| times.contains(&dimension.name);
            for dimension in table.dimensions.iter().filter(of_time) {
                if dimension.kind == DimensionKind::Date {
                    extents.push(self.extent(table, dimension).await?);
                }
            }
        }
        Ok(extents)
    }

    async fn extent(&self, table: &Table, dimension: &Dimension) -> Result<Extent, Failure> {
        let range = self.days_of(table, &dimension.column, None).await?;
        let version = self.versions.get(&table.name);
        let until = version.and_then(|version| version.committed_at_us).map(last_day_at);
        let last_by_commit = match (range, until) {
            // Only where there is such a day is a second question worth its reading.
            (Some(range), Some(until)) if range.last > until => {
                self.days_of(table, &dimension.column, Some(until)).await?.map(|days| days.last)
            }
            (range, _) => range.map(|range| range.last),
        };
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
        let Some(provider) = self.providers.get(&table.name) else { return Ok(None) };
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
            lower::extent(Arc::clone(provider), column, until).map_err(|error| misfit(&error))?;
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
