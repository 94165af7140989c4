//! Files of a project as text and as YAML, and what is wrong with them in a project's words: the parser's own
//! speak of scalars and policies.

use crate::project::Place;
use serde::de::DeserializeOwned;
use std::io;
use std::path::Path;

/// What the parser says, and what it is in a project. Longer texts stand before those that they begin with.
const WORDS: &[(&str, &str)] = &[
    ("expected mapping start", "expected a map such as `key: value`"),
    ("expected sequence start", "expected a list such as `[a, b]`"),
    ("expected string scalar", "expected one text"),
    ("invalid u32", "expected a whole number from 0 to 4294967295"),
    ("invalid u64", "expected a whole number, not below 0"),
    ("invalid bool", "expected true or false"),
    ("tabs disallowed within this context", "has a tab where spaces indent"),
];

/// A text that is not what it should be, and where.
#[derive(Debug)]
pub(crate) struct NotYaml {
    pub(crate) place: Place,
    pub(crate) reason: String,
}

/// The text of the file `path`, without the mark that some editors put first.
///
/// # Errors
/// The place is that of the first byte that is not UTF-8.
pub(crate) fn read_text(path: &Path) -> Result<String, (Place, io::Error)> {
    let bytes = std::fs::read(path).map_err(|error| (Place::default(), error))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(error.as_bytes().get(..valid).unwrap_or_default());
        let line = before.matches('\n').count() as u64 + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u64 + 1;
        let reason = "a byte here is no UTF-8; save the file as UTF-8";
        (Place::at(line, column), io::Error::new(io::ErrorKind::InvalidData, reason))
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

/// Reads `text`.
///
/// # Errors
/// [`NotYaml`], with the place as far as the parser knows it.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, NotYaml> {
    serde_saphyr::from_str(text).map_err(|error| {
        let place = error.location().map(|at| Place::at(at.line(), at.column()));
        let place = place.unwrap_or_default();
        NotYaml { place, reason: reason(text, place, &error.without_snippet().to_string()) }
    })
}

fn reason(text: &str, place: Place, said: &str) -> String {
    let said = said.rsplit_once(" at line ").map_or(said, |(said, _)| said);
    if text.trim().is_empty() {
        return "is empty, expected a map such as `key: value`".to_owned();
    }
    if let Some(rest) = said.strip_prefix("duplicate mapping key: ") {
        let key = rest.split_once(", set ").map_or(rest, |(key, _)| key);
        return format!("key `{key}` stands here twice, one of them goes");
    }
    let line = place.line_and_column().and_then(|(line, _)| usize::try_from(line).ok());
    let line = line.and_then(|line| text.lines().nth(line - 1)).unwrap_or_default();
    if said.contains("flow mapping") && line.contains("${") {
        return format!(
            "{said}; between {{ and }} a text with a variable stands in quotes: \"${{NAME}}/file\""
        );
    }
    let known = WORDS.iter().find_map(|(theirs, ours)| Some((said.strip_prefix(theirs)?, ours)));
    known.map_or_else(|| said.to_owned(), |(rest, ours)| format!("{ours}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[derive(serde::Deserialize)]
    struct Named {
        name: String,
    }

    #[test]
    fn what_the_parser_says_is_said_in_words_of_a_project() {
        let check = |text: &str, expected: &str| {
            let NotYaml { place, reason } = parse::<BTreeMap<String, String>>(text).unwrap_err();
            assert_eq!(format!("{place} {reason}"), expected, "{text:?}");
        };
        check("[]", ":1:1 expected a map such as `key: value`");
        check("a: [b]", ":1:4 expected one text");
        check("a: 1\na: 2", ":2:1 key `a` stands here twice, one of them goes");
        let error = parse::<BTreeMap<String, u32>>("a: 99999999999").unwrap_err();
        assert_eq!(error.reason, "expected a whole number from 0 to 4294967295");
        let error = parse::<BTreeMap<String, Vec<u32>>>("a: 5").unwrap_err();
        assert_eq!(error.reason, "expected a list such as `[a, b]`");
        let error = parse::<BTreeMap<String, BTreeMap<String, String>>>("a: { b: ${C}/d }");
        let reason = error.unwrap_err().reason;
        assert!(reason.ends_with("a text with a variable stands in quotes: \"${NAME}/file\""));
        for text in ["", "\n"] {
            let reason = parse::<Named>(text).map(|named| named.name).unwrap_err().reason;
            assert_eq!(reason, "is empty, expected a map such as `key: value`");
        }
    }

    #[test]
    fn a_byte_that_is_no_text_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.yaml");
        std::fs::write(&path, b"name: x\n\xc3\xa9: \xff").unwrap();
        let (place, _) = read_text(&path).unwrap_err();
        assert_eq!(place.line_and_column(), Some((2, 4)));
        std::fs::write(&path, "\u{feff}name: x").unwrap();
        assert_eq!(read_text(&path).unwrap(), "name: x");
    }
}
