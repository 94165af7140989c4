//! Where the configuration of a model stands: in a block comment that opens its file, or in a sibling
//! `NAME.yaml`. Other comments and empty lines may stand before the block, the query may not. A comment
//! elsewhere that looks like a configuration is refused, since nothing would read it.
//!
//! ```sql
//! /*---
//! materialized: merge
//! key: [order_id]
//! ---*/
//! select ...
//! ```

use crate::project::Place;
use crate::yaml;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace};
use std::path::{Path, PathBuf};

/// What opens and closes the block within the marks of a comment.
const FENCE: &str = "---";

/// Keys that no sentence of a comment begins with.
const OWN_KEYS: [&str; 5] =
    ["materialized", "expectations", "partition_by", "sort_by", "newest_by"];

/// Keys that make a comment a configuration where dashes fence it.
const KEYS: [&str; 18] = [
    "description",
    "owner",
    "materialized",
    "key",
    "input",
    "newest_by",
    "deleted",
    "watermark",
    "by",
    "valid_from",
    "stream",
    "partition_by",
    "sort_by",
    "zorder_by",
    "cluster_by",
    "columns",
    "expectations",
    "freshness",
];

/// The configuration of a model as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// The file in which it stands.
    pub(super) path: PathBuf,
    /// YAML. What stands before it in the file is replaced by line breaks, so that its places are the
    /// file's.
    pub(super) yaml: String,
}

/// Why there is no one configuration.
#[derive(Debug)]
pub(super) enum HeaderError {
    /// The block is opened at this line and not closed.
    Open { line: u64 },
    /// A comment looks like a configuration and is not read.
    Unread { place: Place },
    /// There is a block and a sibling file.
    Both { sibling: PathBuf },
    /// The sibling cannot be read.
    Unreadable { sibling: PathBuf, place: Place, source: std::io::Error },
}

/// The configuration of the model whose file is `path` with the text `sql`; `None` when it has none.
pub(super) fn find(path: &Path, sql: &str) -> Result<Option<Header>, HeaderError> {
    let block = block(sql)?;
    let sibling = path.with_extension("yaml");
    let text = match yaml::read_text(&sibling) {
        Ok(text) => Some(text),
        Err((_, error)) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err((place, source)) => return Err(HeaderError::Unreadable { sibling, place, source }),
    };
    match (block, text) {
        (Some(_), Some(_)) => Err(HeaderError::Both { sibling }),
        (Some(yaml), None) => Ok(Some(Header { path: path.to_owned(), yaml })),
        (None, Some(yaml)) => Ok(Some(Header { path: sibling, yaml })),
        (None, None) => Ok(None),
    }
}

/// The YAML of the block that opens `sql`, on the lines on which it stands.
fn block(sql: &str) -> Result<Option<String>, HeaderError> {
    // What is no SQL is said where the query is parsed.
    let Ok(tokens) = Tokenizer::new(&GenericDialect {}, sql).tokenize_with_location() else {
        return Ok(None);
    };
    let mut found = None;
    let mut is_before_query = true;
    for TokenWithSpan { token, span } in &tokens {
        let place = Place::at(span.start.line, span.start.column);
        match token {
            Token::Whitespace(Whitespace::MultiLineComment(text)) => {
                // A longer line of dashes is an ornament.
                let fenced = text.strip_prefix(FENCE).filter(|rest| !rest.starts_with('-'));
                if let (true, None, Some(rest)) = (is_before_query, &found, fenced) {
                    let line = span.start.line;
                    let yaml = rest.strip_suffix(FENCE).ok_or(HeaderError::Open { line })?;
                    let n_lines = usize::try_from(line).unwrap_or(1).saturating_sub(1);
                    found = Some(format!("{}{yaml}", "\n".repeat(n_lines)));
                } else if looks_like_one(text) {
                    return Err(HeaderError::Unread { place });
                }
            }
            Token::Whitespace(Whitespace::SingleLineComment { comment, .. }) => {
                if says_one_of(&OWN_KEYS, comment) {
                    return Err(HeaderError::Unread { place });
                }
            }
            Token::Whitespace(_) => {}
            _ => is_before_query = false,
        }
    }
    Ok(found)
}

/// Whether the text of a block comment is meant to be read.
fn looks_like_one(text: &str) -> bool {
    let opened = text.trim_start_matches(|c: char| c == '*' || c.is_whitespace());
    let keys = if opened.starts_with("--") { &KEYS[..] } else { &OWN_KEYS[..] };
    text.lines().any(|line| says_one_of(keys, line))
}

/// Whether `line` is a key of `keys` and what it is.
fn says_one_of(keys: &[&str], line: &str) -> bool {
    let line = line.trim_start_matches(|c: char| c == '*' || c == '-' || c.is_whitespace());
    let Some((key, _)) = line.split_once(':') else { return false };
    keys.contains(&key.trim_end().to_lowercase().as_str())
}

/// Where `yaml` says `word` under its key `key`, or the key itself where it does not.
pub(super) fn place_of(yaml: &str, key: &str, word: &str) -> Place {
    let is_its = |line: &str| {
        let rest = line.strip_prefix(key);
        rest.is_some_and(|rest| rest.trim_start().starts_with(':'))
    };
    let is_another = |line: &str| line.starts_with(|c: char| c.is_alphabetic());
    let mut lines = yaml.lines().enumerate().skip_while(|(_, line)| !is_its(line));
    let Some((first, line)) = lines.next() else { return Place::default() };
    let after = line.get(key.len()..).unwrap_or_default();
    let block = std::iter::once((first, after, key.len()));
    let rest = lines.take_while(|(_, line)| !is_another(line)).map(|(idx, line)| (idx, line, 0));
    for (idx, text, before) in block.chain(rest) {
        if let Some(at) = word_in(text, word) {
            return Place::at(idx as u64 + 1, (before + at) as u64 + 1);
        }
    }
    Place::at(first as u64 + 1, 1)
}

/// After how many letters of `text` the word `word` stands.
fn word_in(text: &str, word: &str) -> Option<usize> {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    let found = text.match_indices(word).find(|(at, _)| {
        let (before, rest) = text.split_at(*at);
        let after = rest.get(word.len()..).unwrap_or_default();
        !word.is_empty() && !before.ends_with(is_letter) && !after.starts_with(is_letter)
    });
    found.map(|(at, _)| text.get(..at).unwrap_or_default().chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_keeps_its_lines() {
        let check = |sql: &str, expected: Option<&str>| {
            assert_eq!(block(sql).unwrap().as_deref(), expected, "{sql:?}");
        };
        check("select 1", None);
        check("-- x\n/*--- a: 1 ---*/ select 1", Some("\n a: 1 "));
        check("-- x\n\n/* (c) the shop */\n/*---\na: 1\n---*/select 1", Some("\n\n\n\na: 1\n"));
        check("/*---\na: 1\n---*/\nselect 1", Some("\na: 1\n"));
        check("\n\n/*---\na: 1\n---*/select 1", Some("\n\n\na: 1\n"));
        assert!(matches!(block("\n/*---\na: 1\n*/ select 1"), Err(HeaderError::Open { line: 2 })));
    }

    #[test]
    fn what_looks_like_a_configuration_is_read_or_named() {
        let check = |sql: &str, expected: Option<&str>| {
            let found = match block(sql) {
                Err(HeaderError::Unread { place }) => Some(place.to_string()),
                Err(error) => panic!("{sql:?}: {error:?}"),
                Ok(_) => None,
            };
            assert_eq!(found.as_deref(), expected, "{sql:?}");
        };
        check("/* ---\nmaterialized: merge\n--- */\nselect 1", Some(":1:1"));
        check("/*\nmaterialized: merge\n*/\nselect 1", Some(":1:1"));
        check("/**---\n * key: [id]\n ---*/\nselect 1", Some(":1:1"));
        check("/* --\nKey: [id]\n-- */\nselect 1", Some(":1:1"));
        check("select 1\n/*---\nkey: [id]\n---*/", Some(":2:1"));
        check("/*---\na: 1\n---*/\n/*---\nkey: [id]\n---*/\nselect 1", Some(":4:1"));
        check("-- materialized: merge\n-- key: [id]\nselect 1", Some(":1:1"));
        check("select 1 -- sort_by: [id]", Some(":1:10"));
        check("select '/*---\nkey: [id]\n---*/' as \"-- sort_by: x\"", None);
        check("/* the key: what names a row */ select 1", None);
        check("/* owner: sales */ select 1", None);
        check("-- by: day, as the shop says\nselect 1", None);
        check("/*---------- part 2 ----------*/ /*---------- part 3\n----------*/ select 1", None);
        check("/*----\nkey: [id]\n----*/ select 1", Some(":1:1"));
        check("select 1 /*---------- the rest ----------*/", None);
    }

    #[test]
    fn a_key_and_a_word_under_it_have_a_place() {
        let check = |key: &str, word: &str, expected: &str| {
            let yaml = "\nkey: [id, day]\nsort_by:\n  - days\n  - day\nby : [x]\n";
            assert_eq!(place_of(yaml, key, word).to_string(), expected, "{key} {word}");
        };
        check("key", "day", ":2:11");
        check("key", "id", ":2:7");
        check("key", "x", ":2:1");
        check("sort_by", "day", ":5:5");
        check("by", "x", ":6:7");
        check("watermark", "x", "");
    }

    #[test]
    fn a_model_has_one_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.sql");
        assert_eq!(find(&path, "select 1").unwrap(), None);
        std::fs::write(folder.path().join("t.yaml"), "a: 1").unwrap();
        let found = find(&path, "select 1").unwrap().unwrap();
        assert_eq!((found.path, found.yaml.as_str()), (folder.path().join("t.yaml"), "a: 1"));
        assert!(matches!(find(&path, "/*---\n---*/ select 1"), Err(HeaderError::Both { .. })));
    }
}
