//! The change data feed: which rows came and went in each of a range of versions.
//!
//! Names what is to be read of which file; neither reads a file nor resolves an update that the
//! table's writer did not record as one.

mod commit;
#[cfg(test)]
mod tests;

use crate::{
    CommitError, DeletionVector, ErrorKind, Fetched, FilePath, LogError, Metadata, Protocol,
    Snapshot, commit_path, feature, field_id, is_variant, physical_name,
};
use arrow_schema::{DataType, Field, Fields, SchemaRef};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// The column that says what happened to a row: `insert`, `delete`, `update_preimage` or
/// `update_postimage`. A file of [`ChangedRows::Recorded`] has it under this name, whatever the
/// table's column mapping.
pub const CHANGE_TYPE: &str = "_change_type";

/// The column that has the version of a change.
pub const COMMIT_VERSION: &str = "_commit_version";

/// The column that has the time of a change.
pub const COMMIT_TIMESTAMP: &str = "_commit_timestamp";

/// The table property without which a writer records no updates.
const ENABLED: &str = "delta.enableChangeDataFeed";

/// At most so many commits are asked for and not yet told of.
const WINDOW: u64 = 8;

/// Reads the commits of a range of versions for what changed in each.
///
/// The caller takes steps, fetches what they name, in parallel if he likes, and answers in any
/// order, as with a [`crate::LogWalk`]; the changes come in the order of their versions.
///
/// ```
/// # use delta_log::{ChangeError, ChangeStep, ChangeWalk, CommitChanges, Fetched, Snapshot};
/// # fn read(first: &Snapshot, fetch: impl Fn(&str) -> Fetched) -> Result<(), ChangeError> {
/// let mut walk = ChangeWalk::new(first, first.version + 5)?;
/// let mut in_flight = Vec::new();
/// loop {
///     match walk.step() {
///         ChangeStep::Fetch { path } => in_flight.push(path),
///         ChangeStep::Wait => {
///             let path = in_flight.pop().unwrap_or_default();
///             walk.answer(&path, fetch(&path))?;
///         }
///         ChangeStep::Commit(changes) => println!("{}: {:?}", changes.version, changes.files),
///         ChangeStep::Done => return Ok(()),
///     }
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct ChangeWalk {
    state: State,
    last_version: u64,
    /// The first version that was not asked for.
    next_ask: u64,
    /// The first version that was not told of.
    next_version: u64,
    /// What was asked for and not told of; `None` until it is answered.
    commits: BTreeMap<u64, Option<Bytes>>,
    /// Changes that the caller has not been told of.
    ready: VecDeque<CommitChanges>,
    failed: bool,
}

/// What the table is at a version.
#[derive(Debug)]
struct State {
    protocol: Protocol,
    schema: SchemaRef,
    partition_columns: Vec<String>,
    configuration: BTreeMap<String, String>,
}

/// What to do next.
#[derive(Debug)]
pub enum ChangeStep {
    /// Fetch this commit, which never changes, and answer with it. Step again at once.
    Fetch {
        /// Relative to the table's root.
        path: String,
    },
    /// Answer one of the fetches before the next step.
    Wait,
    /// What the next version changed. Step again.
    Commit(Box<CommitChanges>),
    /// Every version was told of. The walk is over.
    Done,
}

/// What one version changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitChanges {
    /// The version, for [`COMMIT_VERSION`].
    pub version: u64,
    /// When it was committed, UTC microseconds, for [`COMMIT_TIMESTAMP`]: the in-commit timestamp
    /// where the table has them, else the writer's clock. `None` when the commit does not say.
    pub committed_at_us: Option<i64>,
    /// The files whose rows changed, in the order of the commit; none where the version changed
    /// no rows. A file is there once, but for what the log itself says twice.
    pub files: Vec<ChangedFile>,
}

/// A file with rows that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedFile {
    /// Where the file lies.
    pub path: FilePath,
    /// The size of the file in bytes; `None` when the log does not say it of a removed file.
    pub size_bytes: Option<u64>,
    /// The partition columns' values by [`crate::physical_name`], as in an add. A column that is
    /// absent is null.
    pub partition_values: BTreeMap<String, Option<String>>,
    /// Which of its rows changed, and how.
    pub rows: ChangedRows,
}

/// Which rows of a file changed, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangedRows {
    /// All of a file of changes, each as its column [`CHANGE_TYPE`] says.
    Recorded,
    /// Those of a data file that are not in the vector were inserted.
    Inserted(Option<DeletionVector>),
    /// Those of a data file that are not in the vector were deleted.
    Deleted(Option<DeletionVector>),
    /// Those of a data file that are in `after` and not in `before` were deleted, those that are
    /// in `before` and not in `after` were inserted; see [`crate::DeletedRows::since`].
    Vector {
        /// The rows that were deleted before the version.
        before: Option<DeletionVector>,
        /// The rows that are deleted from the version on.
        after: Option<DeletionVector>,
    },
}

/// Why the changes of a range of versions cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The last version is before the first one.
    #[error("version {last} is before version {first}")]
    Range {
        /// The first version.
        first: u64,
        /// The last version.
        last: u64,
    },
    /// The table had no change data feed.
    #[error("version {version} has no change data feed: `{ENABLED}` is not true")]
    NotEnabled {
        /// The first such version.
        version: u64,
    },
    /// The columns changed within the range.
    #[error(
        "version {version} changes the columns of the table; ask for the changes before it or from it on"
    )]
    SchemaChanged {
        /// The version that changes them.
        version: u64,
    },
    /// A commit of the range is not there.
    #[error("`{}` is not there", commit_path(*version))]
    Gone {
        /// The version.
        version: u64,
    },
    /// A removed file whose partition values the log does not have.
    #[error("`{}`: removed file `{path}` has no partition values", commit_path(*version))]
    PartitionValues {
        /// The version that removes it.
        version: u64,
        /// The file.
        path: String,
    },
    /// A line of a commit breaks a rule.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The table cannot be read from some version on.
    #[error(transparent)]
    Log(#[from] LogError),
    /// An answer to a fetch that was not asked for, or that was answered already.
    #[error("`{path}` was not asked for")]
    Unasked {
        /// The path of the answer.
        path: String,
    },
}

impl ChangeError {
    /// What a caller does about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            ChangeError::NotEnabled { .. } | ChangeError::SchemaChanged { .. } => {
                ErrorKind::Unsupported
            }
            ChangeError::Gone { .. } => ErrorKind::Gone,
            ChangeError::PartitionValues { .. } | ChangeError::Commit(_) => ErrorKind::Malformed,
            ChangeError::Log(error) => error.kind(),
            ChangeError::Range { .. } | ChangeError::Unasked { .. } => ErrorKind::Misuse,
        }
    }
}

impl ChangeWalk {
    /// A walk over the versions from that of `first` to `last_version`, both included. The columns
    /// of all of them are those of `first`.
    ///
    /// # Errors
    /// [`ChangeError::Range`], or [`ChangeError::NotEnabled`] when the first version has no change
    /// data feed.
    pub fn new(first: &Snapshot, last_version: u64) -> Result<ChangeWalk, ChangeError> {
        if last_version < first.version {
            return Err(ChangeError::Range { first: first.version, last: last_version });
        }
        let state = State {
            protocol: first.protocol.clone(),
            schema: Arc::clone(&first.metadata.schema),
            partition_columns: first.metadata.partition_columns.clone(),
            configuration: first.metadata.configuration.clone(),
        };
        state.check_enabled(first.version)?;
        Ok(ChangeWalk {
            state,
            // A version is less than 2^63. No commit above is there.
            last_version: last_version.min(i64::MAX.unsigned_abs()),
            next_ask: first.version,
            next_version: first.version,
            commits: BTreeMap::new(),
            ready: VecDeque::new(),
            failed: false,
        })
    }

    /// What to do next. After an error of [`ChangeWalk::answer`] this is [`ChangeStep::Wait`] for
    /// ever.
    pub fn step(&mut self) -> ChangeStep {
        if let Some(changes) = self.ready.pop_front() {
            return ChangeStep::Commit(Box::new(changes));
        }
        if self.failed {
            return ChangeStep::Wait;
        }
        if self.next_version > self.last_version {
            return ChangeStep::Done;
        }
        let version = self.next_ask;
        if version <= self.last_version && version - self.next_version < WINDOW {
            self.next_ask += 1;
            self.commits.insert(version, None);
            return ChangeStep::Fetch { path: commit_path(version) };
        }
        ChangeStep::Wait
    }

    /// Takes the answer to a fetch.
    ///
    /// # Errors
    /// [`ChangeError`] when the changes cannot be told further; the walk is over then, but for what
    /// it has told already. [`ChangeError::Unasked`] when `path` is not an unanswered fetch.
    pub fn answer(&mut self, path: &str, fetched: Fetched) -> Result<(), ChangeError> {
        let mut open = self.commits.iter_mut().filter(|(_, commit)| commit.is_none());
        let Some((&version, commit)) = open.find(|(version, _)| commit_path(**version) == path)
        else {
            return Err(ChangeError::Unasked { path: path.to_owned() });
        };
        let Fetched::Bytes(bytes) = fetched else {
            return Err(self.fail(ChangeError::Gone { version }));
        };
        *commit = Some(bytes);
        while let Some(Some(bytes)) = self.commits.get(&self.next_version) {
            match self.state.apply(self.next_version, bytes) {
                Ok(changes) => self.ready.push_back(changes),
                Err(error) => return Err(self.fail(error)),
            }
            self.commits.remove(&self.next_version);
            self.next_version += 1;
        }
        Ok(())
    }

    fn fail(&mut self, error: ChangeError) -> ChangeError {
        self.commits.clear();
        self.failed = true;
        error
    }
}

impl State {
    /// Takes the commit that follows.
    fn apply(&mut self, version: u64, bytes: &[u8]) -> Result<CommitChanges, ChangeError> {
        let commit = commit::read(version, bytes)?;
        let is_new = commit.protocol.is_some() || commit.metadata.is_some();
        if let Some(protocol) = commit.protocol {
            self.protocol = protocol;
        }
        if let Some(metadata) = &commit.metadata {
            let entries = metadata.configuration.iter().flatten();
            let entries = entries.filter_map(|(key, value)| Some((key.clone(), value.clone()?)));
            self.configuration = entries.collect();
            self.check_enabled(version)?;
        }
        if is_new {
            let mapping = feature::check(version, &self.protocol, &self.configuration)?;
            if let Some(metadata) = commit.metadata {
                let metadata = Metadata::read(version, metadata, mapping)?;
                let is_same = are_same(self.schema.fields(), metadata.schema.fields())
                    && self.partition_columns == metadata.partition_columns;
                if !is_same {
                    return Err(ChangeError::SchemaChanged { version });
                }
            }
        }
        let is_unknown = |file: &&ChangedFile| {
            matches!(file.rows, ChangedRows::Deleted(_)) && file.partition_values.is_empty()
        };
        if !self.partition_columns.is_empty()
            && let Some(file) = commit.files.iter().find(is_unknown)
        {
            let path = file.path.as_str().to_owned();
            return Err(ChangeError::PartitionValues { version, path });
        }
        let in_commit = self.configuration.get("delta.enableInCommitTimestamps");
        let in_commit_ms = match in_commit.map(String::as_str) {
            Some("true") => commit.time.in_commit_ms,
            _ => None,
        };
        let ms = in_commit_ms.or(commit.time.writer_ms);
        Ok(CommitChanges {
            version,
            committed_at_us: ms.and_then(|ms| ms.checked_mul(1000)),
            files: commit.files,
        })
    }

    fn check_enabled(&self, version: u64) -> Result<(), ChangeError> {
        let is_enabled = self.configuration.get(ENABLED);
        match is_enabled.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            true => Ok(()),
            false => Err(ChangeError::NotEnabled { version }),
        }
    }
}

/// Whether two versions of the columns are read alike: other metadata, such as comments, may differ.
fn are_same(a: &Fields, b: &Fields) -> bool {
    let is_same = |a: &Field, b: &Field| {
        a.name() == b.name()
            && a.is_nullable() == b.is_nullable()
            && physical_name(a) == physical_name(b)
            && field_id(a) == field_id(b)
            && is_variant(a) == is_variant(b)
            && match (a.data_type(), b.data_type()) {
                (DataType::Struct(a), DataType::Struct(b)) => are_same(a, b),
                (DataType::List(a), DataType::List(b))
                | (DataType::Map(a, _), DataType::Map(b, _)) => {
                    are_same(&Fields::from(vec![Arc::clone(a)]), &Fields::from(vec![Arc::clone(b)]))
                }
                (a, b) => a == b,
            }
    };
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b))
}
