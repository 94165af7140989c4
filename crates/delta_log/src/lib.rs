//! Delta log bytes to a [`Snapshot`]: the version, the schema and the files that make up a table.
//!
//! A [`LogWalk`] names the log files it wants and is given their bytes, so the caller may read them
//! over HTTP without LIST or HEAD, from a folder or from memory. Commits, and checkpoints of every
//! form of the protocol, are read; reader features that this crate does not know are refused by
//! name. Log compaction files cannot be found without LIST; the commits that they stand for are
//! read. Deletion vectors are described and decoded, mapped columns named, and neither is applied.
//! Nothing here does IO, reads a clock, spawns or writes a log.
//!
//! Source: the Delta protocol, <https://github.com/delta-io/delta/blob/master/PROTOCOL.md>.

mod action;
mod changes;
mod checkpoint;
mod checksum;
mod column_mapping;
mod commit;
mod deletion_vector;
mod error;
mod feature;
mod file_action;
mod hint;
mod history;
mod mark;
mod partition;
mod partition_values;
mod path;
mod replay;
mod schema;
mod snapshot;
mod stats;
mod type_change;
mod walk;

pub use action::{Add, Protocol};
pub use changes::{
    CHANGE_TYPE, COMMIT_TIMESTAMP, COMMIT_VERSION, ChangeError, ChangeStep, ChangeWalk,
    ChangedFile, ChangedRows, CommitChanges,
};
pub use checkpoint::{CheckpointError, CheckpointRule, DecodeError, PageError};
pub use column_mapping::{ColumnMapping, field_id, physical_name, physical_schema};
pub use commit::{CommitError, CommitRule};
pub use deletion_vector::{DeletedRows, DeletionVector, DvError, DvStorage};
pub use error::{CheckpointFormat, ErrorKind, LogError, ProtocolRule};
pub use file_action::{FileAction, FileActionKind, file_actions};
pub use hint::HintError;
pub use history::CommitFacts;
pub use partition::{PartitionError, partition_array};
pub use partition_values::PartitionValues;
pub use path::{FilePath, PathError, checkpoint_path, commit_path};
pub use schema::{SchemaError, SchemaRule, TYPE_KEY, VARIANT, arrow_schema, is_variant};
pub use snapshot::{Metadata, Snapshot};
pub use stats::{Stats, StatsError};
pub use walk::{Fetched, LogWalk, Purpose, Step};
