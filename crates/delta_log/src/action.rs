//! The actions of a log that change what a reader sees, whatever file they come from.

use crate::stats::AddStats;
use crate::{DeletionVector, FilePath, PartitionValues, Stats, StatsError};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One data file of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Add {
    /// Where the file lies.
    pub path: FilePath,
    /// The size of the file in bytes, as the writer recorded it.
    pub size_bytes: u64,
    /// When the file was made, UTC milliseconds, as the writer recorded it.
    pub modification_time_ms: i64,
    /// Which rows of the file are deleted; `None` when none are.
    pub deletion_vector: Option<Box<DeletionVector>>,
    /// What names the deletion vector, which with the path names the logical file.
    pub(crate) vector_id: Option<Box<str>>,
    pub(crate) partition: Arc<PartitionValues>,
    pub(crate) stats: AddStats,
}

impl Add {
    /// The value of the partition column of that physical name, as the log writes it; see
    /// [`crate::partition_array`]. `None` when it is null or the log does not have it.
    pub fn partition_value(&self, physical_name: &str) -> Option<&str> {
        self.partition.get(physical_name)
    }

    /// The values of all partition columns. Files of one partition share them.
    pub fn partition(&self) -> &Arc<PartitionValues> {
        &self.partition
    }

    /// The rows of the file, deleted ones included, as its statistics say: all that is read of them
    /// here, so that it may be asked of every file. `None` when they do not say, or cannot be read.
    pub fn num_records(&self) -> Option<u64> {
        self.stats.num_records()
    }

    /// The statistics of the file's columns, if the log has any. They are read here and not
    /// before, so a caller asks once for each file that matters to him.
    ///
    /// # Errors
    /// [`StatsError`] when the log has something else in their place.
    pub fn stats(&self) -> Result<Option<Stats>, StatsError> {
        self.stats.read()
    }
}

/// What a reader must be able to do to read the table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Protocol {
    /// The lowest reader version that may read the table.
    pub min_reader_version: i32,
    /// The lowest writer version that may write the table. Readers ignore it.
    pub min_writer_version: i32,
    /// The features that a reader must know, present exactly from reader version 3 on.
    pub reader_features: Option<Vec<String>>,
    /// The features that a writer must know. Readers ignore them.
    pub writer_features: Option<Vec<String>>,
}

/// What names a logical file: its path and the deletion vector over it.
///
/// Source: Delta protocol, "Action Reconciliation".
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct FileKey {
    pub path: FilePath,
    pub vector_id: Option<Box<str>>,
}

/// The metadata of a table before its schema is read.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RawMetadata {
    pub id: String,
    pub name: Option<String>,
    pub description: Option<String>,
    pub format: Option<FileFormat>,
    pub schema_string: Option<String>,
    pub partition_columns: Option<Vec<String>>,
    pub configuration: Option<BTreeMap<String, Option<String>>>,
    pub created_time: Option<i64>,
}

/// The format of a table's data files.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct FileFormat {
    pub provider: String,
}

/// When a commit was made, UTC milliseconds, by the two clocks that may be in a `commitInfo`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct CommitTime {
    pub in_commit_ms: Option<i64>,
    pub writer_ms: Option<i64>,
}

/// An action that a reader acts on; all others are skipped, as the protocol asks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    Add(Add),
    Remove(FileKey),
    Metadata(RawMetadata),
    Protocol(Protocol),
    CommitTime(CommitTime),
    /// A file with more actions of a v2 checkpoint, as its path is in the log.
    Sidecar(String),
    /// The version that a v2 checkpoint says it is of.
    CheckpointVersion(i64),
}

/// The fields that point to the rows of a file that are deleted, as the log has them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RawDeletionVector {
    pub storage_type: String,
    pub path_or_inline_dv: String,
    pub offset: Option<i64>,
    pub size_in_bytes: Option<i64>,
    pub cardinality: Option<i64>,
}

impl RawDeletionVector {
    /// Source: Delta protocol, "Deletion Vectors", derived field `uniqueId`.
    pub fn unique_id(&self) -> Box<str> {
        match self.offset {
            Some(offset) => format!("{}{}@{offset}", self.storage_type, self.path_or_inline_dv),
            None => format!("{}{}", self.storage_type, self.path_or_inline_dv),
        }
        .into_boxed_str()
    }
}
