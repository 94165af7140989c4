//! A CSV file, plain or packed, as rows of typed columns, read as a stream.
//!
//! Stricter than most readers, since a wrong number is worse than an error: every row has as many
//! fields as the header, every field is text, and a quote that is opened is closed and ends its field.
//! Lines without a letter are passed over, unless there is only one column: there each is an empty field.

mod records;

use super::bytes::{self, Packing};
use super::dialect::Dialect;
use super::folder::{Inspected, Span};
use super::typed_rows::{Audit, Column, Misfits, Missing, Shape, TypedRows};
use super::{ColumnType, FileRule, FileSource, RowRule, SourceError, single};
use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use datafusion::catalog::TableProvider;
use datafusion::error::DataFusionError;
use records::{Fault, Record, Records};
use serde_json::Value;
use std::collections::HashSet;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a rescue column calls a row as it stands in its file.
pub(super) const LINE: &str = "_line";
/// What a rescue column calls the fields of a row that has more or fewer than the header.
const FIELDS: &str = "_fields";

/// Checks the header of the file `path` and gives the table it is.
///
/// # Errors
/// [`SourceError`] with file and line.
pub(super) fn open(
    source: &FileSource,
    path: &Path,
) -> Result<Arc<dyn TableProvider>, SourceError> {
    let reader = Reader::open(path, &source.dialect, u64::MAX)?;
    let typed = source.types.iter().map(|column| &column.name);
    for column in source.columns.iter().chain(typed) {
        if !reader.header.contains(column) {
            return Err(reader.lacks(column));
        }
    }
    let of = |name: &String| match source.types.iter().find(|column| column.name == *name) {
        Some(column) => column.clone(),
        None => {
            let of = ColumnType::of(DataType::Utf8);
            Column { name: name.clone(), of, missing: Missing::Refused }
        }
    };
    let shape = Shape {
        columns: reader.header.iter().map(of).collect(),
        rescue: source.rescue.clone(),
        numbers: source.dialect.numbers,
        audit: Audit::Left,
    };
    single::table(path, source.format, &source.dialect, shape)
}

/// Gives the rows of `span` of the file `path` to `take`, as long as it says that it wants more. Returns whether it
/// does. Columns are found by the header's names; those that the rows do not have are misfits, and so is
/// a row that cannot be told apart into the header's fields, as a whole.
///
/// # Errors
/// [`SourceError`] with file and line; [`RowRule::MissingColumn`] when the header lacks a column that may not lack.
pub(super) fn read_typed(
    path: &Path,
    dialect: &Dialect,
    span: Span,
    mut rows: TypedRows,
    take: &mut dyn FnMut(RecordBatch) -> bool,
) -> Result<bool, DataFusionError> {
    let mut reader = match Reader::open(path, dialect, span.until_bytes) {
        Ok(reader) => reader,
        // A folder's columns are known without it; nothing is in it.
        Err(SourceError::File { rule: FileRule::Empty, .. })
            if rows.shape().audit == Audit::Kept =>
        {
            return Ok(true);
        }
        Err(error) => return Err(external(error)),
    };
    let (positions, _) = reader.positions(rows.shape()).map_err(external)?;
    while reader.read_row().map_err(external)? {
        if reader.record.start < span.from_bytes {
            rows.skip();
            continue;
        }
        reader.push(&positions, &mut rows).map_err(external)?;
        if rows.is_full() && !rows.take()?.is_none_or(&mut *take) {
            return Ok(false);
        }
    }
    Ok(rows.take()?.is_none_or(take))
}

/// Reads the header of the file `path`, whose rows become `shape`.
///
/// # Errors
/// [`SourceError`] when no row of the file can be read.
pub(super) fn inspect(
    path: &Path,
    dialect: &Dialect,
    shape: &Shape,
) -> Result<Inspected, SourceError> {
    let mut reader = match Reader::open(path, dialect, u64::MAX) {
        Ok(reader) => reader,
        Err(SourceError::File { rule: FileRule::Empty, .. }) => {
            return Ok(Inspected { lacks: Vec::new(), has_rows: false });
        }
        Err(error) => return Err(error),
    };
    let (_, lacks) = reader.positions(shape)?;
    Ok(Inspected { lacks, has_rows: reader.read_row()? })
}

fn external(error: SourceError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// The rows of one file, its header already read.
struct Reader {
    path: PathBuf,
    header: Vec<String>,
    records: Records<BufReader<Box<dyn Read + Send>>>,
    record: Record,
    is_utf8: bool,
}

impl Reader {
    fn open(path: &Path, dialect: &Dialect, until_bytes: u64) -> Result<Reader, SourceError> {
        let bytes = bytes::open(path, until_bytes, dialect.encoding)?;
        let mut reader = Reader {
            path: path.to_owned(),
            header: Vec::new(),
            records: Records::new(BufReader::with_capacity(1 << 17, bytes), dialect),
            record: Record::default(),
            is_utf8: dialect.is_utf8(),
        };
        reader.records.skip_mark().map_err(|error| reader.unreadable(error))?;
        reader.read_header()?;
        Ok(reader)
    }

    fn read_header(&mut self) -> Result<(), SourceError> {
        if !self.read_row()? {
            return Err(SourceError::File { path: self.path.clone(), rule: FileRule::Empty });
        }
        if self.is_utf8 && looks_like_utf16(self.record.raw()) {
            return Err(self.row_error(RowRule::Utf16));
        }
        if let Some(fault) = self.record.fault {
            return Err(self.row_error(self.rule_of(fault)));
        }
        let mut seen = HashSet::new();
        let mut header = Vec::with_capacity(self.record.n_fields());
        for (idx, field) in self.record.fields().enumerate() {
            let column = std::str::from_utf8(field).map_err(|error| {
                self.not_text(format!("{} of the header", idx + 1), error.valid_up_to())
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
        loop {
            let more = self.records.read(&mut self.record);
            let more = more.map_err(|error| self.unreadable(error))?;
            if !more || !self.record.is_blank() || self.header.len() == 1 {
                return Ok(more);
            }
        }
    }

    /// For each column of `shape` its position in the header, and the columns that it lacks although they may not
    /// lack without a word.
    fn positions(&self, shape: &Shape) -> Result<(Vec<Option<usize>>, Vec<String>), SourceError> {
        let mut positions = Vec::with_capacity(shape.columns.len());
        let mut lacks = Vec::new();
        for column in &shape.columns {
            let position = self.header.iter().position(|name| *name == column.name);
            if position.is_none() && column.missing == Missing::Refused {
                if shape.rescue.is_none() {
                    return Err(self.lacks(&column.name));
                }
                lacks.push(column.name.clone());
            }
            positions.push(position);
        }
        // A file of none of the columns is another one.
        match (shape.columns.first(), positions.iter().all(Option::is_none)) {
            (Some(first), true) => Err(self.lacks(&first.name)),
            _ => Ok((positions, lacks)),
        }
    }

    /// Adds the row that was read to `rows`.
    fn push(&self, positions: &[Option<usize>], rows: &mut TypedRows) -> Result<(), SourceError> {
        let line = self.record.line;
        let shape = Arc::clone(rows.shape());
        let mut misfits = Misfits::default();
        if let Err(error) = self.check() {
            if shape.rescue.is_none() {
                return Err(error);
            }
            let texts = || self.record.fields().map(String::from_utf8_lossy);
            match &error {
                SourceError::Row { rule: RowRule::FieldCount { .. }, .. } => {
                    misfits.add_json(FIELDS, Value::from_iter(texts()).to_string());
                }
                SourceError::Row {
                    rule: RowRule::Utf8 { .. } | RowRule::Encoding { .. }, ..
                } => {
                    for (name, text) in self.header.iter().zip(texts()) {
                        misfits.add_text(name, &text);
                    }
                }
                _ => misfits.add_text(LINE, &String::from_utf8_lossy(self.record.raw())),
            }
            return rows.push(line, positions.iter().map(|_| None), misfits);
        }
        let text = |idx: usize| std::str::from_utf8(self.record.field(idx)?).ok();
        for (idx, name) in self.header.iter().enumerate() {
            if !self.record.is_null(idx) && !positions.contains(&Some(idx)) {
                misfits.add_text(name, text(idx).unwrap_or_default());
            }
        }
        let texts = positions.iter().map(|idx| {
            let idx = (*idx)?;
            if self.record.is_null(idx) { None } else { text(idx) }
        });
        rows.push(line, texts, misfits)
    }

    /// Whether the row that was read can be told apart into the header's fields, each a text.
    fn check(&self) -> Result<(), SourceError> {
        if let Some(fault) = self.record.fault {
            return Err(self.row_error(self.rule_of(fault)));
        }
        let (n_fields, n_columns) = (self.record.n_fields(), self.header.len());
        if n_fields != n_columns {
            let differs = match self.header.get(n_fields) {
                Some(column) => format!("lacks is column {column:?}"),
                None => format!("is over is field {}", n_columns + 1),
            };
            return Err(self.row_error(RowRule::FieldCount { n_fields, n_columns, differs }));
        }
        // Most rows are text as a whole.
        if std::str::from_utf8(self.record.raw()).is_ok() {
            return Ok(());
        }
        for (idx, field) in self.record.fields().enumerate() {
            if let Err(error) = std::str::from_utf8(field) {
                return Err(self.not_text(self.name_of(idx), error.valid_up_to()));
            }
        }
        Ok(())
    }

    fn rule_of(&self, fault: Fault) -> RowRule {
        match fault {
            Fault::AfterQuote { field_idx } => {
                RowRule::AfterQuote { column: self.name_of(field_idx) }
            }
            Fault::OpenQuote { field_idx } => {
                RowRule::OpenQuote { column: self.name_of(field_idx) }
            }
            Fault::CarriageReturn { field_idx } => {
                RowRule::CarriageReturn { column: self.name_of(field_idx) }
            }
        }
    }

    /// The name of a column, or its number from 1.
    fn name_of(&self, idx: usize) -> String {
        self.header.get(idx).cloned().unwrap_or_else(|| (idx + 1).to_string())
    }

    /// The header lacks `column`.
    fn lacks(&self, column: &str) -> SourceError {
        let other = match self.header.as_slice() {
            [one] => [';', '\t', '|', ','].into_iter().find(|mark| one.contains(*mark)),
            _ => None,
        };
        let rule = RowRule::MissingColumn {
            column: column.to_owned(),
            header: self.header.join(", "),
            remedy: match other {
                Some(mark) => format!("its fields may be separated by {mark:?}: say `delimiter: {mark:?}` of the source"),
                None => "deliver it with that column, or change `columns` of the source: `missing: null` of a column says that a file may lack it"
                    .to_owned(),
            },
        };
        SourceError::Row { path: self.path.clone(), line: 1, rule }
    }

    fn not_text(&self, column: String, byte_idx: usize) -> SourceError {
        self.row_error(match self.is_utf8 {
            true => RowRule::Utf8 { column, byte_idx },
            false => RowRule::Encoding { column },
        })
    }

    fn unreadable(&self, error: std::io::Error) -> SourceError {
        SourceError::File { path: self.path.clone(), rule: Packing::of(&self.path).rule(error) }
    }

    fn row_error(&self, rule: RowRule) -> SourceError {
        SourceError::Row { path: self.path.clone(), line: self.record.line, rule }
    }
}

/// Whether `header` has the mark of UTF-16, or every second byte of it is zero.
fn looks_like_utf16(header: &[u8]) -> bool {
    header.starts_with(b"\xff\xfe") || header.starts_with(b"\xfe\xff") || header.contains(&0)
}

#[cfg(test)]
mod tests;
