//! The rows of an answer as text: for people, or exactly for programs.

pub mod csv;
pub mod json;
pub mod table;
pub mod textless;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// A form in which rows are written. `begin` comes first, then the rows, then `end`.
pub trait RowWriter {
    /// The columns.
    ///
    /// # Errors
    /// When nobody takes the text, or a value has none.
    fn begin(&mut self, schema: &SchemaRef) -> anyhow::Result<()>;

    /// Some rows.
    ///
    /// # Errors
    /// When nobody takes the text, or a value has none.
    fn write(&mut self, batch: &RecordBatch) -> anyhow::Result<()>;

    /// There are no more rows.
    ///
    /// # Errors
    /// When nobody takes the text, or a value has none.
    fn end(&mut self) -> anyhow::Result<()>;
}

/// How values become text: dates and times as in ISO 8601, decimals with all their digits.
const FORM: FormatOptions<'static> = FormatOptions::new().with_display_error(false);

/// The text of each value of a column.
struct Texts<'b> {
    column: &'b dyn Array,
    texts: ArrayFormatter<'b>,
}

impl<'b> Texts<'b> {
    fn of(batch: &'b RecordBatch) -> Result<Vec<Texts<'b>>, ArrowError> {
        let texts = |column: &'b std::sync::Arc<dyn Array>| {
            let column = column.as_ref();
            Ok(Texts { column, texts: ArrayFormatter::try_new(column, &FORM)? })
        };
        batch.columns().iter().map(texts).collect()
    }

    /// The text of the value at `row_idx`; `None` for null.
    fn at(&self, row_idx: usize) -> Result<Option<String>, ArrowError> {
        if self.column.is_null(row_idx) {
            return Ok(None);
        }
        self.texts.value(row_idx).try_to_string().map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{
        ArrayRef, Decimal128Array, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray,
    };
    use std::sync::Arc;

    /// Two rows with a value of each kind, and one of nulls.
    pub(super) fn sample() -> RecordBatch {
        let price = Decimal128Array::from(vec![Some(1_230), Some(-5), None]);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("id", Arc::new(Int64Array::from(vec![Some(1), Some(9_007_199_254_740_993), None]))),
            ("name", Arc::new(StringArray::from(vec![Some("a \"b\",\nc"), Some(""), None]))),
            ("price", Arc::new(price.with_precision_and_scale(12, 2).unwrap())),
            (
                "at",
                Arc::new(
                    TimestampMicrosecondArray::from(vec![Some(1_500_000), Some(0), None])
                        .with_timezone("UTC"),
                ),
            ),
            ("share", Arc::new(Float64Array::from(vec![Some(0.1), Some(2.0), None]))),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    /// What `writer` makes of `batch`.
    pub(super) fn written<'o, W: RowWriter + 'o>(
        batch: &RecordBatch,
        writer: impl FnOnce(&'o mut Vec<u8>) -> W,
        out: &'o mut Vec<u8>,
    ) -> anyhow::Result<()> {
        let mut writer = writer(out);
        writer.begin(&batch.schema())?;
        writer.write(batch)?;
        writer.end()
    }
}
