//! A file of JSON lines: one object a line.
//!
//! What a line says stays as it is written: a number its digits, an object its own text. A text that no column
//! can hold, since it is cut within a letter, is a misfit, and so is a field that no column takes.

use super::bytes::Packing;
use super::csv::LINE;
use super::dialect::Dialect;
use super::folder::Span;
use super::json_fields::JsonFields;
use super::typed_rows::{Audit, Misfits, Shape, TypedRows};
use super::{FileRule, FileSource, RowRule, SourceError, bytes, single};
use arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::error::DataFusionError;
use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

/// How many lines are looked at for one that is an object.
const N_SAMPLED: usize = 1000;

/// Gives the table that the file `path` is.
///
/// # Errors
/// [`SourceError`] when it holds no JSON lines.
pub(super) fn open(
    source: &FileSource,
    path: &Path,
) -> Result<Arc<dyn TableProvider>, SourceError> {
    inspect(path, &source.dialect)?;
    let shape = Shape {
        columns: source.types.clone(),
        rescue: source.rescue.clone(),
        numbers: source.dialect.numbers,
        audit: Audit::Left,
    };
    single::table(path, source.format, &source.dialect, shape)
}

/// Gives the rows of `span` of the file `path` to `take`, as long as it says that it wants more. Returns whether it
/// does. Fields that the rows do not have are misfits; a line that is no object is one as a whole.
///
/// # Errors
/// [`SourceError`] with file and line.
pub(super) fn read(
    path: &Path,
    dialect: &Dialect,
    span: Span,
    mut rows: TypedRows,
    take: &mut dyn FnMut(RecordBatch) -> bool,
) -> Result<bool, DataFusionError> {
    let mut lines = Lines::open(path, dialect, span.until_bytes).map_err(external)?;
    while lines.read().map_err(external)? {
        if lines.start < span.from_bytes {
            if !is_blank(&lines.line) {
                rows.skip();
            }
            continue;
        }
        push(path, &mut rows, lines.line_no, &lines.line).map_err(external)?;
        if rows.is_full() && !rows.take()?.is_none_or(&mut *take) {
            return Ok(false);
        }
    }
    Ok(rows.take()?.is_none_or(take))
}

/// Looks whether the file `path` holds JSON lines.
///
/// # Errors
/// [`FileRule::NoJson`] when none of its first lines is an object.
pub(super) fn inspect(path: &Path, dialect: &Dialect) -> Result<(), SourceError> {
    let mut lines = Lines::open(path, dialect, u64::MAX)?;
    let mut first = None;
    for _ in 0..N_SAMPLED {
        if !lines.read()? {
            break;
        }
        let Ok(text) = std::str::from_utf8(&lines.line) else { continue };
        match trimmed(text) {
            "" => {}
            text => match JsonFields::parse(text) {
                Ok(_) => return Ok(()),
                Err(error) => drop(first.get_or_insert_with(|| error.to_string())),
            },
        }
    }
    match first {
        Some(reason) => {
            Err(SourceError::File { path: path.to_owned(), rule: FileRule::NoJson { reason } })
        }
        None => Ok(()),
    }
}

/// Whether `line`, the last of a file and without its end, is a whole object.
pub(super) fn is_whole(line: &[u8]) -> bool {
    is_blank(line)
        || std::str::from_utf8(line).is_ok_and(|text| JsonFields::parse(trimmed(text)).is_ok())
}

struct Lines<'p> {
    path: &'p Path,
    bytes: BufReader<Box<dyn Read + Send>>,
    line: Vec<u8>,
    /// From 1.
    line_no: u64,
    /// The first byte of the line, from 0.
    start: u64,
}

impl<'p> Lines<'p> {
    fn open(path: &'p Path, dialect: &Dialect, until_bytes: u64) -> Result<Lines<'p>, SourceError> {
        let bytes = bytes::open(path, until_bytes, dialect.encoding)?;
        let bytes = BufReader::with_capacity(1 << 17, bytes);
        Ok(Lines { path, bytes, line: Vec::new(), line_no: 0, start: 0 })
    }

    /// Reads the next line; `false` at the end of the file.
    fn read(&mut self) -> Result<bool, SourceError> {
        self.start += self.line.len() as u64;
        self.line.clear();
        self.line_no += 1;
        let n_read = self.bytes.read_until(b'\n', &mut self.line).map_err(|source| {
            let rule = Packing::of(self.path).rule(source);
            SourceError::File { path: self.path.to_owned(), rule }
        })?;
        Ok(n_read > 0)
    }
}

fn trimmed(text: &str) -> &str {
    text.trim_start_matches('\u{feff}').trim()
}

fn is_blank(line: &[u8]) -> bool {
    std::str::from_utf8(line).is_ok_and(|text| trimmed(text).is_empty())
}

fn push(path: &Path, rows: &mut TypedRows, line_no: u64, line: &[u8]) -> Result<(), SourceError> {
    let shape = Arc::clone(rows.shape());
    let mut misfits = Misfits::default();
    let whole = |rule| match shape.rescue {
        Some(_) => Ok(()),
        None => Err(SourceError::Row { path: path.to_owned(), line: line_no, rule }),
    };
    let none = shape.columns.iter().map(|_| None);
    let text = match std::str::from_utf8(line) {
        Ok(text) => trimmed(text),
        Err(error) => {
            let column = "of the line".to_owned();
            whole(RowRule::Utf8 { column, byte_idx: error.valid_up_to() })?;
            misfits.add_text(LINE, String::from_utf8_lossy(line).trim());
            return rows.push(line_no, none, misfits);
        }
    };
    if text.is_empty() {
        return Ok(());
    }
    let fields = match JsonFields::parse(text) {
        Ok(fields) => fields,
        Err(reason) => {
            whole(RowRule::NotAnObject { reason: reason.to_string() })?;
            misfits.add_text(LINE, text);
            return rows.push(line_no, none, misfits);
        }
    };
    for (name, raw) in &fields.0 {
        if !shape.has(name) {
            misfits.add_json(name, raw.get().to_owned());
        }
    }
    let mut texts: Vec<Option<Cow<'_, str>>> = Vec::with_capacity(shape.columns.len());
    for column in &shape.columns {
        texts.push(match fields.get(&column.name).map(text_of) {
            None | Some(Cell::Null) => None,
            Some(Cell::Text(text)) => Some(text),
            Some(Cell::Cut(json)) => {
                misfits.add_json(&column.name, json.to_owned());
                None
            }
        });
    }
    rows.push(line_no, texts.iter().map(Option::as_deref), misfits)
}

/// What a column takes of a JSON value.
enum Cell<'j> {
    Null,
    Text(Cow<'j, str>),
    /// A text with half of a letter, as JSON: no column holds it.
    Cut(&'j str),
}

/// A JSON value as text: a string's contents, anything but null as it is written.
fn text_of(json: &str) -> Cell<'_> {
    match json.as_bytes() {
        [b'"', ..] if !json.contains('\\') => Cell::Text(Cow::Borrowed(json.trim_matches('"'))),
        [b'"', ..] => match serde_json::from_str(json) {
            Ok(text) => Cell::Text(Cow::Owned(text)),
            Err(_) => Cell::Cut(json),
        },
        [b'n', ..] => Cell::Null,
        _ => Cell::Text(Cow::Borrowed(json)),
    }
}

fn external(error: SourceError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::exact::NumberStyle;
    use crate::source::typed_rows::{Column, Missing};
    use arrow::array::Array;
    use arrow::util::display::array_value_to_string;
    use proptest::prelude::*;

    /// The columns `n: bigint` and `t: text` of the lines, and what was rescued.
    fn read_all(lines: &str, rescue: Option<&str>) -> Result<Vec<[Option<String>; 3]>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.jsonl");
        std::fs::write(&path, lines).unwrap();
        let column = |(name, of): (&str, &str)| Column {
            name: name.to_owned(),
            of: of.parse().unwrap(),
            missing: Missing::Refused,
        };
        let shape = Shape {
            columns: [("n", "bigint"), ("t", "text")].map(column).to_vec(),
            rescue: rescue.map(str::to_owned),
            numbers: NumberStyle::default(),
            audit: Audit::Left,
        };
        let rows = TypedRows::new(Arc::new(shape), &path, String::new(), 0);
        let mut found = Vec::new();
        let take = &mut |batch: RecordBatch| {
            for row in 0..batch.num_rows() {
                let shown = |column: usize| {
                    let column = batch.columns().get(column)?;
                    column.is_valid(row).then(|| array_value_to_string(column, row).unwrap())
                };
                found.push([shown(0), shown(1), shown(2)]);
            }
            true
        };
        match read(&path, &Dialect::default(), Span::WHOLE, rows, take) {
            Ok(_) => Ok(found),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn what_a_line_says_is_kept_as_it_is_written() {
        let check = |line: &str, expected: [Option<&str>; 3]| {
            let found = read_all(line, Some("r")).unwrap();
            assert_eq!(found, [expected.map(|text| text.map(str::to_owned))], "{line}");
        };
        check(r#"{"n":9007199254740993,"t":"x"}"#, [Some("9007199254740993"), Some("x"), None]);
        check(r#"{"n":"7","t":7}"#, [Some("7"), Some("7"), None]);
        check(r#"{"n":null}"#, [None, None, None]);
        check(r#"{"t":"\"a\" \u00e9 \ud83d\ude00"}"#, [None, Some("\"a\" é 😀"), None]);
        check(r#"{"t":{"b":1e400, "a":[1.50]}}"#, [None, Some(r#"{"b":1e400, "a":[1.50]}"#), None]);
        check(
            r#"{"n":12345678901234567890123}"#,
            [None, None, Some(r#"{"n":"12345678901234567890123"}"#)],
        );
        check(r#"{"m":76561198003753554321}"#, [None, None, Some(r#"{"m":76561198003753554321}"#)]);
        check(
            r#"{"m":{"e":1e999,"p":0.10000000000000000555}}"#,
            [None, None, Some(r#"{"m":{"e":1e999,"p":0.10000000000000000555}}"#)],
        );
        check(r#"{"m":null}"#, [None, None, Some(r#"{"m":null}"#)]);
        check(r#"{"t":"cut \ud83d"}"#, [None, None, Some(r#"{"t":"cut \ud83d"}"#)]);
        check(r#"{"m":"cut \ude00"}"#, [None, None, Some(r#"{"m":"cut \ude00"}"#)]);
        check(r#"{"n":1,"n":2}"#, [None, None, Some(r#"{"_line":"{\"n\":1,\"n\":2}"}"#)]);
        check(r#"{"m":{"a":1,"a":2}}"#, [None, None, Some(r#"{"m":{"a":1,"a":2}}"#)]);
        check(r#"{"\u006e":5}"#, [Some("5"), None, None]);
        check("[1]", [None, None, Some(r#"{"_line":"[1]"}"#)]);
        check(r#"{"t":true}"#, [None, Some("true"), None]);
        check("\u{feff}{\"n\":1}\r\n\n", [Some("1"), None, None]);
    }

    #[test]
    fn what_is_not_kept_is_refused_with_its_line() {
        let check = |line: &str, expected: &str| {
            let error = read_all(&format!("{{}}\n{line}"), None).unwrap_err();
            assert!(error.contains(expected), "{error}");
        };
        check(
            r#"{"t":"cut \ud83d"}"#,
            "t.jsonl:2: column \"t\" is \"\\\"cut \\\\ud83d\\\"\", which is no text: it is cut",
        );
        check(r#"{"n":1,"n":2}"#, "t.jsonl:2: is no JSON object: it names field \"n\" twice");
        check(r#"{"n":1e400}"#, "t.jsonl:2: column \"n\" is \"1e400\", which is no bigint");
        check(
            r#"{"m":1e400}"#,
            "t.jsonl:2: column \"m\" is \"1e400\", which is no column of the source",
        );
    }

    #[test]
    fn a_file_without_an_object_is_said() {
        let check = |text: &str, expected: bool| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("t.jsonl");
            std::fs::write(&path, text).unwrap();
            assert_eq!(inspect(&path, &Dialect::default()).is_ok(), expected, "{text:?}");
        };
        check("{}\n", true);
        check("not\n{\"a\":1}\n", true);
        check("", true);
        check("\n\n", true);
        check("[{\"id\":1},\n{\"id\":2}]\n", false);
        check("{\n  \"id\": 4\n}\n", false);
    }

    proptest! {
        #[test]
        fn no_field_is_lost(fields in proptest::collection::btree_map("[a-z]{1,3}", "-?[1-9][0-9]{0,30}(\\.[0-9]{1,30})?([eE][-+]?[0-9]{1,4})?", 0..6)) {
            let json: Vec<String> = fields.iter().map(|(name, number)| format!("\"{name}\":{number}")).collect();
            let found = read_all(&format!("{{{}}}", json.join(",")), Some("r")).unwrap();
            for (name, number) in &fields {
                let rescued = found[0][2].clone().unwrap_or_default();
                let is_kept = match name.as_str() {
                    "n" => found[0][0].as_ref() == Some(number) || rescued.contains(&format!("\"n\":\"{number}\"")),
                    "t" => found[0][1].as_ref() == Some(number),
                    name => rescued.contains(&format!("\"{name}\":{number}")),
                };
                prop_assert!(is_kept, "{name} {number}: {found:?}");
            }
        }
    }
}
