//! The records of a CSV file and their fields, as bytes, one record after another.
//!
//! Stricter than most readers, since a wrong value is worse than an error: what stands behind a closing quote, a quote
//! that is never closed and a carriage return that ends no line are faults of the record, not texts that nobody wrote.
//! A quote within a field that no quote opens is a letter like any other.

use crate::source::dialect::Dialect;
use std::io::BufRead;
use std::ops::Range;

const QUOTE: u8 = b'"';

/// What is wrong with a record. Fields count from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Something stands between a closing quote and the end of the field.
    AfterQuote { field_idx: usize },
    /// A quote is opened and never closed.
    OpenQuote { field_idx: usize },
    /// A carriage return stands where no line ends.
    CarriageReturn { field_idx: usize },
}

/// One record.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// The line on which it starts, from 1.
    pub(super) line: u64,
    /// Its first byte in the file, from 0.
    pub(super) start: u64,
    /// What stands in the file, without the end of its line.
    raw: Vec<u8>,
    /// The fields without their quotes, one behind another.
    text: Vec<u8>,
    fields: Vec<Field>,
    pub(super) fault: Option<Fault>,
    n_end_bytes: usize,
}

#[derive(Debug)]
struct Field {
    end: usize,
    is_null: bool,
}

impl Record {
    /// How many fields it has.
    pub(super) fn n_fields(&self) -> usize {
        self.fields.len()
    }

    /// The bytes of the field `idx`, empty when it is null.
    pub(super) fn field(&self, idx: usize) -> Option<&[u8]> {
        let start = match idx.checked_sub(1) {
            Some(before) => self.fields.get(before)?.end,
            None => 0,
        };
        self.text.get(start..self.fields.get(idx)?.end)
    }

    /// Whether the field `idx` is a text that means null.
    pub(super) fn is_null(&self, idx: usize) -> bool {
        self.fields.get(idx).is_some_and(|field| field.is_null)
    }

    /// The bytes of every field.
    pub(super) fn fields(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.n_fields()).map_while(|idx| self.field(idx))
    }

    /// What stands in the file, without the end of its line.
    pub(super) fn raw(&self) -> &[u8] {
        self.raw.get(..self.raw.len() - self.n_end_bytes).unwrap_or_default()
    }

    /// Whether nothing stands on its line.
    pub(super) fn is_blank(&self) -> bool {
        self.raw().is_empty()
    }
}

/// Reads records.
pub(super) struct Records<R> {
    bytes: R,
    delimiter: u8,
    escape: Option<u8>,
    null_texts: Vec<Vec<u8>>,
    n_lines: u64,
    n_bytes: u64,
}

impl<R: BufRead> Records<R> {
    pub(super) fn new(bytes: R, dialect: &Dialect) -> Records<R> {
        Records {
            bytes,
            delimiter: dialect.delimiter,
            escape: dialect.escape,
            null_texts: dialect.null_texts.iter().map(|text| text.clone().into_bytes()).collect(),
            n_lines: 0,
            n_bytes: 0,
        }
    }

    /// Passes over a byte order mark, which spreadsheet programs write.
    pub(super) fn skip_mark(&mut self) -> std::io::Result<()> {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        if self.bytes.fill_buf()?.starts_with(MARK) {
            self.bytes.consume(MARK.len());
            self.n_bytes += MARK.len() as u64;
        }
        Ok(())
    }

    /// Reads the next record into `record`; `false` at the end of the file.
    pub(super) fn read(&mut self, record: &mut Record) -> std::io::Result<bool> {
        record.raw.clear();
        record.text.clear();
        record.fields.clear();
        record.fault = None;
        record.n_end_bytes = 0;
        record.line = self.n_lines + 1;
        record.start = self.n_bytes;
        if !self.add_line(record)? {
            return Ok(false);
        }
        let mut at = 0;
        loop {
            let field_idx = record.fields.len();
            let is_quoted = record.raw().get(at) == Some(&QUOTE);
            let start = record.text.len();
            let first = at;
            at = if is_quoted {
                self.quoted(record, at, field_idx)?
            } else {
                self.unquoted(record, at, field_idx)?
            };
            if record.fault.is_some() {
                return Ok(true);
            }
            let is_null = self.is_null(record, start..record.text.len(), first..at, is_quoted);
            if is_null {
                record.text.truncate(start);
            }
            record.fields.push(Field { end: record.text.len(), is_null });
            if at >= record.raw().len() {
                return Ok(true);
            }
            at += 1;
        }
    }

    /// Reads the field that starts at `at`, up to the delimiter or the end of the record, which is returned.
    fn unquoted(
        &mut self,
        record: &mut Record,
        at: usize,
        field_idx: usize,
    ) -> std::io::Result<usize> {
        let Some(escape) = self.escape else {
            let raw = record.raw();
            let rest = raw.get(at..).unwrap_or_default();
            let n_bytes =
                rest.iter().position(|byte| *byte == self.delimiter).unwrap_or(rest.len());
            let field = rest.get(..n_bytes).unwrap_or_default();
            if field.contains(&b'\r') {
                record.fault = Some(Fault::CarriageReturn { field_idx });
            } else {
                let end = at + n_bytes;
                let Record { raw, text, .. } = record;
                text.extend_from_slice(raw.get(at..end).unwrap_or_default());
            }
            return Ok(at + n_bytes);
        };
        let mut at = at;
        loop {
            match record.raw().get(at).copied() {
                None => return Ok(at),
                Some(byte) if byte == self.delimiter => return Ok(at),
                Some(byte) if byte == escape => at = self.escaped(record, at)?,
                Some(b'\r') => {
                    record.fault = Some(Fault::CarriageReturn { field_idx });
                    return Ok(at);
                }
                Some(byte) => {
                    record.text.push(byte);
                    at += 1;
                }
            }
        }
    }

    /// Reads the field whose quote opens at `at`, up to the delimiter or the end of the record, which is returned.
    fn quoted(
        &mut self,
        record: &mut Record,
        at: usize,
        field_idx: usize,
    ) -> std::io::Result<usize> {
        let mut at = at + 1;
        loop {
            match record.raw().get(at).copied() {
                None => {
                    if !self.go_on(record)? {
                        record.fault = Some(Fault::OpenQuote { field_idx });
                        return Ok(at);
                    }
                    // The end of the line that was there is a part of the field.
                    while let Some(byte @ (b'\r' | b'\n')) = record.raw.get(at).copied() {
                        record.text.push(byte);
                        at += 1;
                        if byte == b'\n' {
                            break;
                        }
                    }
                }
                Some(byte) if Some(byte) == self.escape && byte != QUOTE => {
                    at = self.escaped(record, at)?
                }
                Some(QUOTE) => match record.raw().get(at + 1).copied() {
                    Some(QUOTE) => {
                        record.text.push(QUOTE);
                        at += 2;
                    }
                    None => return Ok(at + 1),
                    Some(byte) if byte == self.delimiter => return Ok(at + 1),
                    Some(_) => {
                        record.fault = Some(Fault::AfterQuote { field_idx });
                        return Ok(at + 1);
                    }
                },
                Some(byte) => {
                    record.text.push(byte);
                    at += 1;
                }
            }
        }
    }

    /// Takes what is escaped at `at`, also the end of a line. Returns where it goes on.
    fn escaped(&mut self, record: &mut Record, at: usize) -> std::io::Result<usize> {
        if let Some(byte) = record.raw().get(at + 1).copied() {
            record.text.push(byte);
            return Ok(at + 2);
        }
        let end = record.raw.get(at + 1..).unwrap_or_default().to_vec();
        record.text.extend_from_slice(&end);
        let at = at + 1 + end.len();
        self.go_on(record)?;
        Ok(at)
    }

    /// Adds the next line to a record that goes on behind the end of its line.
    fn go_on(&mut self, record: &mut Record) -> std::io::Result<bool> {
        let n_end_bytes = record.n_end_bytes;
        record.n_end_bytes = 0;
        let more = self.add_line(record)?;
        if !more {
            record.n_end_bytes = n_end_bytes;
        }
        Ok(more)
    }

    fn add_line(&mut self, record: &mut Record) -> std::io::Result<bool> {
        let n_read = self.bytes.read_until(b'\n', &mut record.raw)?;
        if n_read == 0 {
            return Ok(false);
        }
        self.n_lines += 1;
        self.n_bytes += n_read as u64;
        record.n_end_bytes = match record.raw.as_slice() {
            [.., b'\r', b'\n'] => 2,
            [.., b'\n'] => 1,
            // A last line that is cut between the two.
            [.., b'\r'] => 1,
            _ => 0,
        };
        Ok(true)
    }

    /// Whether a field means null: as its text, or as it is written where a mark of escape stands in it, such as `\N`.
    fn is_null(
        &self,
        record: &Record,
        text: Range<usize>,
        raw: Range<usize>,
        is_quoted: bool,
    ) -> bool {
        if self.null_texts.is_empty() {
            return false;
        }
        let is = |bytes: Option<&[u8]>| {
            bytes.is_some_and(|bytes| self.null_texts.iter().any(|null| null == bytes))
        };
        match (self.escape, is_quoted) {
            (Some(_), false) => is(record.raw.get(raw)),
            _ => is(record.text.get(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record: its line, its fields or its fault, and what stands in the file.
    type Read = (u64, Result<Vec<Option<String>>, Fault>, String);

    fn records(text: &str, dialect: &Dialect) -> Vec<Read> {
        let mut records = Records::new(text.as_bytes(), dialect);
        let mut record = Record::default();
        let mut found = Vec::new();
        while records.read(&mut record).unwrap() {
            let text = |idx| String::from_utf8(record.field(idx).unwrap().to_vec()).unwrap();
            let fields =
                (0..record.n_fields()).map(|idx| (!record.is_null(idx)).then(|| text(idx)));
            let fields = match record.fault {
                Some(fault) => Err(fault),
                None => Ok(fields.collect()),
            };
            found.push((record.line, fields, String::from_utf8(record.raw().to_vec()).unwrap()));
        }
        found
    }

    fn check(dialect: &Dialect, text: &str, expected: &[(u64, &[&str])]) {
        let found = records(text, dialect);
        let found: Vec<(u64, Vec<String>)> = found
            .into_iter()
            .map(|(line, fields, _)| {
                let fields = fields.unwrap().into_iter();
                (line, fields.map(|field| field.unwrap_or("<null>".to_owned())).collect())
            })
            .collect();
        let expected: Vec<(u64, Vec<String>)> = expected
            .iter()
            .map(|(line, fields)| (*line, fields.iter().map(|field| (*field).to_owned()).collect()))
            .collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn fields_are_what_was_written() {
        let plain = Dialect::default();
        check(&plain, "", &[]);
        check(&plain, "a,b\n1,2\n", &[(1, &["a", "b"]), (2, &["1", "2"])]);
        check(&plain, "a,b\r\n1,2", &[(1, &["a", "b"]), (2, &["1", "2"])]);
        check(&plain, "\"a\",\"b\"\"c\"\r\n", &[(1, &["a", "b\"c"])]);
        check(&plain, "\"a\nb\r\n\",x\ny,\n", &[(1, &["a\nb\r\n", "x"]), (4, &["y", ""])]);
        check(&plain, "\"a\n\n\nb\"\n\nc", &[(1, &["a\n\n\nb"]), (5, &[""]), (6, &["c"])]);
        check(&plain, "12\" vinyl,a\"b\n", &[(1, &["12\" vinyl", "a\"b"])]);
        check(&plain, ",\n,", &[(1, &["", ""]), (2, &["", ""])]);
        check(&plain, "\"\",\"\"", &[(1, &["", ""])]);
        let tabs = Dialect { delimiter: b'\t', ..Dialect::default() };
        check(&tabs, "a,b\t\"c\td\"\n", &[(1, &["a,b", "c\td"])]);
        let nulls =
            Dialect { null_texts: vec![String::new(), "NA".to_owned()], ..Dialect::default() };
        check(&nulls, "NA,\"\",na\n", &[(1, &["<null>", "<null>", "na"])]);
        let escaped = Dialect {
            escape: Some(b'\\'),
            null_texts: vec!["\\N".to_owned()],
            ..Dialect::default()
        };
        check(
            &escaped,
            "\"10\\\" pipe\",\"a\\\\b\",\\N\n",
            &[(1, &["10\" pipe", "a\\b", "<null>"])],
        );
        check(&escaped, "a\\,b,c\\\nd\n\"e\\\nf\"", &[(1, &["a,b", "c\nd"]), (3, &["e\nf"])]);
        check(&escaped, "\\\\N,a\"\"b,\"a\"\"b\"\n", &[(1, &["\\N", "a\"\"b", "a\"b"])]);
    }

    #[test]
    fn what_nobody_wrote_is_a_fault_of_its_record_alone() {
        let check = |text: &str, expected: Fault, raw: &str| {
            let found = records(&format!("a,b\n{text}"), &Dialect::default());
            assert_eq!(found[1].1, Err(expected), "{text:?}");
            assert_eq!(found[1].2, raw, "{text:?}");
            assert!(found.iter().skip(2).all(|(_, fields, _)| fields.is_ok()), "{text:?}");
        };
        check("2,\"abc\"def\n3,x", Fault::AfterQuote { field_idx: 1 }, "2,\"abc\"def");
        check("\"x\" ,1\n", Fault::AfterQuote { field_idx: 0 }, "\"x\" ,1");
        check("1,\"10\\\" pipe\"\r\n3,x", Fault::AfterQuote { field_idx: 1 }, "1,\"10\\\" pipe\"");
        check("1,\"4\n5,6\n", Fault::OpenQuote { field_idx: 1 }, "1,\"4\n5,6");
        check("1,\"4", Fault::OpenQuote { field_idx: 1 }, "1,\"4");
        check("1,a\rb\n3,x", Fault::CarriageReturn { field_idx: 1 }, "1,a\rb");
    }
}
