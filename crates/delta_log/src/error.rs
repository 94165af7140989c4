//! Why a log cannot be read, and what a caller does about it.

use crate::feature;
use crate::path::checksum_path;
use crate::{
    CheckpointError, CheckpointRule, CommitError, HintError, SchemaError, checkpoint_path,
    commit_path,
};

/// The kinds of failure that a caller acts on differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// There is no Delta table at that place.
    NotATable,
    /// The table needs something that this crate lacks; the error's text names it.
    Unsupported,
    /// A log file breaks the protocol.
    Malformed,
    /// A log file or a version that is asked for is not there.
    Gone,
    /// The store refuses access.
    Denied,
    /// The caller answered what nobody asked.
    Misuse,
}

/// A form of Parquet that checkpoints are not read in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointFormat {
    /// A Parquet codec that this crate is built without.
    #[error("checkpoint compressed with {codec}")]
    Codec {
        /// The codec's name in Parquet.
        codec: String,
    },
    /// A Parquet encoding that this crate does not know.
    #[error("checkpoint encoded with {encoding}")]
    Encoding {
        /// The encoding's name in Parquet.
        encoding: String,
    },
}

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Neither a hint nor commit 0.
    #[error(
        "not a Delta table: neither `_delta_log/_last_checkpoint` nor `{}` is there",
        commit_path(0)
    )]
    NotATable,
    /// No commit 0, and a hint that cannot be read.
    #[error("`{}` is not there, and the hint to a checkpoint is broken: {source}", commit_path(0))]
    Hint {
        /// What is wrong in the hint.
        source: HintError,
    },
    /// The checkpoint that the hint names is not there, nor the commits before it.
    #[error("`{}`, named by `_last_checkpoint`, is not there, nor `{}`", checkpoint_path(*version), commit_path(0))]
    CheckpointGone {
        /// The version of the checkpoint.
        version: u64,
    },
    /// A commit is missing between others.
    #[error("`{}` is not there, though `{}` is", commit_path(*version), commit_path(*later))]
    Gap {
        /// The version that is missing.
        version: u64,
        /// A later version that is there.
        later: u64,
    },
    /// Commits are missing, and a log compaction file stands for them.
    #[error(
        "only the log compaction file `{path}` has commits that the table needs, and such files are not supported"
    )]
    OnlyCompacted {
        /// The file.
        path: String,
    },
    /// A line of a commit breaks a rule.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// A checkpoint breaks a rule.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Only a checkpoint that this crate does not read leads to the table's last version.
    #[error(
        "{format} of version {version} is not supported, and the commits before it are not all there"
    )]
    UnsupportedCheckpoint {
        /// The version of the checkpoint.
        version: u64,
        /// What it is.
        format: CheckpointFormat,
    },
    /// The version that is asked for cannot be put together any more.
    #[error(
        "version {version} is gone: neither a checkpoint nor the commits from 0 lead to it{}",
        earliest(*readable)
    )]
    VersionGone {
        /// The version.
        version: u64,
        /// A later version that has a checkpoint, if one is known.
        readable: Option<u64>,
    },
    /// The version that is asked for is not there yet.
    #[error("version {version} is not there, the newest one is {newest}")]
    VersionAhead {
        /// The version.
        version: u64,
        /// The table's last version.
        newest: u64,
    },
    /// The table is younger than the time that is asked for, or what it was then is gone.
    #[error("no version is as old as {timestamp_us} us: the first one that is there is of {} us", us(*earliest_us))]
    TimestampGone {
        /// The time that is asked for, UTC microseconds.
        timestamp_us: i64,
        /// When the first commit was made that is there, UTC microseconds, if that is known.
        earliest_us: Option<i64>,
    },
    /// A commit that does not say when it was made, on the way to a time that is asked for.
    #[error("`{}` does not say when it was made", commit_path(*version))]
    NoTimestamp {
        /// The version of the commit.
        version: u64,
    },
    /// The store refuses a file, and no file of the log is known to be readable.
    #[error("`{path}` is refused, and no file of the log is known to be readable")]
    Forbidden {
        /// The file.
        path: String,
    },
    /// The store refuses a file that it gave before.
    #[error("access has ended: `{path}` was readable and is refused")]
    AccessEnded {
        /// The file.
        path: String,
    },
    /// The version checksum contradicts the log.
    #[error("`{}`: `{field}` is {found} in the checksum, {expected} in the log", checksum_path(*version))]
    Checksum {
        /// The version.
        version: u64,
        /// The field of the checksum.
        field: &'static str,
        /// What the checksum says.
        found: String,
        /// What the log says.
        expected: String,
    },
    /// No protocol action up to the last version.
    #[error("no protocol action up to version {version}")]
    MissingProtocol {
        /// The table's last version.
        version: u64,
    },
    /// No metadata action up to the last version.
    #[error("no metaData action up to version {version}")]
    MissingMetadata {
        /// The table's last version.
        version: u64,
    },
    /// The protocol action contradicts itself.
    #[error("protocol of version {version}: {rule}")]
    Protocol {
        /// The table's last version.
        version: u64,
        /// The rule that it breaks.
        rule: ProtocolRule,
    },
    /// The table asks for a reader version that this crate lacks.
    #[error("reader version {min_reader_version} is not supported, the highest one is 3")]
    UnsupportedProtocol {
        /// The reader version that the table asks for.
        min_reader_version: i32,
    },
    /// The table uses a reader feature that this crate lacks.
    #[error("reader feature `{feature}` is not supported{}", feature::reason(feature))]
    UnsupportedFeature {
        /// The feature's name in the protocol.
        feature: String,
    },
    /// A table property that a reader must understand and cannot.
    #[error("table property `{key}` is `{found}`, not {expected}")]
    Property {
        /// The property's name.
        key: &'static str,
        /// Its value.
        found: String,
        /// What it must be.
        expected: &'static str,
    },
    /// The data files are not Parquet.
    #[error("data files in format `{provider}` are not supported, only `parquet`")]
    UnsupportedFormat {
        /// The format's name.
        provider: String,
    },
    /// The schema cannot be read.
    #[error("schema of version {version}: {source}")]
    Schema {
        /// The table's last version.
        version: u64,
        /// What is wrong in it.
        source: SchemaError,
    },
    /// An answer to a fetch that was not asked for, or that was answered already.
    #[error("`{path}` was not asked for")]
    Unasked {
        /// The path of the answer.
        path: String,
    },
}

/// The rules that a protocol action can break.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolRule {
    /// The lowest version is 1.
    #[error("reader version {found} is below 1")]
    Below1 {
        /// The reader version.
        found: i32,
    },
    /// Reader version 3 says what it needs by name.
    #[error("reader version 3 needs a list of reader features")]
    FeaturesMissing,
    /// Lower versions have no names.
    #[error("a list of reader features needs reader version 3, not {found}")]
    FeaturesTooEarly {
        /// The reader version.
        found: i32,
    },
}

impl LogError {
    /// What a caller does about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            LogError::NotATable => ErrorKind::NotATable,
            LogError::CheckpointGone { .. }
            | LogError::Gap { .. }
            | LogError::VersionGone { .. }
            | LogError::VersionAhead { .. }
            | LogError::TimestampGone { .. } => ErrorKind::Gone,
            LogError::Forbidden { .. } | LogError::AccessEnded { .. } => ErrorKind::Denied,
            LogError::Checkpoint(CheckpointError { rule: CheckpointRule::Absent, .. }) => {
                ErrorKind::Gone
            }
            LogError::UnsupportedCheckpoint { .. }
            | LogError::NoTimestamp { .. }
            | LogError::OnlyCompacted { .. }
            | LogError::UnsupportedProtocol { .. }
            | LogError::UnsupportedFeature { .. }
            | LogError::UnsupportedFormat { .. } => ErrorKind::Unsupported,
            LogError::Schema { source, .. } if source.is_unsupported() => ErrorKind::Unsupported,
            LogError::Hint { .. }
            | LogError::Checksum { .. }
            | LogError::Commit(_)
            | LogError::Checkpoint(_)
            | LogError::MissingProtocol { .. }
            | LogError::MissingMetadata { .. }
            | LogError::Protocol { .. }
            | LogError::Property { .. }
            | LogError::Schema { .. } => ErrorKind::Malformed,
            LogError::Unasked { .. } => ErrorKind::Misuse,
        }
    }
}

fn earliest(readable: Option<u64>) -> String {
    readable.map_or_else(String::new, |version| format!("; the earliest known one is {version}"))
}

fn us(us: Option<i64>) -> String {
    us.map_or_else(|| "unknown".to_owned(), |us| us.to_string())
}
