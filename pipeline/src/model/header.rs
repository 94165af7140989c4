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
    Unreadable { sibling: PathBuf, source: std::io::Error },
}

/// The configuration of the model whose file is `path` with the text `sql`; `None` when it has none.
pub(super) fn find(path: &Path, sql: &str) -> Result<Option<Header>, HeaderError> {
    let block = block(sql)?;
    let sibling = path.with_extension("yaml");
    let text = match std::fs::read_to_string(&sibling) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(source) => return Err(HeaderError::Unreadable { sibling, source }),
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
    let text = sql.strip_prefix('\u{feff}').unwrap_or(sql);
    let trimmed = text.trim_start();
    let Some(rest) = trimmed.strip_prefix(OPEN) else { return Ok(None) };
    let Some((yaml, _)) = rest.split_once(CLOSE) else { return Err(HeaderError::Open) };
    let before = text.len() - trimmed.len();
    let n_lines = text.get(..before).unwrap_or_default().matches('\n').count();
    Ok(Some(format!("{}{yaml}", "\n".repeat(n_lines))))
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
        check("\u{feff}/*---\na: 1\n---*/select 1", Some("\na: 1\n"));
        assert!(matches!(block("/*---\na: 1\nselect 1"), Err(HeaderError::Open)));
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
