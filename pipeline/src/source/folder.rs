//! A folder into which files are delivered: each is taken once, in the order of the names.
//!
//! A file is its bytes, not its name: one that was moved, renamed or packed is the same file, and other bytes under the
//! name of a file that was taken are an error. What was added to a file behind the bytes that were taken is new.

mod delivery;
mod fingerprint;
mod seen;

pub(crate) use delivery::Delivery;
pub(crate) use seen::Seen;

use super::dialect::Dialect;
use super::typed_rows::{FILE_COLUMN, INGESTED_AT_COLUMN, ROW_COLUMN, Shape};
use super::{FileRule, PathTemplate, SourceError, SourceFormat, csv, hex, json_lines, parquet};
use crate::duration;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use catalog::Name;
use datafusion::catalog::TableProvider;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::PartitionStream;
use glob::MatchOptions;
use seen::Reading;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A `*` is a part of a name; `**/` is any number of folders.
const MATCHING: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// Where files are delivered, and what they hold.
#[derive(Debug, Clone)]
pub struct FolderSource {
    /// The folder; a relative one starts at the project's.
    pub(crate) folder: PathTemplate,
    /// Which of its files are taken.
    pub(crate) files: glob::Pattern,
    /// How they are written.
    pub format: SourceFormat,
    /// What the rows become.
    pub(super) shape: Arc<Shape>,
    /// How their text is written.
    pub(crate) dialect: Dialect,
    /// How long a file is left alone after it was written last.
    pub(super) settle: Option<duration::Span>,
}

/// A part of a file, in bytes from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// Rows that start before it were taken.
    pub(super) from_bytes: u64,
    /// What lies behind is not there yet.
    pub(super) until_bytes: u64,
}

impl Span {
    /// All of it.
    pub(super) const WHOLE: Span = Span { from_bytes: 0, until_bytes: u64::MAX };
}

/// What can be known of a file before its rows are read.
pub(super) struct Inspected {
    /// Columns that it lacks, and for which nobody said that they may.
    pub(super) lacks: Vec<String>,
    /// Whether it has a row.
    pub(super) has_rows: bool,
}

/// A file of which something is to be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewFile {
    /// Its path below the folder.
    pub(crate) name: String,
    path: PathBuf,
    span: Span,
}

impl FolderSource {
    /// The columns of the table: those of the files, the rescue column, and three that say where a row
    /// came from.
    pub(crate) fn schema(&self) -> SchemaRef {
        self.shape.schema()
    }

    /// The column of what does not fit; `None` when a row that does not fit fails the build.
    pub(crate) fn rescue(&self) -> Option<&str> {
        self.shape.rescue.as_deref()
    }

    /// How bytes become rows of given columns.
    fn reading(&self) -> Reading {
        let hash =
            Sha256::new_with_prefix(format!("{}\u{1f}{}", self.format, self.dialect.reading()));
        let columns = self.shape.columns.iter().filter(|column| column.of.is_moment());
        Reading {
            dialect: hex(hash).chars().take(16).collect(),
            moments: columns.map(|column| (column.name.clone(), column.of.to_string())).collect(),
        }
    }

    /// The columns that every folder's table has behind its own.
    pub(super) const AUDIT: [&'static str; 3] = [FILE_COLUMN, ROW_COLUMN, INGESTED_AT_COLUMN];

    /// Whether the file `name`, a path below the folder, is one of those that are taken.
    fn takes(&self, name: &str) -> bool {
        self.files.matches_with(name, MATCHING)
    }

    /// The names in `before` that are not in the folder any more, or not among its files.
    pub(crate) fn gone(
        &self,
        source_name: &Name,
        project_folder: &Path,
        before: &Seen,
    ) -> Result<Vec<String>, SourceError> {
        let root = self.root(source_name, project_folder)?;
        let mut there = list(&root)?;
        there.retain(|(name, _)| self.takes(name));
        let is_there = |name: &String| there.binary_search_by(|(other, _)| other.cmp(name)).is_ok();
        Ok(before.names().filter(|name| !is_there(name)).cloned().collect())
    }

    /// The folder, which is there.
    ///
    /// # Errors
    /// [`SourceError::Unset`] and [`SourceError::NoFolder`].
    pub(crate) fn root(
        &self,
        source_name: &Name,
        project_folder: &Path,
    ) -> Result<PathBuf, SourceError> {
        let root = self.folder.expand().map_err(|variable| SourceError::Unset {
            source_name: source_name.clone(),
            variable,
            path: self.folder.text().to_owned(),
        })?;
        let root = project_folder.join(root);
        if root.is_dir() {
            return Ok(root);
        }
        Err(SourceError::NoFolder { source_name: source_name.clone(), path: root })
    }

    /// The rows of `files`, one after another, as taken in at `ingested_at_us` (microseconds UTC).
    pub(crate) fn table(
        &self,
        files: Vec<NewFile>,
        ingested_at_us: i64,
    ) -> Result<Arc<dyn TableProvider>, DataFusionError> {
        let schema = self.schema();
        let stream = FilesStream {
            source: self.clone(),
            schema: Arc::clone(&schema),
            files: Arc::new(files),
            ingested_at_us,
        };
        super::streamed(schema, Arc::new(stream))
    }
}

#[derive(Debug)]
struct FilesStream {
    source: FolderSource,
    schema: SchemaRef,
    files: Arc<Vec<NewFile>>,
    ingested_at_us: i64,
}

impl PartitionStream for FilesStream {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _ctx: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStreamBuilder::new(Arc::clone(&self.schema), 2);
        let batches = builder.tx();
        let source = self.source.clone();
        let files = Arc::clone(&self.files);
        let ingested_at_us = self.ingested_at_us;
        builder.spawn_blocking(move || {
            for file in files.iter() {
                let is_wanted = read_file(&source, file, ingested_at_us, &mut |batch| {
                    batches.blocking_send(Ok(batch)).is_ok()
                })?;
                if !is_wanted {
                    break;
                }
            }
            Ok(())
        });
        builder.build()
    }
}

/// Gives the batches of `file` to `take`, as long as it says that it wants more. Returns whether it does.
fn read_file(
    source: &FolderSource,
    file: &NewFile,
    ingested_at_us: i64,
    take: &mut dyn FnMut(RecordBatch) -> bool,
) -> Result<bool, DataFusionError> {
    let rows = super::typed_rows::TypedRows::new(
        Arc::clone(&source.shape),
        &file.path,
        file.name.clone(),
        ingested_at_us,
    );
    match source.format {
        SourceFormat::Csv => csv::read_typed(&file.path, &source.dialect, file.span, rows, take),
        SourceFormat::JsonLines => {
            json_lines::read(&file.path, &source.dialect, file.span, rows, take)
        }
        SourceFormat::Parquet => {
            let origin = parquet::Origin { name: &file.name, ingested_at_us };
            parquet::read_typed(&file.path, &source.shape, &origin, take)
        }
    }
}

/// The files below `root` by their path below it, in the order of these paths. Names that begin with a dot
/// or an underscore, and those that end in `.part` or `.tmp`, are not delivered yet.
fn list(root: &Path) -> Result<Vec<(String, PathBuf)>, SourceError> {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(root).follow_links(true).sort_by_file_name() {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(root).to_owned();
            let source = error.into_io_error().unwrap_or_else(|| std::io::ErrorKind::Other.into());
            SourceError::File { path, rule: FileRule::Unreadable(source) }
        })?;
        if !entry.file_type().is_file() {
            continue;
        }
        let below = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        let is_hidden = parts.iter().any(|part| part.starts_with(['.', '_']));
        let name = parts.join("/");
        if is_hidden || name.ends_with(".part") || name.ends_with(".tmp") {
            continue;
        }
        files.push((name, entry.into_path()));
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests;
