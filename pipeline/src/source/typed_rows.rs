//! Rows of text on their way into typed columns, and what becomes of what does not fit.
//!
//! Every value is first kept as text. When a batch is full each column is cast as a whole; a text that
//! gives no value of the column's type is put into the rescue column as JSON, where there is one, and
//! is an error with file and line where there is none. Nothing becomes null in silence.

use super::column_type::ColumnType;
use super::{RowRule, SourceError};
use arrow::array::{
    Array, ArrayRef, Int64Array, RecordBatch, StringArray, StringBuilder, TimestampMicrosecondArray,
};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::error::DataFusionError;
use serde_json::{Map, Value};
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

/// What the rows of a folder become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    /// The columns and their types, in order.
    pub(super) columns: Vec<(String, ColumnType)>,
    /// The column for what does not fit.
    pub(super) rescue: Option<String>,
}

impl Shape {
    /// The columns, the rescue column, and where each row came from.
    pub(super) fn schema(&self) -> SchemaRef {
        let field = |name: &str, arrow: DataType| Field::new(name, arrow, true);
        let mut fields: Vec<Field> =
            self.columns.iter().map(|(name, of)| field(name, of.arrow().clone())).collect();
        fields.extend(self.rescue.iter().map(|name| field(name, DataType::Utf8)));
        fields.push(field(FILE_COLUMN, DataType::Utf8));
        fields.push(field(ROW_COLUMN, DataType::Int64));
        let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        fields.push(field(INGESTED_AT_COLUMN, utc));
        Arc::new(Schema::new(fields))
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
    misfits: Vec<Map<String, Value>>,
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

    /// Whether a batch should be taken.
    pub(super) fn is_full(&self) -> bool {
        self.lines.len() >= BATCH_ROWS
    }

    /// Adds the row that starts at `line`: of each column its text or null, and what no column takes.
    ///
    /// # Errors
    /// [`RowRule::Misfit`] when something is left over and there is no rescue column.
    pub(super) fn push<'t>(
        &mut self,
        line: u64,
        texts: impl Iterator<Item = Option<&'t str>>,
        misfits: Map<String, Value>,
    ) -> Result<(), SourceError> {
        if let (None, Some((column, value))) = (&self.shape.rescue, misfits.iter().next()) {
            let rule = RowRule::Misfit {
                column: column.clone(),
                text: shown(value),
                wanted: "a column of the source's schema".to_owned(),
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
        for ((name, of), builder) in shape.columns.iter().zip(&mut self.texts) {
            let text = builder.finish();
            let typed = typed(&text, of)?;
            if typed.null_count() > text.null_count() {
                for row_idx in 0..n_rows {
                    if typed.is_null(row_idx) && text.is_valid(row_idx) {
                        let value = text.value(row_idx);
                        if shape.rescue.is_none() {
                            let rule = RowRule::Misfit {
                                column: name.clone(),
                                text: value.to_owned(),
                                wanted: of.to_string(),
                            };
                            let line = self.lines.get(row_idx).copied().unwrap_or_default();
                            let error = SourceError::Row { path: self.path.clone(), line, rule };
                            return Err(DataFusionError::External(Box::new(error)));
                        }
                        if let Some(misfits) = self.misfits.get_mut(row_idx) {
                            misfits.insert(name.clone(), Value::from(value));
                        }
                    }
                }
            }
            arrays.push(typed);
        }
        if shape.rescue.is_some() {
            let rescued = self.misfits.iter().map(|misfits| {
                (!misfits.is_empty()).then(|| Value::Object(misfits.clone()).to_string())
            });
            arrays.push(Arc::new(rescued.collect::<StringArray>()));
        }
        arrays.push(Arc::new(StringArray::from(vec![self.file.as_str(); n_rows])));
        let first = self.n_before + 1;
        self.n_before += n_rows as i64;
        arrays.push(Arc::new(Int64Array::from_iter_values(first..=self.n_before)));
        let at = TimestampMicrosecondArray::from(vec![self.ingested_at_us; n_rows]);
        arrays.push(Arc::new(at.with_timezone("UTC")));
        self.lines.clear();
        self.misfits.clear();
        Ok(Some(RecordBatch::try_new(Arc::clone(&self.schema), arrays)?))
    }
}

/// `text` as values of the type `of`; null where it is none.
pub(super) fn typed(text: &StringArray, of: &ColumnType) -> Result<ArrayRef, DataFusionError> {
    let lenient = CastOptions { safe: true, ..CastOptions::default() };
    match of.arrow() {
        DataType::Utf8 => Ok(Arc::new(text.clone())),
        DataType::Timestamp(_, _) if of.is_epoch_ms() => {
            let ms = cast_with_options(text, &DataType::Int64, &lenient)?;
            let ms = cast_with_options(
                &ms,
                &DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
                &lenient,
            )?;
            Ok(cast_with_options(&ms, of.arrow(), &lenient)?)
        }
        DataType::Timestamp(_, Some(_)) => {
            // A zone written as a word after a space, which exports like.
            let plain: StringArray = text
                .iter()
                .map(|text| text.map(|text| text.strip_suffix(" UTC").unwrap_or(text)))
                .collect();
            Ok(cast_with_options(&plain, of.arrow(), &lenient)?)
        }
        // Arrow rounds a text with too many digits to the scale; an amount is not rounded here.
        DataType::Decimal128(_, scale) => {
            let exact: StringArray =
                text.iter().map(|text| text.filter(|text| is_exact(text, *scale))).collect();
            Ok(cast_with_options(&exact, of.arrow(), &lenient)?)
        }
        arrow => Ok(cast_with_options(text, arrow, &lenient)?),
    }
}

/// Whether a decimal of `scale` holds the number `text` without rounding.
fn is_exact(text: &str, scale: i8) -> bool {
    let text = text.trim();
    if text.contains(['e', 'E']) {
        return true; // Left to the cast.
    }
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    fraction.trim_end_matches('0').len() <= usize::try_from(scale).unwrap_or_default()
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::util::display::array_value_to_string;

    fn column(of: &str, texts: &[&str]) -> Vec<String> {
        let text = StringArray::from(texts.to_vec());
        let array = typed(&text, &of.parse().unwrap()).unwrap();
        (0..array.len()).map(|idx| array_value_to_string(&array, idx).unwrap()).collect()
    }

    #[test]
    fn texts_become_values_or_null() {
        let check = |of: &str, texts: &[&str], expected: &[&str]| {
            assert_eq!(column(of, texts), expected, "{of}");
        };
        check("bigint", &["1", "-7", "x", "1.5", ""], &["1", "-7", "", "", ""]);
        check("decimal(5, 2)", &["1.5", "1.005", "12345", "1.500"], &["1.50", "", "", "1.50"]);
        check("date", &["2024-02-29", "2023-02-29"], &["2024-02-29", ""]);
        check(
            "timestamp",
            &["2019-10-01 00:00:00 UTC", "2019-10-01T02:00:00+02:00", "no"],
            &["2019-10-01T00:00:00Z", "2019-10-01T00:00:00Z", ""],
        );
        check("timestamp_ms", &["1570000000123", "x"], &["2019-10-02T07:06:40.123Z", ""]);
        check("boolean", &["true", "0", "maybe"], &["true", "false", ""]);
    }

    #[test]
    fn what_does_not_fit_is_rescued_or_refused() {
        let columns = vec![("n".to_owned(), "int".parse().unwrap())];
        let shape = |rescue: Option<&str>| {
            Arc::new(Shape { columns: columns.clone(), rescue: rescue.map(str::to_owned) })
        };
        let path = Path::new("in/a.csv");
        let mut rows = TypedRows::new(shape(Some("_rescued")), path, "a.csv".to_owned(), 0);
        rows.push(2, [Some("1")].into_iter(), Map::new()).unwrap();
        let extra = Map::from_iter([("m".to_owned(), Value::from("9"))]);
        rows.push(3, [Some("x")].into_iter(), extra).unwrap();
        let batch = rows.take().unwrap().unwrap();
        let rescued = array_value_to_string(batch.column(1), 1).unwrap();
        assert_eq!(rescued, r#"{"m":"9","n":"x"}"#);
        assert!(batch.column(1).is_null(0));
        assert!(rows.take().unwrap().is_none());

        let mut rows = TypedRows::new(shape(None), path, "a.csv".to_owned(), 0);
        rows.push(3, [Some("x")].into_iter(), Map::new()).unwrap();
        let error = rows.take().unwrap_err().to_string();
        assert!(error.contains("in/a.csv:3: column \"n\" is \"x\", which is no int"), "{error}");
    }
}
