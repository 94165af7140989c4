//! Rows as JSON lines: one object a row, nulls included. Decimals are numbers with all their digits.

use super::RowWriter;
use anyhow::bail;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::json::WriterBuilder;
use arrow::json::writer::LineDelimited;
use std::collections::HashSet;
use std::io::Write;

/// Writes JSON lines.
pub struct Json<W> {
    out: W,
}

impl<W: Write> Json<W> {
    /// JSON lines on `out`.
    pub fn on(out: W) -> Json<W> {
        Json { out }
    }
}

impl<W: Write> RowWriter for Json<W> {
    fn begin(&mut self, schema: &SchemaRef) -> anyhow::Result<()> {
        let mut seen = HashSet::new();
        match schema.fields().iter().find(|field| !seen.insert(field.name())) {
            Some(field) => bail!("column {:?} is there twice, name one with `as`", field.name()),
            None => Ok(()),
        }
    }

    fn write(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        let builder = WriterBuilder::new().with_explicit_nulls(true);
        let mut lines = builder.build::<_, LineDelimited>(&mut self.out);
        lines.write(batch)?;
        Ok(lines.finish()?)
    }

    fn end(&mut self) -> anyhow::Result<()> {
        Ok(self.out.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::tests::{sample, written};
    use std::sync::Arc;

    #[test]
    fn values_are_exact() {
        let mut out = Vec::new();
        written(&sample(), Json::on, &mut out).unwrap();
        let expected = r#"{"id":1,"name":"a \"b\",\nc","price":12.30,"at":"1970-01-01T00:00:01.500Z","share":0.1}
{"id":9007199254740993,"name":"","price":-0.05,"at":"1970-01-01T00:00:00Z","share":2.0}
{"id":null,"name":null,"price":null,"at":null,"share":null}
"#;
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn two_columns_of_one_name_are_refused() {
        let id = arrow::datatypes::Field::new("id", arrow::datatypes::DataType::Int64, true);
        let schema = Arc::new(arrow::datatypes::Schema::new(vec![id.clone(), id]));
        let error = Json::on(Vec::new()).begin(&schema).unwrap_err().to_string();
        assert_eq!(error, "column \"id\" is there twice, name one with `as`");
    }
}
