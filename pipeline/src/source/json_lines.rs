//! A file of JSON lines: one object a line.

use super::typed_rows::{Shape, TypedRows};
use super::{FileRule, RowRule, SourceError, bytes};
use arrow::array::RecordBatch;
use datafusion::error::DataFusionError;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Gives the rows of the file `path` to `take`, as long as it says that it wants more. Returns whether it
/// does. Fields that `shape` does not have are misfits; a line that is no object is one as a whole.
///
/// # Errors
/// [`SourceError`] with file and line.
pub(super) fn read(
    path: &Path,
    shape: &Shape,
    mut rows: TypedRows,
    take: &mut dyn FnMut(RecordBatch) -> bool,
) -> Result<bool, DataFusionError> {
    let unreadable = |source| {
        let rule = FileRule::Unreadable(source);
        external(SourceError::File { path: path.to_owned(), rule })
    };
    let mut lines = BufReader::with_capacity(1 << 17, bytes::open(path).map_err(external)?);
    let mut line = Vec::new();
    let mut line_no = 0;
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line).map_err(unreadable)? == 0 {
            break;
        }
        line_no += 1;
        push(path, shape, &mut rows, line_no, &line).map_err(external)?;
        if rows.is_full() && !rows.take()?.is_none_or(&mut *take) {
            return Ok(false);
        }
    }
    Ok(rows.take()?.is_none_or(take))
}

fn push(
    path: &Path,
    shape: &Shape,
    rows: &mut TypedRows,
    line_no: u64,
    line: &[u8],
) -> Result<(), SourceError> {
    let error = |rule| SourceError::Row { path: path.to_owned(), line: line_no, rule };
    let text = std::str::from_utf8(line).map_err(|e| {
        error(RowRule::Utf8 { column: "of the line".to_owned(), byte_idx: e.valid_up_to() })
    })?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Ok(());
    }
    let fields: BTreeMap<String, &RawValue> = match serde_json::from_str(text) {
        Ok(fields) => fields,
        Err(reason) => {
            if shape.rescue.is_none() {
                return Err(error(RowRule::NotAnObject { reason: reason.to_string() }));
            }
            let whole = Map::from_iter([("_line".to_owned(), Value::from(text))]);
            return rows.push(line_no, shape.columns.iter().map(|_| None), whole);
        }
    };
    let texts: Vec<Option<String>> = shape
        .columns
        .iter()
        .map(|(name, _)| fields.get(name).and_then(|raw| text_of(raw)))
        .collect();
    let mut misfits = Map::new();
    for (name, raw) in fields {
        if !shape.columns.iter().any(|(column, _)| *column == name) {
            let value = serde_json::from_str(raw.get()).unwrap_or(Value::Null);
            misfits.insert(name, value);
        }
    }
    rows.push(line_no, texts.iter().map(Option::as_deref), misfits)
}

/// A JSON value as text: a string's contents, a number as it is written, anything else as JSON; null is none.
fn text_of(raw: &RawValue) -> Option<String> {
    let json = raw.get();
    match json.as_bytes().first() {
        Some(b'"') => serde_json::from_str(json).ok(),
        Some(b'n') => None,
        _ => Some(json.to_owned()),
    }
}

fn external(error: SourceError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
