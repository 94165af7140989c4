//! The dialect of a source as it is written.

use super::{Refused, SourceForm, SourceFormError, foreign, place_of};
use crate::project::Place;
use crate::source::SourceFormat;
use crate::source::dialect::{self, Dialect};
use crate::source::exact::NumberStyle;
use crate::yaml::OneOrMore;
use catalog::Name;
use serde_saphyr::Spanned;

/// Marks between groups of digits that people use.
const GROUP_MARKS: [&str; 5] = [".", ",", "'", " ", "_"];

/// Reads how the text of the files of the source `name` is written; `text` is that of the project's file.
pub(super) fn read(
    text: &str,
    name: &Name,
    form: &SourceForm,
    format: SourceFormat,
) -> Result<Dialect, Refused> {
    let refuse = |place: Place, reason: String| {
        (place, SourceFormError::Dialect { source_name: name.clone(), reason })
    };
    let csv_only: [(&'static str, Option<Place>); 5] = [
        ("delimiter", form.delimiter.as_ref().map(place_of)),
        ("escape", form.escape.as_ref().map(place_of)),
        ("null_text", form.null_text.as_ref().map(place_of)),
        ("decimal_comma", form.decimal_comma.as_ref().map(place_of)),
        ("thousands", form.thousands.as_ref().map(place_of)),
    ];
    for (key, place) in csv_only {
        if let (Some(place), true) = (place, format != SourceFormat::Csv) {
            foreign(name, place, key, "csv only")?;
        }
    }
    let mut dialect = Dialect::default();
    if let Some(label) = &form.encoding {
        if format == SourceFormat::Parquet {
            foreign(name, place_of(label), "encoding", "csv and json_lines")?;
        }
        dialect.encoding = dialect::encoding(&label.value).ok_or_else(|| {
            let reason = format!(
                "encoding {:?} is not known, there are utf-8, utf-16, utf-16le, utf-16be, latin-1, windows-1252 and those of \
                 browsers",
                label.value
            );
            refuse(place_of(label), reason)
        })?;
    }
    if let Some(mark) = &form.delimiter {
        dialect.delimiter = byte(mark).ok_or_else(|| {
            let reason = format!(
                "delimiter {:?} is not one letter of ASCII, such as \";\" or \"\\t\"",
                mark.value
            );
            refuse(place_of(mark), reason)
        })?;
    }
    if let Some(mark) = &form.escape {
        let escape = byte(mark).filter(|byte| *byte != dialect.delimiter);
        dialect.escape = Some(escape.ok_or_else(|| {
            let reason = format!(
                "escape {:?} is not one letter of ASCII beside the delimiter, such as '\\'",
                mark.value
            );
            refuse(place_of(mark), reason)
        })?);
    }
    if let Some(texts) = &form.null_text {
        dialect.null_texts = OneOrMore::texts(texts, text).map_err(|place| {
            let reason =
                "null_text has nothing behind it: an empty field is `null_text: ''`".to_owned();
            refuse(place, reason)
        })?;
    }
    dialect.numbers = numbers(form).map_err(|(place, reason)| refuse(place, reason))?;
    Ok(dialect)
}

fn numbers(form: &SourceForm) -> Result<NumberStyle, (Place, String)> {
    let decimal_mark = match form.decimal_comma.as_ref().is_some_and(|comma| comma.value) {
        true => ',',
        false => '.',
    };
    let Some(mark) = &form.thousands else {
        return Ok(NumberStyle { decimal_mark, group_mark: None });
    };
    let group_mark = mark.value.chars().next();
    if !GROUP_MARKS.contains(&mark.value.as_str()) || group_mark == Some(decimal_mark) {
        let reason = format!(
            "thousands {:?} is none of . , ' _ and a blank, or is the decimal mark",
            mark.value
        );
        return Err((place_of(mark), reason));
    }
    Ok(NumberStyle { decimal_mark, group_mark })
}

/// The one byte that `mark` is, which is neither a quote nor the end of a line.
fn byte(mark: &Spanned<String>) -> Option<u8> {
    match mark.value.as_bytes() {
        b"tab" | b"\\t" => Some(b'\t'),
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Some(*byte),
        _ => None,
    }
}
