//! A table at one state, as DataFusion reads it.

mod align;
pub mod changes;
mod deletions;
pub mod delta;
mod files;
pub mod manifest;
pub mod parquet_file;
mod prune;
mod rename;
mod statistics;
mod union;
mod variant;

use crate::meter::Meter;
use crate::reader::{Footers, ReaderFactory};
use crate::store::cached::CachedStore;
use align::AlignFactory;
use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Statistics};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
pub use deletions::{DeletionError, FileRows};
use delta_log::{ColumnMapping, Snapshot};
pub use files::{DataFile, FileError, FileSet, data_location};
use protocol::TableVersion;
pub use rename::Words;
use std::collections::HashSet;
use std::sync::Arc;

/// The object store under which scans are registered. Nothing is read through it: every file has a
/// reader of ours.
pub const NO_STORE_URL: &str = "lake://files/";

/// Above so many files the bounds of columns are not gathered for the optimizer: skipping files
/// looks at them one column at a time.
const MAX_SUMMARISED_FILES: usize = 10_000;

/// Where the bytes of tables come from.
#[derive(Debug, Clone)]
pub struct Source {
    /// Ranges of data files.
    pub store: Arc<CachedStore>,
}

/// A table at one state.
#[derive(Debug, Clone)]
pub struct LakeTable {
    /// What the page is told of it.
    pub version: TableVersion,
    /// The columns in the table's order, in the types that plans compute with.
    schema: SchemaRef,
    /// The columns whose values are not in the files.
    partition_columns: HashSet<String>,
    words: Option<Arc<Words>>,
    files: Arc<FileSet>,
    footers: Arc<Footers>,
    source: Source,
}

impl LakeTable {
    /// The table that a log describes.
    pub fn of_snapshot(
        version: TableVersion,
        files: FileSet,
        snapshot: &Snapshot,
        source: Source,
    ) -> LakeTable {
        let metadata = &snapshot.metadata;
        let words = Words {
            fields: metadata.file_fields().cloned().collect(),
            mapping: metadata.column_mapping,
        };
        LakeTable {
            version,
            schema: engine_schema(metadata.schema.fields()),
            partition_columns: metadata.partition_columns.iter().cloned().collect(),
            words: Some(Arc::new(words)),
            files: Arc::new(files),
            footers: Footers::within(source.store.budget()),
            source,
        }
    }

    /// A table of Parquet files that have the columns `file_fields`, and for each of
    /// `partition_fields` one value a file.
    pub fn of_files(
        version: TableVersion,
        file_fields: &Fields,
        partition_fields: Vec<FieldRef>,
        files: Vec<DataFile>,
        source: Source,
    ) -> LakeTable {
        let partition_columns = partition_fields.iter().map(|field| field.name().clone()).collect();
        let is_file_field = |field: &&FieldRef| {
            !partition_fields.iter().any(|partition| partition.name() == field.name())
        };
        let fields = file_fields.iter().filter(is_file_field).cloned();
        let fields: Fields = fields.chain(partition_fields.iter().cloned()).collect();
        LakeTable {
            version,
            schema: engine_schema(&fields),
            partition_columns,
            words: None,
            files: Arc::new(FileSet::Listed(files)),
            footers: Footers::within(source.store.budget()),
            source,
        }
    }

    /// The same table, whose footers were read before.
    fn with_footers(self, footers: Arc<Footers>) -> LakeTable {
        LakeTable { footers, ..self }
    }

    /// The same table, whose files have `fields` under other names, case aside, or in other types.
    fn with_words(self, fields: Fields) -> LakeTable {
        let words = Words { fields, mapping: ColumnMapping::None };
        LakeTable { words: Some(Arc::new(words)), ..self }
    }

    /// The same table under another name.
    pub fn named(&self, name: catalog::Name) -> LakeTable {
        let version = TableVersion { table: name, ..self.version.clone() };
        LakeTable { version, ..self.clone() }
    }

    /// The state of the log, of a Delta table.
    pub fn snapshot(&self) -> Option<&Arc<Snapshot>> {
        match self.files.as_ref() {
            FileSet::Delta { snapshot, .. } => Some(snapshot),
            FileSet::Listed(_) => None,
        }
    }

    /// The data files.
    pub fn files(&self) -> &FileSet {
        &self.files
    }

    /// Makes readers of this table's files that count on `meter`.
    pub fn readers(&self, meter: Arc<Meter>) -> ReaderFactory {
        ReaderFactory {
            store: Arc::clone(&self.source.store),
            footers: Arc::clone(&self.footers),
            words: self.words.clone(),
            meter,
        }
    }

    /// The statistics of `files` together, over `schema`.
    fn summary(&self, files: &[PartitionedFile], schema: &Schema) -> Statistics {
        statistics::of_all(files, schema)
    }
}

/// The types that plans compute with: text as views, since grouping and comparing them copies less,
/// and everything nullable, since writers disagree over what `required` means.
fn engine_schema(fields: &Fields) -> SchemaRef {
    let fields = fields.iter().map(|field| {
        let field = nullable(field);
        match field.data_type() {
            DataType::Utf8 if !variant::is_variant(&field) => {
                Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8View))
            }
            _ => field,
        }
    });
    Arc::new(Schema::new(fields.collect::<Vec<FieldRef>>()))
}

/// The field and all below it as nullable, except keys of maps; metadata stays on variants only.
fn nullable(field: &FieldRef) -> FieldRef {
    let item = |item: &FieldRef| nullable(item);
    let data_type = match field.data_type() {
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(item).collect()),
        DataType::List(it) => DataType::List(item(it)),
        DataType::LargeList(it) => DataType::LargeList(item(it)),
        DataType::FixedSizeList(it, size) => DataType::FixedSizeList(item(it), *size),
        DataType::Map(entry, is_sorted) => match entry.data_type() {
            DataType::Struct(parts) => {
                let parts: Fields = parts
                    .iter()
                    .enumerate()
                    .map(|(part_idx, part)| match part_idx {
                        0 => Arc::new(nullable(part).as_ref().clone().with_nullable(false)),
                        _ => nullable(part),
                    })
                    .collect();
                let entry = Field::new(entry.name(), DataType::Struct(parts), false);
                DataType::Map(Arc::new(entry), *is_sorted)
            }
            _ => field.data_type().clone(),
        },
        other => other.clone(),
    };
    let plain = Field::new(field.name(), data_type, true);
    Arc::new(match variant::is_variant(field) {
        true => plain.with_metadata(field.metadata().clone()),
        false => plain,
    })
}

#[async_trait]
impl TableProvider for LakeTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// Every filter is looked at to skip files, and asked again of the rows.
    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>, DataFusionError> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let meter = state.config().get_extension::<Meter>().unwrap_or_default();
        let all: Vec<usize> = (0..self.schema.fields().len()).collect();
        let wanted = self.schema.project(projection.unwrap_or(&all))?;
        let is_partition = |field: &&FieldRef| self.partition_columns.contains(field.name());
        let (in_path, in_file): (Vec<&FieldRef>, Vec<&FieldRef>) =
            wanted.fields().iter().partition(is_partition);
        let scanned = TableSchema::builder(Arc::new(Schema::new(
            in_file.into_iter().cloned().collect::<Vec<FieldRef>>(),
        )))
        .with_table_partition_cols(in_path.into_iter().cloned().collect::<Vec<FieldRef>>())
        .build();
        let order = wanted
            .fields()
            .iter()
            .map(|field| scanned.table_schema().index_of(field.name()))
            .collect::<Result<Vec<usize>, _>>()?;

        let kept = prune::kept_files(self, state, filters, limit)?;
        let files = self.partitioned(&kept, &scanned, &meter).await?;
        let statistics = self.summary(&files, scanned.table_schema());
        let mut options = state.table_options().parquet.clone();
        options.global.coerce_int96 = Some("us".to_owned());
        let parquet = ParquetSource::new(scanned)
            .with_table_parquet_options(options)
            .with_parquet_file_reader_factory(Arc::new(self.readers(meter)));
        let scan =
            FileScanConfigBuilder::new(ObjectStoreUrl::parse(NO_STORE_URL)?, Arc::new(parquet))
                .with_file_group(FileGroup::new(files))
                .with_statistics(statistics)
                .with_projection_indices(Some(order))?
                .with_expr_adapter(Some(Arc::new(AlignFactory)))
                .with_limit(limit)
                .build();
        Ok(DataSourceExec::from_data_source(scan))
    }
}

#[cfg(test)]
mod tests;
