//! Files of a project as text and as YAML, and what is wrong with them in a project's words: the parser's own
//! speak of scalars and policies.

use crate::project::Place;
use serde::de::{DeserializeOwned, Error, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;
use std::fmt;
use std::io;
use std::path::Path;

/// What the parser says, and what it is in a project. Longer texts stand before those that they begin with.
const WORDS: &[(&str, &str)] = &[
    ("expected mapping start", "expected a map such as `key: value`"),
    ("expected sequence start", "expected a list such as `[a, b]`"),
    ("expected string scalar", "expected one text"),
    (
        "cannot deserialize null into string; use Option<String>",
        "expected a text, and nothing stands here: to YAML ~ and null are nothing; leave the key out, or write the text in quotes",
    ),
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

/// A key that is there has a value: nothing behind it is an error, and not as if the key were not there.
///
/// # Errors
/// What the value's own type says of nothing.
pub(crate) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A text as somebody wrote it, also where YAML takes it for a number, a truth value or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Written {
    /// It is a text to YAML, too.
    Text(String),
    /// It is something else to YAML; the file has what was written.
    Other,
}

impl Written {
    /// What stands in `text`, the file, at `spanned`; `None` where nothing does.
    pub(crate) fn text(spanned: &Spanned<Written>, text: &str) -> Option<String> {
        if let Written::Text(text) = &spanned.value {
            return Some(text.clone());
        }
        let at = &spanned.defined;
        let line = text.lines().nth(usize::try_from(at.line()).ok()?.checked_sub(1)?)?;
        let n_before = usize::try_from(at.column()).ok()?.checked_sub(1)?;
        let n_chars = usize::try_from(at.span().len()).ok()?;
        let written: String = line.chars().skip(n_before).take(n_chars).collect();
        let written = written.trim();
        (!written.is_empty()).then(|| written.to_owned())
    }
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Written, D::Error> {
        struct Scalar;
        impl Visitor<'_> for Scalar {
            type Value = Written;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one text")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Written, E> {
                Ok(Written::Text(text.to_owned()))
            }

            fn visit_bool<E: Error>(self, _: bool) -> Result<Written, E> {
                Ok(Written::Other)
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<Written, E> {
                Ok(Written::Other)
            }

            fn visit_u64<E: Error>(self, _: u64) -> Result<Written, E> {
                Ok(Written::Other)
            }

            fn visit_f64<E: Error>(self, _: f64) -> Result<Written, E> {
                Ok(Written::Other)
            }

            fn visit_unit<E: Error>(self) -> Result<Written, E> {
                Ok(Written::Other)
            }
        }
        deserializer.deserialize_any(Scalar)
    }
}

/// One text, or a list of them.
#[derive(Debug, Clone)]
pub(crate) enum OneOrMore {
    One(Written),
    More(Vec<Spanned<Written>>),
}

impl OneOrMore {
    /// The texts in `text`, the file in which `spanned` stands.
    ///
    /// # Errors
    /// The place where nothing stands.
    pub(crate) fn texts(spanned: &Spanned<OneOrMore>, text: &str) -> Result<Vec<String>, Place> {
        let all = match &spanned.value {
            OneOrMore::One(one) => {
                vec![Spanned::new(one.clone(), spanned.referenced, spanned.defined)]
            }
            OneOrMore::More(more) => more.clone(),
        };
        let written = |one: &Spanned<Written>| {
            let place = Place::at(one.referenced.line(), one.referenced.column());
            Written::text(one, text).ok_or(place)
        };
        all.iter().map(written).collect()
    }
}

impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OneOrMore, D::Error> {
        struct Texts;
        impl<'de> Visitor<'de> for Texts {
            type Value = OneOrMore;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one text or a list of texts")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<OneOrMore, E> {
                Ok(OneOrMore::One(Written::Text(text.to_owned())))
            }

            fn visit_bool<E: Error>(self, _: bool) -> Result<OneOrMore, E> {
                Ok(OneOrMore::One(Written::Other))
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<OneOrMore, E> {
                Ok(OneOrMore::One(Written::Other))
            }

            fn visit_u64<E: Error>(self, _: u64) -> Result<OneOrMore, E> {
                Ok(OneOrMore::One(Written::Other))
            }

            fn visit_f64<E: Error>(self, _: f64) -> Result<OneOrMore, E> {
                Ok(OneOrMore::One(Written::Other))
            }

            fn visit_unit<E: Error>(self) -> Result<OneOrMore, E> {
                Ok(OneOrMore::One(Written::Other))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut seq: A,
            ) -> Result<OneOrMore, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = seq.next_element()? {
                    texts.push(text);
                }
                Ok(OneOrMore::More(texts))
            }
        }
        deserializer.deserialize_any(Texts)
    }
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
    fn texts_are_as_they_were_written() {
        #[derive(serde::Deserialize)]
        struct Form {
            #[serde(default, deserialize_with = "given")]
            t: Option<Spanned<OneOrMore>>,
        }
        let check = |text: &str, expected: Result<&[&str], &str>| {
            let form: Form = parse(text).unwrap();
            let found = OneOrMore::texts(&form.t.unwrap(), text).map_err(|place| place.to_string());
            let expected =
                expected.map(|texts| texts.iter().map(|text| (*text).to_owned()).collect());
            assert_eq!(found, expected.map_err(str::to_owned), "{text:?}");
        };
        check("t: NULL", Ok(&["NULL"]));
        check("t: null # so the export says", Ok(&["null"]));
        check("t: ~\n", Ok(&["~"]));
        check("t: 'NULL'", Ok(&["NULL"]));
        check("t: ''", Ok(&[""]));
        check("t: 007", Ok(&["007"]));
        check("t: 0.10", Ok(&["0.10"]));
        check("t: True", Ok(&["True"]));
        check("t: -1", Ok(&["-1"]));
        check("t: \\N", Ok(&["\\N"]));
        check("t: [NULL, '', n/a, \"-\", 1.0, no]", Ok(&["NULL", "", "n/a", "-", "1.0", "no"]));
        check("t:\n  - NULL\n  - é\n  - ~\n", Ok(&["NULL", "é", "~"]));
        check("é: 1\nt: { }\n".replace("{ }", "Null").as_str(), Ok(&["Null"]));
        check("t:\n", Err(":1:2"));
        assert!(parse::<Form>("{}").unwrap().t.is_none());
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
