//! Rows of text on their way into typed columns, and what becomes of what does not fit.
//!
//! Every value is first kept as text. When a batch is full each column is read as a whole; a text that
//! is no value of the column's type is put into the rescue column as JSON, where there is one, and
//! is an error with file and line where there is none. Nothing becomes null in silence.

use super::column_type::ColumnType;
use super::exact::{self, NumberStyle};
use super::{RowRule, SourceError};
use arrow::array::{
    Array, ArrayRef, Int64Array, RecordBatch, RecordBatchOptions, StringArray, StringBuilder,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::error::DataFusionError;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The column that says which file a row came from.
pub const FILE_COLUMN: &str = "_file";
/// The column that says which row of its file it was, from 1.
pub const ROW_COLUMN: &str = "_row";
/// The column that says when it was taken in.
pub const INGESTED_AT_COLUMN: &str = "_ingested_at";

/// Rows in a batch.
pub(super) const BATCH_ROWS: usize = 8192;

/// What the rows of a source become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    /// The columns, in order.
    pub(super) columns: Vec<Column>,
    /// The column for what does not fit.
    pub(super) rescue: Option<String>,
    /// How numbers are written.
    pub(super) numbers: NumberStyle,
    /// Whether rows say where they came from.
    pub(super) audit: Audit,
}

/// A column of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    /// Its name.
    pub(crate) name: String,
    /// Its type.
    pub(crate) of: ColumnType,
    /// What a file without it means.
    pub(crate) missing: Missing,
}

/// What a file without a column means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The file is not what was agreed on.
    Refused,
    /// Its rows have null there.
    Null,
}

/// Whether rows say which file they came from, which row of it they were, and when they were taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audit {
    /// In three columns.
    Kept,
    /// They do not.
    Left,
}

impl Shape {
    /// The columns, the rescue column, and where each row came from.
    pub(super) fn schema(&self) -> SchemaRef {
        let field = |name: &str, arrow: DataType| Field::new(name, arrow, true);
        let mut fields: Vec<Field> = self
            .columns
            .iter()
            .map(|column| field(&column.name, column.of.arrow().clone()))
            .collect();
        fields.extend(self.rescue.iter().map(|name| field(name, DataType::Utf8)));
        if self.audit == Audit::Kept {
            fields.push(field(FILE_COLUMN, DataType::Utf8));
            fields.push(field(ROW_COLUMN, DataType::Int64));
            let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
            fields.push(field(INGESTED_AT_COLUMN, utc));
        }
        Arc::new(Schema::new(fields))
    }

    /// Whether it has the column `name`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.name == name)
    }
}

/// What no column takes of a row: names and JSON, in the order in which they were found.
#[derive(Debug, Clone, Default)]
pub(super) struct Misfits(Vec<(String, String)>);

impl Misfits {
    /// Adds `text`, as a text of JSON.
    pub(super) fn add_text(&mut self, name: &str, text: &str) {
        self.add_json(name, Value::from(text).to_string());
    }

    /// Adds what is JSON already, as it is written.
    pub(super) fn add_json(&mut self, name: &str, json: String) {
        self.0.push((name.to_owned(), json));
    }

    /// One object of all; `None` when there is nothing.
    fn json(&self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let mut json = String::from("{");
        for (idx, (name, value)) in self.0.iter().enumerate() {
            if idx > 0 {
                json.push(',');
            }
            json.push_str(&Value::from(name.as_str()).to_string());
            json.push(':');
            json.push_str(value);
        }
        json.push('}');
        Some(json)
    }
}

/// Rows of one file that wait to be a batch.
pub(super) struct TypedRows {
    shape: Arc<Shape>,
    schema: SchemaRef,
    path: PathBuf,
    file: String,
    ingested_at_us: i64,
    texts: Vec<StringBuilder>,
    /// What no column takes, of each waiting row.
    misfits: Vec<Misfits>,
    /// The line of each waiting row.
    lines: Vec<u64>,
    n_before: i64,
}

impl TypedRows {
    /// No row of the file `path`, which is called `file` in the table.
    pub(super) fn new(
        shape: Arc<Shape>,
        path: &Path,
        file: String,
        ingested_at_us: i64,
    ) -> TypedRows {
        let texts = shape.columns.iter().map(|_| StringBuilder::new()).collect();
        let schema = shape.schema();
        TypedRows {
            shape,
            schema,
            path: path.to_owned(),
            file,
            ingested_at_us,
            texts,
            misfits: Vec::new(),
            lines: Vec::new(),
            n_before: 0,
        }
    }

    /// What the rows become.
    pub(super) fn shape(&self) -> &Arc<Shape> {
        &self.shape
    }

    /// Whether a batch should be taken.
    pub(super) fn is_full(&self) -> bool {
        self.lines.len() >= BATCH_ROWS
    }

    /// Passes over a row that was taken before: it counts, and is not given again. Such rows come before all others.
    pub(super) fn skip(&mut self) {
        self.n_before += 1;
    }

    /// Adds the row that starts at `line`: of each column its text or null, and what no column takes.
    ///
    /// # Errors
    /// [`RowRule::Misfit`] when something is left over and there is no rescue column.
    pub(super) fn push<'t>(
        &mut self,
        line: u64,
        texts: impl Iterator<Item = Option<&'t str>>,
        misfits: Misfits,
    ) -> Result<(), SourceError> {
        if let (None, Some((column, json))) = (&self.shape.rescue, misfits.0.first()) {
            let rule = RowRule::Misfit {
                column: column.clone(),
                text: shown(json),
                wanted: match self.shape.has(column) {
                    true => "text: it is cut within a letter".to_owned(),
                    false => "column of the source's schema".to_owned(),
                },
            };
            return Err(SourceError::Row { path: self.path.clone(), line, rule });
        }
        let mut texts = texts;
        for builder in &mut self.texts {
            builder.append_option(texts.next().flatten());
        }
        self.misfits.push(misfits);
        self.lines.push(line);
        Ok(())
    }

    /// The waiting rows as a batch; `None` when there are none.
    ///
    /// # Errors
    /// [`RowRule::Misfit`] for a text that has no place in its column's type, when there is no rescue column.
    pub(super) fn take(&mut self) -> Result<Option<RecordBatch>, DataFusionError> {
        if self.lines.is_empty() {
            return Ok(None);
        }
        let n_rows = self.lines.len();
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        let shape = Arc::clone(&self.shape);
        for (column, builder) in shape.columns.iter().zip(&mut self.texts) {
            let text = builder.finish();
            let values = exact::values(&text, &column.of, shape.numbers);
            if values.null_count() > text.null_count() {
                for row_idx in 0..n_rows {
                    if values.is_null(row_idx) && text.is_valid(row_idx) {
                        let value = text.value(row_idx);
                        if shape.rescue.is_none() {
                            let rule = RowRule::Misfit {
                                column: column.name.clone(),
                                text: value.to_owned(),
                                wanted: column.of.to_string(),
                            };
                            let line = self.lines.get(row_idx).copied().unwrap_or_default();
                            let error = SourceError::Row { path: self.path.clone(), line, rule };
                            return Err(DataFusionError::External(Box::new(error)));
                        }
                        if let Some(misfits) = self.misfits.get_mut(row_idx) {
                            misfits.add_text(&column.name, value);
                        }
                    }
                }
            }
            arrays.push(values);
        }
        if shape.rescue.is_some() {
            let rescued = self.misfits.iter().map(Misfits::json);
            arrays.push(Arc::new(rescued.collect::<StringArray>()));
        }
        let first = self.n_before + 1;
        self.n_before += n_rows as i64;
        if shape.audit == Audit::Kept {
            arrays.push(Arc::new(StringArray::from(vec![self.file.as_str(); n_rows])));
            arrays.push(Arc::new(Int64Array::from_iter_values(first..=self.n_before)));
            let at = TimestampMicrosecondArray::from(vec![self.ingested_at_us; n_rows]);
            arrays.push(Arc::new(at.with_timezone("UTC")));
        }
        self.lines.clear();
        self.misfits.clear();
        let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
        Ok(Some(RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)?))
    }
}

/// JSON for people: a text without its quotes.
fn shown(json: &str) -> String {
    serde_json::from_str::<String>(json).unwrap_or_else(|_| json.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::util::display::array_value_to_string;

    #[test]
    fn what_does_not_fit_is_rescued_or_refused() {
        let of = "int".parse().unwrap();
        let columns = vec![Column { name: "n".to_owned(), of, missing: Missing::Refused }];
        let shape = |rescue: Option<&str>| {
            let (columns, rescue) = (columns.clone(), rescue.map(str::to_owned));
            Arc::new(Shape { columns, rescue, numbers: NumberStyle::default(), audit: Audit::Kept })
        };
        let path = Path::new("in/a.csv");
        let mut rows = TypedRows::new(shape(Some("_rescued")), path, "a.csv".to_owned(), 0);
        rows.skip();
        rows.push(2, [Some("1")].into_iter(), Misfits::default()).unwrap();
        let mut extra = Misfits::default();
        extra.add_json("m", "1e400".to_owned());
        rows.push(3, [Some("x")].into_iter(), extra).unwrap();
        let batch = rows.take().unwrap().unwrap();
        let shown = |column: usize, row| array_value_to_string(batch.column(column), row).unwrap();
        assert_eq!(shown(1, 1), r#"{"m":1e400,"n":"x"}"#);
        assert!(batch.column(1).is_null(0));
        assert_eq!((shown(3, 0), shown(3, 1)), ("2".to_owned(), "3".to_owned()));
        assert!(rows.take().unwrap().is_none());

        let mut rows = TypedRows::new(shape(None), path, "a.csv".to_owned(), 0);
        rows.push(3, [Some("x")].into_iter(), Misfits::default()).unwrap();
        let error = rows.take().unwrap_err().to_string();
        assert!(error.contains("in/a.csv:3: column \"n\" is \"x\", which is no int"), "{error}");
    }
}
