//! A folder into which files are delivered: each is taken once, in the order of the names.

use super::typed_rows::{FILE_COLUMN, INGESTED_AT_COLUMN, ROW_COLUMN, Shape};
use super::{FileRule, PathTemplate, SourceError, SourceFormat, csv, json_lines, parquet};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use catalog::Name;
use datafusion::catalog::TableProvider;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::PartitionStream;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

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
    /// CSV: a field of exactly this text is null. `None`: no field is.
    pub null_text: Option<String>,
}

/// The files that were taken, by their path below the folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Seen(BTreeMap<String, SeenFile>);

/// A file that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SeenFile {
    size_bytes: u64,
    /// Microseconds since 1970 UTC. Where it and the size are the same the bytes are not compared.
    modified_us: u64,
    /// SHA-256 of the bytes.
    hash: String,
}

/// A file that is to be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewFile {
    /// Its path below the folder.
    pub(crate) name: String,
    path: PathBuf,
}

/// What a folder has beyond what was taken.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// The files to take, in the order of their names.
    pub(crate) files: Vec<NewFile>,
    /// What will have been taken after them.
    pub(crate) seen: Seen,
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

    /// The columns that every folder's table has behind its own.
    pub(super) const AUDIT: [&'static str; 3] = [FILE_COLUMN, ROW_COLUMN, INGESTED_AT_COLUMN];

    /// Looks for files that `before` does not have.
    ///
    /// # Errors
    /// [`SourceError`] when the folder cannot be read, and [`FileRule::Changed`] when a file that was taken has other bytes.
    pub(crate) fn look(
        &self,
        source_name: &Name,
        project_folder: &Path,
        before: &Seen,
    ) -> Result<Delivery, SourceError> {
        let root = self.root(source_name, project_folder)?;
        let mut files = Vec::new();
        let mut seen = before.clone();
        for (name, path) in list(&root)? {
            if !self.files.matches(&name) {
                continue;
            }
            let error = |rule| SourceError::File { path: path.clone(), rule };
            let metadata = std::fs::metadata(&path).map_err(|e| error(FileRule::Unreadable(e)))?;
            let modified =
                metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
            let modified_us = modified
                .and_then(|since| u64::try_from(since.as_micros()).ok())
                .unwrap_or_default();
            let size_bytes = metadata.len();
            if let Some(file) = before.0.get(&name) {
                if (file.size_bytes, file.modified_us) == (size_bytes, modified_us) {
                    continue;
                }
                let hash = hash_of(&path).map_err(|e| error(FileRule::Unreadable(e)))?;
                if hash != file.hash {
                    return Err(error(FileRule::Changed));
                }
                seen.0.insert(name, SeenFile { size_bytes, modified_us, hash });
                continue;
            }
            let hash = hash_of(&path).map_err(|e| error(FileRule::Unreadable(e)))?;
            seen.0.insert(name.clone(), SeenFile { size_bytes, modified_us, hash });
            files.push(NewFile { name, path });
        }
        Ok(Delivery { files, seen })
    }

    /// The names in `before` that are not in the folder any more.
    pub(crate) fn gone(
        &self,
        source_name: &Name,
        project_folder: &Path,
        before: &Seen,
    ) -> Result<Vec<String>, SourceError> {
        let root = self.root(source_name, project_folder)?;
        let there: BTreeMap<String, PathBuf> = list(&root)?.into_iter().collect();
        Ok(before.0.keys().filter(|name| !there.contains_key(*name)).cloned().collect())
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
        SourceFormat::Csv => {
            csv::read_typed(&file.path, &source.shape, source.null_text.as_deref(), rows, take)
        }
        SourceFormat::JsonLines => json_lines::read(&file.path, &source.shape, rows, take),
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

fn hash_of(path: &Path) -> std::io::Result<String> {
    let mut hash = Sha256::new();
    super::add_file(&mut hash, path)?;
    Ok(super::hex(hash))
}

impl Seen {
    /// How many files were taken.
    pub(crate) fn n_files(&self) -> usize {
        self.0.len()
    }
}
