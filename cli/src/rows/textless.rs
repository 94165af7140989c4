//! Values without a text, such as a time beyond the calendar: no form can write them, and a program must not take
//! an error for a value. They become null before any form sees them, and are told at the end.

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::nullif;
use arrow::datatypes::{Field, Schema};
use arrow::error::ArrowError;
use pipeline::text;
use std::fmt;
use std::sync::Arc;

/// What had no text among the rows so far.
#[derive(Debug, Default)]
pub struct Textless {
    n_rows: usize,
    columns: Vec<Lost>,
}

#[derive(Debug)]
struct Lost {
    column: String,
    n_values: usize,
    /// What the first of them is counted as, and its row, counted from 1.
    first: (String, usize),
}

impl Textless {
    /// `batch`, which comes behind those before, with null in place of each value that has no text, and times in
    /// UTC where nobody knows their zone.
    ///
    /// # Errors
    /// Arrow's, when a column cannot be looked at.
    pub fn take_from(&mut self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(batch.num_columns());
        let mut fields = Vec::with_capacity(batch.num_columns());
        for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            let mut column = text::in_known_zone(column)?;
            if let Some(rows) = text::without_text(column.as_ref())?
                && let Some(row_idx) = rows.values().set_indices().next()
            {
                let first = (text::counted(column.as_ref(), row_idx), self.n_rows + row_idx + 1);
                self.add(field.name(), rows.true_count(), first);
                column = nullif(column.as_ref(), &rows)?;
            }
            let of = column.data_type().clone();
            fields.push(Field::new(field.name(), of, true).with_metadata(field.metadata().clone()));
            columns.push(column);
        }
        self.n_rows += batch.num_rows();
        let options =
            arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
    }

    fn add(&mut self, column: &str, n_values: usize, first: (String, usize)) {
        match self.columns.iter_mut().find(|lost| lost.column == column) {
            Some(lost) => lost.n_values += n_values,
            None => self.columns.push(Lost { column: column.to_owned(), n_values, first }),
        }
    }

    /// Whether every value had a text.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }
}

impl fmt::Display for Textless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (idx, Lost { column, n_values, first: (count, row) }) in self.columns.iter().enumerate()
        {
            let (newline, has) = (
                if idx > 0 { "\n" } else { "" },
                if *n_values == 1 { "value has" } else { "values have" },
            );
            write!(
                f,
                "{newline}column {column:?}: {n_values} {has} no text and became null, the first in row {row}: {count}; \
                 cast it to a number to see it"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
