//! A table of the lake at one version, as DataFusion reads it.

pub mod delta;
pub mod parquet_file;
mod statistics;

use crate::meter::Meter;
use crate::reader::{Footers, ReaderFactory};
use crate::store::Location;
use crate::store::cached::CachedStore;
use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, ScalarValue, Statistics};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use protocol::TableVersion;
use std::sync::Arc;

/// The object store under which scans are registered. Nothing is read through it: every file has a
/// reader of ours.
pub const NO_STORE_URL: &str = "lake://files/";

/// One data file of a table.
#[derive(Debug, Clone)]
pub struct DataFile {
    /// Where it is.
    pub location: Location,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// One value for each partition column, in their order.
    pub partition_values: Vec<ScalarValue>,
    /// What the log says of its columns: those of the file, then the partition columns.
    pub statistics: Option<Arc<Statistics>>,
}

/// What all tables of an engine share.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where the bytes come from.
    pub store: Arc<CachedStore>,
    /// Footers that were read before.
    pub footers: Arc<Footers>,
}

/// A table at one version.
#[derive(Debug)]
pub struct LakeTable {
    /// What the page is told of it.
    pub version: TableVersion,
    schema: TableSchema,
    files: Vec<DataFile>,
    source: Source,
}

impl LakeTable {
    /// A table of `files` whose columns are `file_schema` and then `partition_columns`.
    pub fn new(
        version: TableVersion,
        file_schema: SchemaRef,
        partition_columns: Vec<FieldRef>,
        files: Vec<DataFile>,
        source: Source,
    ) -> LakeTable {
        let schema = TableSchema::builder(views_of_text(&file_schema))
            .with_table_partition_cols(partition_columns)
            .build();
        LakeTable { version, schema, files, source }
    }

    fn partitioned(&self, file: &DataFile) -> PartitionedFile {
        let mut partitioned = PartitionedFile::new(file.location.as_str(), file.size_bytes)
            .with_partition_values(file.partition_values.clone())
            .with_extension(file.location.clone());
        // Assigned, not set by the builder, which would add the partition values a second time.
        partitioned.statistics = file.statistics.clone();
        partitioned
    }
}

/// Text is read as views: grouping and comparing them copies less.
fn views_of_text(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8 => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8View)),
        _ => Arc::clone(field),
    });
    Arc::new(Schema::new(fields.collect::<Vec<FieldRef>>()))
}

#[async_trait]
impl TableProvider for LakeTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.schema.table_schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let meter = state.config().get_extension::<Meter>().unwrap_or_default();
        let factory = ReaderFactory {
            store: Arc::clone(&self.source.store),
            footers: Arc::clone(&self.source.footers),
            meter,
        };
        let parquet = ParquetSource::new(self.schema.clone())
            .with_table_parquet_options(state.table_options().parquet.clone())
            .with_parquet_file_reader_factory(Arc::new(factory));
        let files = self.files.iter().map(|file| self.partitioned(file)).collect();
        let statistics = statistics::of_all(&self.files, self.schema.table_schema());
        let scan =
            FileScanConfigBuilder::new(ObjectStoreUrl::parse(NO_STORE_URL)?, Arc::new(parquet))
                .with_file_group(FileGroup::new(files))
                .with_statistics(statistics)
                .with_projection_indices(projection.cloned())?
                .with_limit(limit)
                .build();
        Ok(DataSourceExec::from_data_source(scan))
    }
}
