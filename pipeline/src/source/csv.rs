//! A CSV file, plain or zstd, as a table of text columns, read as a stream.
//!
//! Stricter than most readers, since a wrong number is worse than an error: every row has as many
//! fields as the header, every field is UTF-8, and a quote that is opened is closed. Rows that are
//! wholly blank are skipped.

use super::bytes::{self, Packing};
use super::typed_rows::{Shape, TypedRows};
use super::{FileRule, FileSource, RowRule, SourceError};
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use csv::ByteRecord;
use datafusion::catalog::TableProvider;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::PartitionStream;
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows in a batch.
const BATCH_ROWS: usize = 8192;

/// Read behind the file's last byte. If a quote is open there, this is taken for a part of the field
/// and does not come back as a row of its own: the `csv` crate itself closes such a field silently.
const END_MARK: &[u8] = b"\n\x1clakefront-end-of-file\x1c\n";
const END_FIELD: &[u8] = b"\x1clakefront-end-of-file\x1c";

/// Checks the header of the file `path` and gives the table it is.
///
/// # Errors
/// [`SourceError`] with file and line.
pub(super) fn open(
    source: &FileSource,
    path: &Path,
) -> Result<Arc<dyn TableProvider>, SourceError> {
    let reader = Reader::open(path)?;
    for column in &source.columns {
        if !reader.header.contains(column) {
            let header = reader.header.join(", ");
            let rule = RowRule::MissingColumn { column: column.clone(), header };
            return Err(SourceError::Row { path: path.to_owned(), line: 1, rule });
        }
    }
    let field = |column: &String| Field::new(column, DataType::Utf8, true);
    let schema = Arc::new(Schema::new(reader.header.iter().map(field).collect::<Vec<_>>()));
    let stream = Arc::new(CsvStream {
        path: path.to_owned(),
        null_text: source.null_text.clone().map(String::into_bytes),
        schema: Arc::clone(&schema),
    });
    super::streamed(schema, stream).map_err(|error| SourceError::File {
        path: path.to_owned(),
        rule: FileRule::Unreadable(std::io::Error::other(error)),
    })
}

#[derive(Debug)]
struct CsvStream {
    path: PathBuf,
    null_text: Option<Vec<u8>>,
    schema: SchemaRef,
}

impl PartitionStream for CsvStream {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _ctx: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStreamBuilder::new(Arc::clone(&self.schema), 2);
        let batches = builder.tx();
        let path = self.path.clone();
        let null_text = self.null_text.clone();
        let schema = Arc::clone(&self.schema);
        builder.spawn_blocking(move || {
            let mut reader = Reader::open(&path).map_err(external)?;
            while let Some(batch) = reader.next_batch(&schema, null_text.as_deref())? {
                if batches.blocking_send(Ok(batch)).is_err() {
                    break; // Nobody reads on.
                }
            }
            Ok(())
        });
        builder.build()
    }
}

/// Gives the rows of the file `path` to `take`, as long as it says that it wants more. Returns whether it
/// does. Columns are found by the header's names; those that `shape` does not have are misfits, and so is
/// a row of another length than the header's, as a whole.
///
/// # Errors
/// [`SourceError`] with file and line; [`RowRule::MissingColumn`] when the header lacks a column.
pub(super) fn read_typed(
    path: &Path,
    shape: &Shape,
    null_text: Option<&str>,
    mut rows: TypedRows,
    take: &mut dyn FnMut(RecordBatch) -> bool,
) -> Result<bool, DataFusionError> {
    let mut reader = Reader::open(path).map_err(external)?;
    let positions = reader.positions(shape).map_err(external)?;
    let null_text = null_text.map(str::as_bytes);
    while reader.read_row().map_err(external)? {
        reader.push(shape, &positions, null_text, &mut rows).map_err(external)?;
        if rows.is_full() && !rows.take()?.is_none_or(&mut *take) {
            return Ok(false);
        }
    }
    Ok(rows.take()?.is_none_or(take))
}

fn external(error: SourceError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// The rows of one file, its header already read.
struct Reader {
    path: PathBuf,
    header: Vec<String>,
    rows: csv::Reader<Box<dyn Read + Send>>,
    record: ByteRecord,
}

impl Reader {
    fn open(path: &Path) -> Result<Reader, SourceError> {
        let mut bytes = bytes::open(path)?;
        let mut start = Vec::with_capacity(3);
        let read = bytes.by_ref().take(3).read_to_end(&mut start);
        read.map_err(|error| SourceError::File {
            path: path.to_owned(),
            rule: Packing::of(path).rule(error),
        })?;
        if start.is_empty() {
            return Err(SourceError::File { path: path.to_owned(), rule: FileRule::Empty });
        }
        if start == b"\xef\xbb\xbf" {
            start.clear(); // A byte order mark, which spreadsheet programs write.
        }
        let bytes: Box<dyn Read + Send> =
            Box::new(std::io::Cursor::new(start).chain(bytes).chain(END_MARK));
        let rows = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(1 << 17)
            .from_reader(bytes);
        let mut reader =
            Reader { path: path.to_owned(), header: Vec::new(), rows, record: ByteRecord::new() };
        reader.read_header()?;
        Ok(reader)
    }

    fn read_header(&mut self) -> Result<(), SourceError> {
        if !self.read_row()? {
            return Err(SourceError::File { path: self.path.clone(), rule: FileRule::Empty });
        }
        let mut seen = HashSet::new();
        let mut header = Vec::with_capacity(self.record.len());
        for (idx, field) in self.record.iter().enumerate() {
            let column = std::str::from_utf8(field).map_err(|error| {
                let column = format!("{} of the header", idx + 1);
                self.row_error(RowRule::Utf8 { column, byte_idx: error.valid_up_to() })
            })?;
            let times = if column.is_empty() {
                Some("without text")
            } else if !seen.insert(column) {
                Some("twice")
            } else {
                None
            };
            if let Some(times) = times {
                let column = column.to_owned();
                return Err(self.row_error(RowRule::HeaderName { column, times }));
            }
            header.push(column.to_owned());
        }
        self.header = header;
        Ok(())
    }

    /// Reads the next row into `self.record`; `false` at the end of the file.
    fn read_row(&mut self) -> Result<bool, SourceError> {
        let more = self.rows.read_byte_record(&mut self.record).map_err(|error| {
            let rule = match error.into_kind() {
                csv::ErrorKind::Io(source) => Packing::of(&self.path).rule(source),
                kind => FileRule::Unreadable(std::io::Error::other(format!("{kind:?}"))),
            };
            SourceError::File { path: self.path.clone(), rule }
        })?;
        if more && self.record.len() == 1 && self.record.get(0) == Some(END_FIELD) {
            return Ok(false);
        }
        let last = self.record.len().saturating_sub(1);
        let open_quote = self.record.get(last).is_some_and(|field| field.ends_with(END_MARK));
        if more && open_quote {
            let column = self.header.get(last).cloned();
            let column = column.unwrap_or_else(|| (last + 1).to_string());
            return Err(self.row_error(RowRule::OpenQuote { column }));
        }
        Ok(more)
    }

    fn next_batch(
        &mut self,
        schema: &SchemaRef,
        null_text: Option<&[u8]>,
    ) -> Result<Option<RecordBatch>, DataFusionError> {
        let mut columns: Vec<StringBuilder> =
            self.header.iter().map(|_| StringBuilder::new()).collect();
        let mut n_rows = 0;
        while n_rows < BATCH_ROWS && self.read_row().map_err(external)? {
            self.check_field_count().map_err(external)?;
            for ((column, name), field) in columns.iter_mut().zip(&self.header).zip(&self.record) {
                if null_text == Some(field) {
                    column.append_null();
                    continue;
                }
                let text = std::str::from_utf8(field).map_err(|error| {
                    let column = name.clone();
                    let byte_idx = error.valid_up_to();
                    external(self.row_error(RowRule::Utf8 { column, byte_idx }))
                })?;
                column.append_value(text);
            }
            n_rows += 1;
        }
        if n_rows == 0 {
            return Ok(None);
        }
        let columns = columns.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef);
        let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
        let batch =
            RecordBatch::try_new_with_options(Arc::clone(schema), columns.collect(), &options)?;
        Ok(Some(batch))
    }

    /// For each column of `shape` its position in the header.
    fn positions(&self, shape: &Shape) -> Result<Vec<usize>, SourceError> {
        let position = |(column, _): &(String, _)| {
            self.header.iter().position(|name| name == column).ok_or_else(|| {
                let header = self.header.join(", ");
                let rule = RowRule::MissingColumn { column: column.clone(), header };
                SourceError::Row { path: self.path.clone(), line: 1, rule }
            })
        };
        shape.columns.iter().map(position).collect()
    }

    /// Adds the row that was read to `rows`.
    fn push(
        &self,
        shape: &Shape,
        positions: &[usize],
        null_text: Option<&[u8]>,
        rows: &mut TypedRows,
    ) -> Result<(), SourceError> {
        let line = self.record.position().map_or(1, csv::Position::line);
        if let Err(error) = self.check_field_count() {
            if shape.rescue.is_none() {
                return Err(error);
            }
            let fields =
                self.record.iter().map(|field| Value::from(String::from_utf8_lossy(field)));
            let whole = Map::from_iter([("_fields".to_owned(), Value::Array(fields.collect()))]);
            return rows.push(line, positions.iter().map(|_| None), whole);
        }
        let require_utf8 = |idx: usize, field: &[u8]| match std::str::from_utf8(field) {
            Ok(_) => Ok(()),
            Err(error) => {
                let column = self.header.get(idx).cloned().unwrap_or_default();
                Err(self.row_error(RowRule::Utf8 { column, byte_idx: error.valid_up_to() }))
            }
        };
        let mut misfits = Map::new();
        for (idx, field) in self.record.iter().enumerate() {
            require_utf8(idx, field)?;
            if null_text != Some(field) && !positions.contains(&idx) {
                let name = self.header.get(idx).cloned().unwrap_or_default();
                misfits.insert(name, Value::from(String::from_utf8_lossy(field)));
            }
        }
        let texts = positions.iter().map(|idx| {
            let field = self.record.get(*idx)?;
            if null_text == Some(field) { None } else { std::str::from_utf8(field).ok() }
        });
        rows.push(line, texts, misfits)
    }

    fn check_field_count(&self) -> Result<(), SourceError> {
        let (n_fields, n_columns) = (self.record.len(), self.header.len());
        if n_fields == n_columns {
            return Ok(());
        }
        let differs = match self.header.get(n_fields) {
            Some(column) => format!("lacks is column {column:?}"),
            None => format!("is over is field {}", n_columns + 1),
        };
        Err(self.row_error(RowRule::FieldCount { n_fields, n_columns, differs }))
    }

    fn row_error(&self, rule: RowRule) -> SourceError {
        let line = self.record.position().map_or(1, csv::Position::line);
        SourceError::Row { path: self.path.clone(), line, rule }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, bytes: &[u8]) -> Result<Vec<RecordBatch>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let mut reader = Reader::open(&path).map_err(|error| error.to_string())?;
        let field = |column: &String| Field::new(column, DataType::Utf8, true);
        let schema = Arc::new(Schema::new(reader.header.iter().map(field).collect::<Vec<_>>()));
        let mut batches = Vec::new();
        while let Some(batch) =
            reader.next_batch(&schema, Some(b"")).map_err(|error| error.to_string())?
        {
            batches.push(batch);
        }
        Ok(batches)
    }

    #[test]
    fn rows_are_kept_as_they_were_written() {
        let check = |text: &str, expected: &[[Option<&str>; 2]]| {
            let batches = read("t.csv", text.as_bytes()).unwrap();
            let mut rows = Vec::new();
            for batch in &batches {
                let column =
                    |idx: usize| arrow::array::AsArray::as_string::<i32>(batch.column(idx)).clone();
                rows.extend(
                    column(0)
                        .iter()
                        .zip(column(1).iter())
                        .map(|(a, b)| [a.map(str::to_owned), b.map(str::to_owned)]),
                );
            }
            let expected: Vec<_> =
                expected.iter().map(|row| row.map(|field| field.map(str::to_owned))).collect();
            assert_eq!(rows, expected, "{text:?}");
        };
        check("a,b\n1,2\n", &[[Some("1"), Some("2")]]);
        check("a,b\r\n1,2", &[[Some("1"), Some("2")]]);
        check("\u{feff}a,b\n 1,\"x, \"\"y\"\"\nz\"\n", &[[Some(" 1"), Some("x, \"y\"\nz")]]);
        check("a,b\n,0\n007,é", &[[None, Some("0")], [Some("007"), Some("é")]]);
        check("a,b\n", &[]);
        check("a,b", &[]);
    }

    #[test]
    fn what_is_wrong_is_named_with_line_and_column() {
        let check = |name: &str, bytes: &[u8], expected: &str| {
            let error = read(name, bytes).unwrap_err();
            assert!(error.contains(expected), "{error:?} should contain {expected:?}");
            assert!(error.contains(name), "{error:?} should name the file");
        };
        check("t.csv", b"", "is empty");
        check("t.csv", b"a,a\n", ":1: header names column \"a\" twice");
        check("t.csv", b"a,\n", ":1: header names column \"\" without text");
        check(
            "t.csv",
            b"a,b\n1,2\n3\n",
            ":3: row has 1 fields and the header 2, the first that lacks is column \"b\"",
        );
        check("t.csv", b"a,b\n1,2,3\n", ":2: row has 3 fields");
        check("t.csv", b"a,b\n\"x\ny\",\xff\n", ":2: column \"b\" is not UTF-8 from its byte 0");
        check("t.csv", b"a,b\n1,2\n3,\"4\n5,6\n", ":3: column \"b\" opens a quote");
        check("t.csv", b"a,b\n1,2\n3,\"4", ":3: column \"b\" opens a quote");
        let whole = zstd::encode_all(&b"a,b\n1,2\n"[..], 3).unwrap();
        check("t.csv.zst", &whole[..whole.len() - 5], "not a whole zstd stream");
        check("t.csv.zst", b"a,b\n1,2\n", "not a whole zstd stream");
        check("t.csv.zst", b"", "not a whole zstd stream");
    }
}
