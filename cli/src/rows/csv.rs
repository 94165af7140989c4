//! Rows as CSV, exactly: RFC 4180 with a header, lines that end with a line feed, and nothing between two commas for null.
//! Text without a character is `""`, so that it is not null.

use super::{RowWriter, Texts};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use std::io::Write;

/// Writes CSV.
pub struct Csv<W> {
    out: W,
}

impl<W: Write> Csv<W> {
    /// CSV on `out`.
    pub fn on(out: W) -> Csv<W> {
        Csv { out }
    }

    fn field(&mut self, idx: usize, text: Option<&str>) -> anyhow::Result<()> {
        if idx > 0 {
            self.out.write_all(b",")?;
        }
        let Some(text) = text else { return Ok(()) };
        if text.is_empty() || text.contains(['"', ',', '\n', '\r']) {
            write!(self.out, "\"{}\"", text.replace('"', "\"\""))?;
        } else {
            self.out.write_all(text.as_bytes())?;
        }
        Ok(())
    }
}

impl<W: Write> RowWriter for Csv<W> {
    fn begin(&mut self, schema: &SchemaRef) -> anyhow::Result<()> {
        for (idx, field) in schema.fields().iter().enumerate() {
            self.field(idx, Some(field.name()))?;
        }
        Ok(self.out.write_all(b"\n")?)
    }

    fn write(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        let columns = Texts::of(batch)?;
        for row_idx in 0..batch.num_rows() {
            for (idx, column) in columns.iter().enumerate() {
                self.field(idx, column.at(row_idx)?.as_deref())?;
            }
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn end(&mut self) -> anyhow::Result<()> {
        Ok(self.out.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::tests::{sample, written};

    #[test]
    fn values_are_exact() {
        let mut out = Vec::new();
        written(&sample(), Csv::on, &mut out).unwrap();
        let expected = "id,name,price,at,share\n\
            1,\"a \"\"b\"\",\nc\",12.30,1970-01-01T00:00:01.500Z,0.1\n\
            9007199254740993,\"\",-0.05,1970-01-01T00:00:00Z,2.0\n\
            ,,,,\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
