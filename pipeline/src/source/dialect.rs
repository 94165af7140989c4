//! How the text of a file is written, beyond its format: what a project says, and nothing that is guessed.

use super::exact::NumberStyle;
use encoding_rs::{Encoding, UTF_8};
use std::fmt::Write;

/// Part of every reading. Another value makes each table of a folder anew: change it when the same bytes become other
/// rows.
const VERSION: u32 = 1;

/// How the text of a file is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// CSV: what stands between two fields.
    pub(crate) delimiter: u8,
    /// CSV: what takes its meaning from the byte behind it, beside a doubled quote.
    pub(crate) escape: Option<u8>,
    /// CSV: fields of exactly one of these texts are null.
    pub(crate) null_texts: Vec<String>,
    /// How the bytes are letters.
    pub(crate) encoding: &'static Encoding,
    /// How numbers are written.
    pub(crate) numbers: NumberStyle,
}

impl Default for Dialect {
    /// RFC 4180 in UTF-8, without a text for null.
    fn default() -> Dialect {
        Dialect {
            delimiter: b',',
            escape: None,
            null_texts: Vec::new(),
            encoding: UTF_8,
            numbers: NumberStyle::default(),
        }
    }
}

impl Dialect {
    /// An account of how bytes become rows: another one whenever they become others.
    pub(crate) fn reading(&self) -> String {
        let mut reading = format!("reading {VERSION}");
        let _ = write!(reading, "; null texts {:?}", self.null_texts);
        if self.is_plain() {
            return reading;
        }
        let escape = self.escape.map(char::from);
        let NumberStyle { decimal_mark, group_mark } = self.numbers;
        let _ = write!(
            reading,
            "; delimiter {:?}; escape {escape:?}; encoding {}; decimal mark {decimal_mark:?}; group mark {group_mark:?}",
            char::from(self.delimiter),
            self.encoding.name()
        );
        reading
    }

    /// Whether nothing but texts for null is said.
    pub(crate) fn is_plain(&self) -> bool {
        let null_texts = self.null_texts.clone();
        *self == Dialect { null_texts, ..Dialect::default() }
    }

    /// Whether the bytes are UTF-8 as they lie there.
    pub(crate) fn is_utf8(&self) -> bool {
        self.encoding == UTF_8
    }
}

/// The encoding that `label` names, as browsers know them, and as people write them.
pub(crate) fn encoding(label: &str) -> Option<&'static Encoding> {
    let label = label.trim().to_lowercase();
    let label = match label.as_str() {
        "utf8-bom" | "utf-8-bom" | "utf-8-sig" => "utf-8",
        "latin-1" | "latin 1" => "latin1",
        "utf-16-le" => "utf-16le",
        "utf-16-be" => "utf-16be",
        label => label,
    };
    Encoding::for_label_no_replacement(label.as_bytes())
}
