//! Rows as they come, gathered into Arrow batches of bounded size.

use super::cell::{self, Cell, Misfit};
use super::kind::Kind;
use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder,
    Float64Builder, Int32Builder, Int64Builder, RecordBatch, RecordBatchOptions, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use mysql_async::Value;
use std::sync::Arc;

/// Rows of a full batch.
const MOST_ROWS: usize = 8192;

/// A batch of wide rows is full at so many bytes, whatever the number of its rows.
const MOST_BYTES: usize = 8 << 20;

/// What a value that is not text takes, roughly.
const CELL_BYTES: usize = 8;

/// What becomes of `0000-00-00`, which says in a column that is not null that there is no date. A date
/// of which only a part is zero, such as `2024-00-00`, is refused either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ZeroDates {
    /// It is null; such values are counted.
    #[default]
    Null,
    /// It is an error.
    Fail,
}

/// A batch that is not full yet.
pub(super) struct BatchBuilder {
    schema: SchemaRef,
    zero_dates: ZeroDates,
    columns: Vec<(Kind, Column)>,
    n_rows: usize,
    n_bytes: usize,
    n_zero_dates: u64,
}

/// A value that does not fit.
#[derive(Debug)]
pub(super) struct Refused {
    /// Which column.
    pub(super) column_idx: usize,
    /// The rule that it breaks.
    pub(super) rule: &'static str,
}

impl BatchBuilder {
    /// An empty batch of `schema`, whose columns are of `kinds`.
    pub(super) fn new(schema: SchemaRef, kinds: &[Kind], zero_dates: ZeroDates) -> BatchBuilder {
        let columns = kinds.iter().map(|kind| (*kind, Column::new(*kind))).collect();
        BatchBuilder { schema, zero_dates, columns, n_rows: 0, n_bytes: 0, n_zero_dates: 0 }
    }

    /// Takes a row, which has a value for each column.
    pub(super) fn take(&mut self, row: &[Value]) -> Result<(), Refused> {
        for (column_idx, ((kind, column), value)) in self.columns.iter_mut().zip(row).enumerate() {
            let cell = match (cell::read(*kind, value), self.zero_dates) {
                (Ok(cell), _) => cell,
                (Err(Misfit::ZeroDate), ZeroDates::Null) => {
                    self.n_zero_dates += 1;
                    Cell::Null
                }
                (Err(Misfit::ZeroDate), ZeroDates::Fail) => {
                    return Err(Refused { column_idx, rule: "is no date" });
                }
                (Err(Misfit::Value(rule)), _) => return Err(Refused { column_idx, rule }),
            };
            self.n_bytes += match &cell {
                Cell::Text(text) => text.len(),
                Cell::Bytes(bytes) => bytes.len(),
                _ => CELL_BYTES,
            };
            let refused = Refused { column_idx, rule: cell::OTHER_TYPE };
            column.append(cell).ok_or(refused)?;
        }
        self.n_rows += 1;
        Ok(())
    }

    /// Whether it should be finished before another row.
    pub(super) fn is_full(&self) -> bool {
        self.n_rows >= MOST_ROWS || self.n_bytes >= MOST_BYTES
    }

    /// Rows in it.
    pub(super) fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Zero dates that became null since the first row of the first batch.
    pub(super) fn n_zero_dates(&self) -> u64 {
        self.n_zero_dates
    }

    /// The batch, and an empty one in its place.
    ///
    /// # Errors
    /// When a row had no value for some column.
    pub(super) fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let columns = self.columns.iter_mut().map(|(kind, column)| column.finish(*kind)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.n_rows));
        (self.n_rows, self.n_bytes) = (0, 0);
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
    }
}

/// The values of a column.
enum Column {
    Int(Int32Builder),
    Long(Int64Builder),
    Decimal(Decimal128Builder),
    Float(Float32Builder),
    Double(Float64Builder),
    Boolean(BooleanBuilder),
    Date(Date32Builder),
    Moment(TimestampMicrosecondBuilder),
    Text(StringBuilder),
    Binary(BinaryBuilder),
}

impl Column {
    fn new(kind: Kind) -> Column {
        match kind.arrow() {
            DataType::Int32 => Column::Int(Int32Builder::new()),
            DataType::Int64 => Column::Long(Int64Builder::new()),
            DataType::Decimal128(..) => Column::Decimal(Decimal128Builder::new()),
            DataType::Float32 => Column::Float(Float32Builder::new()),
            DataType::Float64 => Column::Double(Float64Builder::new()),
            DataType::Boolean => Column::Boolean(BooleanBuilder::new()),
            DataType::Date32 => Column::Date(Date32Builder::new()),
            DataType::Timestamp(..) => Column::Moment(TimestampMicrosecondBuilder::new()),
            DataType::Binary => Column::Binary(BinaryBuilder::new()),
            _ => Column::Text(StringBuilder::new()),
        }
    }

    /// `None` when `cell` is of another type than the column.
    fn append(&mut self, cell: Cell<'_>) -> Option<()> {
        match (self, cell) {
            (column, Cell::Null) => column.append_null(),
            (Column::Int(column), Cell::Int(value)) => column.append_value(value),
            (Column::Long(column), Cell::Long(value)) => column.append_value(value),
            (Column::Decimal(column), Cell::Decimal(value)) => column.append_value(value),
            (Column::Float(column), Cell::Float(value)) => column.append_value(value),
            (Column::Double(column), Cell::Double(value)) => column.append_value(value),
            (Column::Boolean(column), Cell::Boolean(value)) => column.append_value(value),
            (Column::Date(column), Cell::Days(value)) => column.append_value(value),
            (Column::Moment(column), Cell::Micros(value)) => column.append_value(value),
            (Column::Text(column), Cell::Text(value)) => column.append_value(value),
            (Column::Binary(column), Cell::Bytes(value)) => column.append_value(value),
            _ => return None,
        }
        Some(())
    }

    fn append_null(&mut self) {
        match self {
            Column::Int(column) => column.append_null(),
            Column::Long(column) => column.append_null(),
            Column::Decimal(column) => column.append_null(),
            Column::Float(column) => column.append_null(),
            Column::Double(column) => column.append_null(),
            Column::Boolean(column) => column.append_null(),
            Column::Date(column) => column.append_null(),
            Column::Moment(column) => column.append_null(),
            Column::Text(column) => column.append_null(),
            Column::Binary(column) => column.append_null(),
        }
    }

    fn finish(&mut self, kind: Kind) -> ArrayRef {
        let arrow = kind.arrow();
        match self {
            Column::Int(column) => Arc::new(column.finish()),
            Column::Long(column) => Arc::new(column.finish()),
            Column::Decimal(column) => Arc::new(column.finish().with_data_type(arrow)),
            Column::Float(column) => Arc::new(column.finish()),
            Column::Double(column) => Arc::new(column.finish()),
            Column::Boolean(column) => Arc::new(column.finish()),
            Column::Date(column) => Arc::new(column.finish()),
            Column::Moment(column) => {
                let zone: Option<Arc<str>> = match arrow {
                    DataType::Timestamp(_, zone) => zone,
                    _ => None,
                };
                Arc::new(column.finish().with_timezone_opt(zone))
            }
            Column::Text(column) => Arc::new(column.finish()),
            Column::Binary(column) => Arc::new(column.finish()),
        }
    }
}
