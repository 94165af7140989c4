//! Rows as a table for people: columns under each other, numbers to the right, nothing cut off.
//!
//! The widths are those of the first rows, so that a long answer is shown while it comes; a later value that is wider
//! moves what stands behind it.

use super::{RowWriter, Texts};
use crate::paint::{Paint, Tint};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use std::io::Write;
use unicode_width::UnicodeWidthStr;

/// Rows whose widths count.
const N_MEASURED: usize = 1_000;

/// What stands for null.
const NULL: &str = "NULL";

type Cells = Vec<Option<String>>;

/// Writes a table.
pub struct Table<W> {
    out: W,
    paint: Paint,
    columns: Vec<Column>,
    /// The rows that are measured; `None` when the widths are known and the head is written.
    measured: Option<Vec<Cells>>,
}

struct Column {
    name: String,
    is_number: bool,
    width: usize,
}

impl<W: Write> Table<W> {
    /// A table on `out`.
    pub fn on(out: W, paint: Paint) -> Table<W> {
        Table { out, paint, columns: Vec::new(), measured: Some(Vec::new()) }
    }

    /// Writes the head and the rows that were measured.
    fn show(&mut self) -> anyhow::Result<()> {
        let Some(rows) = self.measured.take() else { return Ok(()) };
        for row in &rows {
            for (column, cell) in self.columns.iter_mut().zip(row) {
                column.width = column.width.max(cell.as_deref().unwrap_or(NULL).width());
            }
        }
        let names: Cells = self.columns.iter().map(|column| Some(column.name.clone())).collect();
        let head = self.line(&names, Paint::Plain);
        writeln!(self.out, "{}", self.paint.text(Tint::Strong, &head))?;
        let rules: Vec<String> =
            self.columns.iter().map(|column| "─".repeat(column.width)).collect();
        writeln!(self.out, "{}", self.paint.text(Tint::Dim, &rules.join("  ")))?;
        for row in &rows {
            let line = self.line(row, self.paint);
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }

    fn line(&self, cells: &Cells, paint: Paint) -> String {
        let mut line = String::new();
        for (idx, (column, cell)) in self.columns.iter().zip(cells).enumerate() {
            if idx > 0 {
                line.push_str("  ");
            }
            let text = cell.as_deref().unwrap_or(NULL);
            let padding = " ".repeat(column.width.saturating_sub(text.width()));
            let text = match cell {
                Some(text) => text.clone(),
                None => paint.text(Tint::Dim, text),
            };
            match column.is_number {
                true => line.extend([padding, text]),
                false => line.extend([text, padding]),
            }
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// `text` in one line, and without what a terminal would obey.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_control() {
            true => shown.extend(c.escape_default()),
            false => shown.push(c),
        }
    }
    shown
}

impl<W: Write> RowWriter for Table<W> {
    fn begin(&mut self, schema: &SchemaRef) -> anyhow::Result<()> {
        self.columns = schema
            .fields()
            .iter()
            .map(|field| {
                let name = visible(field.name());
                let width = name.width();
                Column { name, is_number: field.data_type().is_numeric(), width }
            })
            .collect();
        Ok(())
    }

    fn write(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        let columns = Texts::of(batch)?;
        for row_idx in 0..batch.num_rows() {
            let mut row = Cells::with_capacity(columns.len());
            for column in &columns {
                row.push(column.at(row_idx)?.as_deref().map(visible));
            }
            match &mut self.measured {
                Some(rows) => {
                    rows.push(row);
                    if rows.len() == N_MEASURED {
                        self.show()?;
                    }
                }
                None => {
                    let line = self.line(&row, self.paint);
                    writeln!(self.out, "{line}")?;
                }
            }
        }
        Ok(())
    }

    fn end(&mut self) -> anyhow::Result<()> {
        self.show()?;
        Ok(self.out.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::tests::{sample, written};
    use arrow::array::StringArray;
    use std::sync::Arc;

    #[test]
    fn columns_stand_under_each_other() {
        let mut out = Vec::new();
        written(&sample(), |out| Table::on(out, Paint::Plain), &mut out).unwrap();
        let expected = "              id  name       price  at                        share
────────────────  ─────────  ─────  ────────────────────────  ─────
               1  a \"b\",\\nc  12.30  1970-01-01T00:00:01.500Z    0.1
9007199254740993             -0.05  1970-01-01T00:00:00Z        2.0
            NULL  NULL        NULL  NULL                       NULL
";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_long_answer_is_shown_whole() {
        let texts: Vec<String> = (0..2_500).map(|row| "x".repeat(row / 100)).collect();
        let column = Arc::new(StringArray::from(texts.clone())) as arrow::array::ArrayRef;
        let batch = RecordBatch::try_from_iter([("text", column)]).unwrap();
        let mut out = Vec::new();
        written(&batch, |out| Table::on(out, Paint::Plain), &mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        let shown: Vec<&str> = out.lines().skip(2).collect();
        assert_eq!(shown, texts);
    }
}
