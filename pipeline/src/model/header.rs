//! Where the configuration of a model stands: in a block comment that opens its file, or in a sibling
//! `NAME.yaml`.
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
use std::path::{Path, PathBuf};

const OPEN: &str = "/*---";
const CLOSE: &str = "---*/";

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
    /// The block is opened and not closed.
    Open,
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
    let trimmed = sql.trim_start();
    let Some(rest) = trimmed.strip_prefix(OPEN) else { return Ok(None) };
    let Some((yaml, _)) = rest.split_once(CLOSE) else { return Err(HeaderError::Open) };
    let before = sql.len() - trimmed.len();
    let n_lines = sql.get(..before).unwrap_or_default().matches('\n').count();
    Ok(Some(format!("{}{yaml}", "\n".repeat(n_lines))))
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
        check("-- x\n/*--- a: 1 ---*/ select 1", None);
        check("/*---\na: 1\n---*/\nselect 1", Some("\na: 1\n"));
        check("\n\n/*---\na: 1\n---*/select 1", Some("\n\n\na: 1\n"));
        assert!(matches!(block("/*---\na: 1\nselect 1"), Err(HeaderError::Open)));
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
