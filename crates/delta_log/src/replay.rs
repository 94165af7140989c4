//! Actions to the state of a table: the latest of each kind holds.

use crate::action::{Action, CommitTime, FileKey, RawMetadata};
use crate::checkpoint::{self, CheckpointFailure};
use crate::feature;
use crate::{Add, CommitError, CommitRule, LogError, Metadata, Protocol, Snapshot, commit};
use bytes::Bytes;
use std::collections::{BTreeMap, HashSet};

/// The state of a table while its log is read, oldest actions first.
///
/// Removes need no tombstones in this order: a file is live when its last action is an add.
///
/// Source: Delta protocol, "Action Reconciliation".
#[derive(Debug, Default)]
pub(crate) struct Replay {
    protocol: Option<Protocol>,
    metadata: Option<RawMetadata>,
    files: BTreeMap<FileKey, Add>,
    /// Of the commit applied last.
    time: CommitTime,
}

impl Replay {
    /// Applies the commit that follows what was applied before.
    ///
    /// # Errors
    /// [`CommitError`] names the line and the rule that it breaks.
    pub fn apply_commit(&mut self, version: u64, bytes: &[u8]) -> Result<(), CommitError> {
        let mut added = HashSet::new();
        let mut removed = HashSet::new();
        let mut time = None;
        for action in commit::actions(version, bytes) {
            let (line, action) = action?;
            let both = |key: &FileKey| CommitError {
                version,
                line,
                rule: CommitRule::AddedAndRemoved { path: key.path.as_str().to_owned() },
            };
            match action {
                Action::Add { key, add } => {
                    if removed.contains(&key) {
                        return Err(both(&key));
                    }
                    added.insert(key.clone());
                    self.files.insert(key, add);
                }
                Action::Remove(key) => {
                    if added.contains(&key) {
                        return Err(both(&key));
                    }
                    self.files.remove(&key);
                    removed.insert(key);
                }
                Action::Metadata(metadata) => self.metadata = Some(metadata),
                Action::Protocol(protocol) => self.protocol = Some(protocol),
                Action::CommitTime(found) => time = time.or(Some(found)),
            }
        }
        self.time = time.unwrap_or_default();
        Ok(())
    }

    /// Starts with a checkpoint in place of the commits up to its version.
    ///
    /// # Errors
    /// [`CheckpointFailure`] tells a broken checkpoint from one that this crate does not read.
    pub fn from_checkpoint(version: u64, bytes: Bytes) -> Result<Replay, CheckpointFailure> {
        let mut replay = Replay::default();
        checkpoint::read(version, bytes, |action| match action {
            Action::Add { key, add } => {
                replay.files.insert(key, add);
            }
            Action::Metadata(metadata) => replay.metadata = Some(metadata),
            Action::Protocol(protocol) => replay.protocol = Some(protocol),
            Action::Remove(_) | Action::CommitTime(_) => {}
        })?;
        Ok(replay)
    }

    /// Takes the time of the commit that a checkpoint stands for.
    pub fn set_time(&mut self, time: CommitTime) {
        self.time = time;
    }

    /// The state at `version`, the last one applied.
    ///
    /// # Errors
    /// [`LogError`] when the table has no protocol, no metadata or no schema, or when this crate
    /// cannot read it right.
    pub fn finish(self, version: u64) -> Result<Snapshot, LogError> {
        let protocol = self.protocol.ok_or(LogError::MissingProtocol { version })?;
        let raw = self.metadata.ok_or(LogError::MissingMetadata { version })?;
        let configuration = raw.configuration.iter().flatten();
        let configuration =
            configuration.filter_map(|(key, value)| Some((key.clone(), value.clone()?))).collect();
        // Before the schema: a type that an unknown feature brings is that feature's name.
        let column_mapping = feature::check(version, &protocol, &configuration)?;
        let metadata = Metadata::read(version, raw, column_mapping)?;
        let in_commit = configuration.get("delta.enableInCommitTimestamps");
        let in_commit_ms = match in_commit.map(String::as_str) {
            Some("true") => self.time.in_commit_ms,
            _ => None,
        };
        Ok(Snapshot {
            version,
            protocol,
            metadata,
            adds: self.files.into_values().collect(),
            committed_at_us: in_commit_ms
                .or(self.time.writer_ms)
                .and_then(|ms| ms.checked_mul(1000)),
        })
    }
}
