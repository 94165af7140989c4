//! Tables of a lake as lists of Parquet files: all that an executor has to know of them.

use crate::request::{Group, Table};
use crate::session;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::ipc::reader::StreamReader;
use datafusion::catalog::TableProvider;
use datafusion::common::TableReference;
use datafusion::common::{Column, ScalarValue};
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{
    ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl,
};
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};
use datafusion::prelude::SessionContext;
use std::sync::Arc;

/// Makes the names of `tables` known to `ctx`.
///
/// # Errors
/// When one has columns or values that cannot be read.
pub fn register(ctx: &SessionContext, tables: &[Table]) -> Result<(), DataFusionError> {
    for table in tables {
        session::layer(ctx, &table.schema)?;
        let reference = TableReference::partial(table.schema.as_str(), table.name.as_str());
        ctx.register_table(reference, provider(table)?)?;
    }
    Ok(())
}

fn provider(table: &Table) -> Result<Arc<dyn TableProvider>, DataFusionError> {
    let columns = decoded(&table.columns)?;
    if let ([group], []) = (table.groups.as_slice(), table.partition_columns.as_slice()) {
        return Ok(Arc::new(files(columns, group)?));
    }
    // The values of a partition are in no file, so each partition is a query that adds them.
    let is_stored =
        |name: &String| !table.partition_columns.iter().any(|partition| partition == name);
    let stored: Vec<_> =
        columns.fields().iter().filter(|field| is_stored(field.name())).cloned().collect();
    let stored = Arc::new(Schema::new(stored));
    let mut parts = Vec::with_capacity(table.groups.len());
    for group in &table.groups {
        let files = Arc::new(files(Arc::clone(&stored), group)?);
        let scan = LogicalPlanBuilder::scan("files", provider_as_source(files), None)?;
        let columns = columns.fields().iter().map(|field| {
            let idx = table.partition_columns.iter().position(|name| name == field.name());
            let Some(idx) = idx else {
                return Ok(Expr::Column(Column::new(Some("files"), field.name())));
            };
            let value = match group.values.get(idx).cloned().flatten() {
                Some(text) => ScalarValue::try_from_string(text, field.data_type())?,
                None => ScalarValue::try_new_null(field.data_type())?,
            };
            Ok(lit(value).alias(field.name()))
        });
        let columns = columns.collect::<Result<Vec<Expr>, DataFusionError>>()?;
        parts.push(scan.project(columns)?.build()?);
    }
    let no_files =
        || DataFusionError::Plan(format!("{}.{} has no files", table.schema, table.name));
    Ok(Arc::new(ViewTable::new(united(parts)?.ok_or_else(no_files)?, None)))
}

fn united(parts: Vec<LogicalPlan>) -> Result<Option<LogicalPlan>, DataFusionError> {
    let mut parts = parts.into_iter();
    let Some(first) = parts.next() else { return Ok(None) };
    let mut union = LogicalPlanBuilder::new(first);
    for part in parts {
        union = union.union(part)?;
    }
    union.build().map(Some)
}

fn files(columns: SchemaRef, group: &Group) -> Result<ListingTable, DataFusionError> {
    let urls = group.urls.iter().map(ListingTableUrl::parse).collect::<Result<Vec<_>, _>>()?;
    let options = ListingOptions::new(Arc::new(ParquetFormat::default())).with_file_extension("");
    let config = ListingTableConfig::new_with_multi_paths(urls)
        .with_listing_options(options)
        .with_schema(columns);
    ListingTable::try_new(config)
}

fn decoded(columns: &str) -> Result<SchemaRef, DataFusionError> {
    let bytes = BASE64_STANDARD
        .decode(columns)
        .map_err(|e| DataFusionError::Plan(format!("the columns of a table are no base64: {e}")))?;
    Ok(StreamReader::try_new(bytes.as_slice(), None)?.schema())
}
