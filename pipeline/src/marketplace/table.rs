//! Rows into a Parquet file, in batches.

use super::MarketplaceError;
use super::schema::{Kind, Source};
use arrow::array::{
    ArrayBuilder, ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Int32Builder,
    Int64Builder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows that are gathered before they are encoded.
const BATCH_ROWS: usize = 32_768;

/// Rows of one row group.
const ROW_GROUP_ROWS: usize = 524_288;

/// A source table that has been written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The name of the table; its file is `<table>.parquet`.
    pub table: &'static str,
    /// How many rows it has.
    pub n_rows: u64,
    /// The size of the file.
    pub size_bytes: u64,
}

/// One value of a row.
#[derive(Clone, Copy)]
pub(super) enum Cell<'a> {
    Null,
    /// A key.
    Id(u64),
    Count(i64),
    /// Hundredths of the currency, or of a percent.
    Cents(i64),
    Text(&'a str),
    /// Microseconds since 1970-01-01 UTC.
    Time(i64),
    /// Days since 1970-01-01.
    Day(i32),
    Flag(bool),
}

impl Cell<'_> {
    pub(super) fn id_or_null(id: Option<u64>) -> Cell<'static> {
        id.map_or(Cell::Null, Cell::Id)
    }

    pub(super) fn time_or_null(time_us: Option<i64>) -> Cell<'static> {
        time_us.map_or(Cell::Null, Cell::Time)
    }
}

enum Values {
    Id(Int64Builder),
    Count(Int32Builder),
    Cents(Decimal128Builder),
    Text(StringBuilder),
    Time(TimestampMicrosecondBuilder),
    Day(Date32Builder),
    Flag(BooleanBuilder),
}

impl Values {
    fn new(kind: Kind) -> Values {
        match kind {
            Kind::Id => Values::Id(Int64Builder::new()),
            Kind::Count => Values::Count(Int32Builder::new()),
            Kind::Money | Kind::Percent => {
                Values::Cents(Decimal128Builder::new().with_data_type(kind.arrow()))
            }
            Kind::Text => Values::Text(StringBuilder::new()),
            Kind::Time => {
                Values::Time(TimestampMicrosecondBuilder::new().with_data_type(kind.arrow()))
            }
            Kind::Day => Values::Day(Date32Builder::new()),
            Kind::Flag => Values::Flag(BooleanBuilder::new()),
        }
    }

    /// Appends `cell`; false when it is of another kind.
    fn push(&mut self, cell: Cell<'_>) -> bool {
        match (self, cell) {
            (Values::Id(values), Cell::Id(id)) => values.append_value(id as i64),
            (Values::Id(values), Cell::Null) => values.append_null(),
            (Values::Count(values), Cell::Count(count)) => values.append_value(count as i32),
            (Values::Count(values), Cell::Null) => values.append_null(),
            (Values::Cents(values), Cell::Cents(cents)) => values.append_value(i128::from(cents)),
            (Values::Cents(values), Cell::Null) => values.append_null(),
            (Values::Text(values), Cell::Text(text)) => values.append_value(text),
            (Values::Text(values), Cell::Null) => values.append_null(),
            (Values::Time(values), Cell::Time(time_us)) => values.append_value(time_us),
            (Values::Time(values), Cell::Null) => values.append_null(),
            (Values::Day(values), Cell::Day(day)) => values.append_value(day),
            (Values::Day(values), Cell::Null) => values.append_null(),
            (Values::Flag(values), Cell::Flag(flag)) => values.append_value(flag),
            (Values::Flag(values), Cell::Null) => values.append_null(),
            _ => return false,
        }
        true
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Values::Id(values) => ArrayBuilder::finish(values),
            Values::Count(values) => ArrayBuilder::finish(values),
            Values::Cents(values) => ArrayBuilder::finish(values),
            Values::Text(values) => ArrayBuilder::finish(values),
            Values::Time(values) => ArrayBuilder::finish(values),
            Values::Day(values) => ArrayBuilder::finish(values),
            Values::Flag(values) => ArrayBuilder::finish(values),
        }
    }
}

/// A file that rows are appended to. It bears its name only after [`TableWriter::finish`].
pub(super) struct TableWriter {
    table: &'static str,
    path: PathBuf,
    part_path: PathBuf,
    schema: SchemaRef,
    columns: Vec<Values>,
    writer: ArrowWriter<File>,
    n_batched: usize,
    n_rows: u64,
}

impl TableWriter {
    /// Starts `dir/<source>.parquet`.
    pub(super) fn create(
        dir: &Path,
        source: &'static Source,
    ) -> Result<TableWriter, MarketplaceError> {
        let path = dir.join(format!("{}.parquet", source.name));
        let part_path = dir.join(format!("{}.parquet.part", source.name));
        let file = File::create(&part_path)
            .map_err(|source| MarketplaceError::Write { path: part_path.clone(), source })?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .build();
        let schema = source.arrow();
        let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties))
            .map_err(|source| MarketplaceError::Parquet { path: part_path.clone(), source })?;
        let columns = source.columns.iter().map(|column| Values::new(column.kind)).collect();
        Ok(TableWriter {
            table: source.name,
            path,
            part_path,
            schema,
            columns,
            writer,
            n_batched: 0,
            n_rows: 0,
        })
    }

    /// The number of the next row, from 1: the key of tables that are numbered through.
    pub(super) fn next_id(&self) -> u64 {
        self.n_rows + 1
    }

    /// Appends a row: one cell a column, in the order of the schema.
    pub(super) fn push(&mut self, row: &[Cell<'_>]) -> Result<(), MarketplaceError> {
        if row.len() != self.columns.len() {
            let column_idx = row.len().min(self.columns.len());
            return Err(MarketplaceError::Row { table: self.table, column_idx });
        }
        for (column_idx, (values, cell)) in self.columns.iter_mut().zip(row).enumerate() {
            if !values.push(*cell) {
                return Err(MarketplaceError::Row { table: self.table, column_idx });
            }
        }
        self.n_rows += 1;
        self.n_batched += 1;
        if self.n_batched == BATCH_ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), MarketplaceError> {
        self.n_batched = 0;
        let columns = self.columns.iter_mut().map(Values::finish).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .map_err(|source| MarketplaceError::Batch { table: self.table, source })?;
        self.writer
            .write(&batch)
            .map_err(|source| MarketplaceError::Parquet { path: self.part_path.clone(), source })
    }

    /// Ends the file and gives it its name.
    pub(super) fn finish(mut self) -> Result<Written, MarketplaceError> {
        self.flush()?;
        let TableWriter { table, path, part_path, writer, n_rows, .. } = self;
        let file = writer
            .into_inner()
            .map_err(|source| MarketplaceError::Parquet { path: part_path.clone(), source })?;
        let named = file.metadata().and_then(|metadata| {
            std::fs::rename(&part_path, &path)?;
            Ok(metadata.len())
        });
        let size_bytes = named.map_err(|source| MarketplaceError::Write { path, source })?;
        Ok(Written { table, n_rows, size_bytes })
    }
}
