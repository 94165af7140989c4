//! What bronze reads from outside of the lake, and what can be wrong with it.

mod bytes;
mod column_type;
mod csv;
mod database;
mod dialect;
mod error;
mod exact;
mod folder;
mod form;
mod generated;
mod json_fields;
mod json_lines;
mod mysql;
pub(crate) mod parquet;
mod single;
mod typed_rows;

pub use column_type::{ColumnType, ColumnTypeError};
pub use database::DatabaseSource;
pub(crate) use database::{DatabasePosition, Mode, Servers};
pub use error::{FileRule, RowRule, SourceError};
pub use folder::FolderSource;
pub(crate) use folder::{Delivery, NewFile, Seen};
pub use form::SourceFormError;
pub(crate) use form::{Entry, SourceForm, read as read_form};
pub use generated::Generator;
pub use mysql::{MySqlError, SchemaChange, ServerRule, TableRule, TypeRule, UrlRule};
pub(crate) use typed_rows::{FILE_COLUMN, INGESTED_AT_COLUMN, ROW_COLUMN};

use crate::project::Place;
use arrow::datatypes::SchemaRef;
use catalog::Name;
use datafusion::catalog::TableProvider;
use dialect::Dialect;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use typed_rows::Column;

/// Something outside the lake, which models name as `source.NAME`.
#[derive(Debug, Clone)]
pub struct Source {
    /// How models name it.
    pub name: Name,
    /// The file that says so.
    pub path: PathBuf,
    /// Where in it.
    pub place: Place,
    /// What it is.
    pub kind: SourceKind,
}

/// What a source is.
#[derive(Debug, Clone)]
pub enum SourceKind {
    /// One file, read whole each time it changes.
    File(FileSource),
    /// A folder of files, each taken once.
    Folder(FolderSource),
    /// A table of a database.
    Database(DatabaseSource),
}

impl Source {
    /// `error` with the place at which the project describes the source, unless it has one in a file of its own.
    pub(crate) fn refused(&self, error: SourceError) -> SourceError {
        match error {
            SourceError::Unset { .. }
            | SourceError::Missing { .. }
            | SourceError::NoFolder { .. }
            | SourceError::Database(_) => {
                let (path, place) = (self.path.clone(), self.place);
                SourceError::At { path, place, source: Box::new(error) }
            }
            error => error,
        }
    }
}

/// One file outside the lake.
#[derive(Debug, Clone)]
pub struct FileSource {
    /// How models name it.
    pub name: Name,
    /// Where it may lie; the first that exists is read.
    pub(crate) paths: Vec<PathTemplate>,
    /// How it is written.
    pub format: SourceFormat,
    /// CSV: columns that the header must have. Others may stand beside them and are kept.
    pub columns: Vec<String>,
    /// CSV: columns that are not text, each in the header. JSON lines: all columns.
    pub(crate) types: Vec<Column>,
    /// The column of what does not fit; `None` when a row that does not fit fails the build.
    pub(crate) rescue: Option<String>,
    /// How its text is written.
    pub(crate) dialect: Dialect,
    /// The columns of a file that a generator delivers, known before it is there.
    pub(crate) generated: Option<SchemaRef>,
}

/// How a source is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceFormat {
    /// Text as in RFC 4180 with a header, in its own dialect; plain, zstd (`.zst`) or gzip (`.gz`).
    Csv,
    /// One JSON object a line; plain, zstd (`.zst`) or gzip (`.gz`).
    JsonLines,
    /// Parquet.
    Parquet,
}

impl fmt::Display for SourceFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SourceFormat::Csv => "csv",
            SourceFormat::JsonLines => "json_lines",
            SourceFormat::Parquet => "parquet",
        })
    }
}

/// A path, or a URL, with `${VARIABLE}`s in it.
#[derive(Debug, Clone)]
pub(crate) struct PathTemplate {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    Variable {
        name: String,
        /// What was given in place of the environment's.
        value: Option<String>,
        /// What stands in the project.
        default: Option<String>,
    },
}

impl PathTemplate {
    /// `None` when a `${` has no name or no end.
    pub(crate) fn parse(text: &str, variables: &BTreeMap<String, String>) -> Option<PathTemplate> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}')?;
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || !name.chars().all(is_name) {
                return None;
            }
            parts.push(Part::Text(before.to_owned()));
            let default = variables.get(name).cloned();
            parts.push(Part::Variable { name: name.to_owned(), value: None, default });
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        Some(PathTemplate { text: text.to_owned(), parts })
    }

    /// Whether a password is written down: `user:password@`, and not as a variable.
    pub(crate) fn has_plain_password(&self) -> bool {
        let Some((_, rest)) = self.text.split_once("://") else { return false };
        let Some((user, _)) = rest.rsplit_once('@') else { return false };
        user.split_once(':').is_some_and(|(_, password)| !password.starts_with("${"))
    }

    /// As it is written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The same with a value for one variable.
    pub(crate) fn with(&self, variable: &str, given: &str) -> PathTemplate {
        let mut path = self.clone();
        for part in &mut path.parts {
            match part {
                Part::Variable { name, value, .. } if name == variable => {
                    *value = Some(given.to_owned());
                }
                _ => {}
            }
        }
        path
    }

    /// The path, or the variable that has no value.
    pub(crate) fn expand(&self) -> Result<PathBuf, String> {
        self.expand_text().map(PathBuf::from)
    }

    /// The text with the variables' values, or the variable that has none.
    pub(crate) fn expand_text(&self) -> Result<String, String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Variable { value: Some(value), .. } => text.push_str(value),
                Part::Variable { name, value: None, default } => {
                    let value = std::env::var(name).ok().or_else(|| default.clone());
                    text.push_str(&value.ok_or_else(|| name.clone())?);
                }
            }
        }
        Ok(text)
    }
}

impl FileSource {
    /// The file that is there: of each path, itself and then, for CSV, itself with `.zst`. Relative
    /// paths start at `folder`.
    ///
    /// # Errors
    /// [`SourceError::Unset`] and [`SourceError::Missing`].
    pub fn find(&self, folder: &Path) -> Result<PathBuf, SourceError> {
        let mut tried = Vec::new();
        for template in &self.paths {
            let path = template.expand().map_err(|variable| SourceError::Unset {
                source_name: self.name.clone(),
                variable,
                path: template.text.clone(),
            })?;
            let path = folder.join(path);
            let mut candidates = vec![path.clone()];
            if self.format != SourceFormat::Parquet && !is_zstd(&path) {
                let mut zstd = path.into_os_string();
                zstd.push(".zst");
                candidates.push(PathBuf::from(zstd));
            }
            if let Some(found) = candidates.iter().find(|path| path.is_file()) {
                return Ok(found.clone());
            }
            tried.extend(candidates.iter().map(|path| path.display().to_string()));
        }
        let source_name = self.name.clone();
        Err(SourceError::Missing { source_name, tried: tried.join(", ") })
    }

    /// The hash of the file `path`: of its bytes, and of how they are read.
    ///
    /// # Errors
    /// [`SourceError::File`] when it cannot be read.
    pub(crate) fn hash(&self, path: &Path) -> Result<String, SourceError> {
        let mut hash = Sha256::new();
        // A field holds no unit separator, so that no two lists give one text.
        match self.dialect.null_texts.as_slice() {
            _ if !self.dialect.is_plain() => hash.update(self.dialect.reading()),
            [] => hash.update(format!("{}\u{1f}\u{1e}\u{1f}", self.format)),
            [null_text] => hash.update(format!("{}\u{1f}{null_text}\u{1f}", self.format)),
            _ => hash.update(self.dialect.reading()),
        }
        for column in &self.types {
            hash.update(format!("{} {}\u{1f}", column.name, column.of));
        }
        let read = add_file(&mut hash, path);
        read.map_err(|error| SourceError::File {
            path: path.to_owned(),
            rule: FileRule::Unreadable(error),
        })?;
        Ok(hex(hash))
    }

    /// Reads the header or footer of the file `path` and gives the table it is.
    ///
    /// # Errors
    /// [`SourceError::File`] or [`SourceError::Row`]. A scan of the table fails with
    /// `DataFusionError::External` of a [`SourceError`].
    pub fn open(&self, path: &Path) -> Result<Arc<dyn TableProvider>, SourceError> {
        match self.format {
            SourceFormat::Csv => csv::open(self, path),
            SourceFormat::Parquet => parquet::open(path),
            SourceFormat::JsonLines => json_lines::open(self, path),
        }
    }
}

/// Takes the bytes of the file `path` into `hash`.
fn add_file(hash: &mut Sha256, path: &Path) -> std::io::Result<()> {
    let mut file = std::fs::File::open(path)?;
    let mut buffer = vec![0; 1 << 17];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(()),
            n_bytes => hash.update(buffer.get(..n_bytes).unwrap_or_default()),
        }
    }
}

/// The digits of a hash.
pub(crate) fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether the name says that the file is compressed with zstd.
pub(crate) fn is_zstd(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "zst")
}

/// A table that is read by one stream, from its first row to its last.
pub(crate) fn streamed(
    schema: SchemaRef,
    stream: Arc<dyn datafusion::physical_plan::streaming::PartitionStream>,
) -> Result<Arc<dyn TableProvider>, datafusion::error::DataFusionError> {
    let table = datafusion::catalog::streaming::StreamingTable::try_new(schema, vec![stream])?;
    Ok(Arc::new(table))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_expanded_or_named() {
        let check = |text: &str, expected: Result<&str, &str>| {
            let path =
                PathTemplate::parse(text, &BTreeMap::new()).unwrap().with("A", "/a").with("B", "b");
            let expected = expected.map(PathBuf::from).map_err(str::to_owned);
            assert_eq!(path.expand(), expected, "{text}");
        };
        check("x/y.csv", Ok("x/y.csv"));
        check("${A}/y-${B}.csv", Ok("/a/y-b.csv"));
        check("${A}/${LAKEFRONT_TEST_UNSET}", Err("LAKEFRONT_TEST_UNSET"));
        for text in ["${", "${}", "${A", "a${ }b"] {
            assert!(PathTemplate::parse(text, &BTreeMap::new()).is_none(), "{text}");
        }
    }
}
