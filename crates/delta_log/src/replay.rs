//! Actions to the state of a table: the latest of each kind holds.

mod files;

use crate::action::{Action, CommitTime, FileKey, RawMetadata};
use crate::checkpoint::{self, CheckpointContent};
use crate::checksum::Facts;
use crate::mark::Marks;
use crate::partition_values::Interner;
use crate::{
    CheckpointError, CheckpointRule, CommitError, CommitRule, LogError, Metadata, Protocol,
    Snapshot, commit, feature,
};
use bytes::Bytes;
use files::{Added, Files, Removed};
use std::collections::{BTreeMap, HashSet};

/// The state of a table while its log is read, oldest actions first.
///
/// Removes need no tombstones in this order: a file is live when its last action is an add.
///
/// Source: Delta protocol, "Action Reconciliation".
#[derive(Debug, Default)]
pub(crate) struct Replay {
    protocol: Option<Protocol>,
    metadata: Option<TableMetadata>,
    files: Files,
    interner: Interner,
    /// Of the commit applied last.
    time: CommitTime,
}

/// The metadata of a table, as an action or as an earlier snapshot has it.
#[derive(Debug)]
enum TableMetadata {
    Raw(RawMetadata),
    Read(Metadata),
}

impl TableMetadata {
    fn configuration(&self) -> BTreeMap<String, String> {
        match self {
            TableMetadata::Raw(raw) => {
                let entries = raw.configuration.iter().flatten();
                entries.filter_map(|(key, value)| Some((key.clone(), value.clone()?))).collect()
            }
            TableMetadata::Read(metadata) => metadata.configuration.clone(),
        }
    }
}

impl Replay {
    /// The state that an earlier walk has found.
    pub fn of_snapshot(snapshot: Snapshot) -> Replay {
        Replay {
            protocol: Some(snapshot.protocol),
            metadata: Some(TableMetadata::Read(snapshot.metadata)),
            files: Files::of(snapshot.adds).unwrap_or_default(),
            interner: Interner::default(),
            time: CommitTime {
                in_commit_ms: None,
                writer_ms: snapshot.committed_at_us.map(|us| us.div_euclid(1000)),
            },
        }
    }

    /// Applies the commit that follows what was applied before.
    ///
    /// # Errors
    /// [`CommitError`] names the line and the rule that it breaks.
    pub fn apply_commit(&mut self, version: u64, bytes: &[u8]) -> Result<(), CommitError> {
        self.files.begin(bytes.iter().filter(|byte| **byte == b'\n').count() + 1);
        let mut removed = HashSet::new();
        let mut time = None;
        let (mut metadata, mut protocol) = (None, None);
        for action in commit::actions(version, bytes, &mut self.interner) {
            let (line, action) = action?;
            let error = |rule| CommitError { version, line, rule };
            match action {
                Action::Add(add) => {
                    let path = add.path.as_str();
                    if !removed.is_empty()
                        && removed.contains(&FileKey {
                            path: add.path.clone(),
                            vector_id: add.vector_id.clone(),
                        })
                    {
                        return Err(error(CommitRule::AddedAndRemoved { path: path.to_owned() }));
                    }
                    let twice = CommitRule::AddedTwice { path: path.to_owned() };
                    if self.files.insert(add) == Added::Twice {
                        return Err(error(twice));
                    }
                }
                Action::Remove(key) => {
                    if self.files.remove(&key) == Removed::JustAdded {
                        let path = key.path.as_str().to_owned();
                        return Err(error(CommitRule::AddedAndRemoved { path }));
                    }
                    removed.insert(key);
                }
                Action::Metadata(found) => {
                    once(&mut metadata, found, "metaData").map_err(error)?;
                }
                Action::Protocol(found) => {
                    once(&mut protocol, found, "protocol").map_err(error)?;
                }
                Action::CommitTime(found) => time = time.or(Some(found)),
                Action::Sidecar(_) | Action::CheckpointVersion(_) => {}
            }
        }
        self.metadata = metadata.map(TableMetadata::Raw).or(self.metadata.take());
        self.protocol = protocol.or(self.protocol.take());
        self.time = time.unwrap_or_default();
        Ok(())
    }

    /// Applies a file of a checkpoint, whose files stand for the commits up to its version. Gives
    /// the sidecars that it names. Files may come in any order.
    ///
    /// # Errors
    /// [`CheckpointError`] names the row or the column and the rule that it breaks.
    pub fn apply_checkpoint(
        &mut self,
        path: &str,
        version: u64,
        bytes: Bytes,
    ) -> Result<Vec<String>, CheckpointError> {
        let mut sidecars = Vec::new();
        let (files, metadata, protocol) = (&mut self.files, &mut self.metadata, &mut self.protocol);
        let mut take = |content: CheckpointContent| {
            match content {
                CheckpointContent::Adds(n_adds) => files.begin_part(n_adds),
                CheckpointContent::Action(Action::Add(add)) => {
                    let twice = CheckpointRule::AddedTwice { path: add.path.as_str().to_owned() };
                    if files.insert(add) == Added::Twice {
                        return Err(twice);
                    }
                }
                CheckpointContent::Action(Action::Metadata(found)) => {
                    *metadata = Some(TableMetadata::Raw(found));
                }
                CheckpointContent::Action(Action::Protocol(found)) => *protocol = Some(found),
                CheckpointContent::Action(Action::Sidecar(path)) => sidecars.push(path),
                CheckpointContent::Action(Action::CheckpointVersion(found)) => {
                    if u64::try_from(found) != Ok(version) {
                        return Err(CheckpointRule::Version { found, expected: version });
                    }
                }
                CheckpointContent::Action(Action::Remove(_) | Action::CommitTime(_)) => {}
            }
            Ok(())
        };
        checkpoint::read(bytes, &mut self.interner, &mut take)
            .map_err(|rule| CheckpointError { path: path.to_owned(), rule })?;
        Ok(sidecars)
    }

    /// What a version checksum says of this state.
    pub fn facts(&self) -> Facts {
        let (n_files, size_bytes) = self.files.totals();
        let metadata = match &self.metadata {
            Some(TableMetadata::Raw(raw)) => Some(raw.clone()),
            _ => None,
        };
        Facts { n_files, size_bytes, protocol: self.protocol.clone(), metadata }
    }

    /// The action without which a checkpoint is incomplete, if it lacks one.
    pub fn lacks(&self) -> Option<&'static str> {
        match (&self.protocol, &self.metadata) {
            (None, _) => Some("protocol"),
            (_, None) => Some("metaData"),
            _ => None,
        }
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
        let metadata = self.metadata.ok_or(LogError::MissingMetadata { version })?;
        let configuration = metadata.configuration();
        // Before the schema: a type that an unknown feature brings is that feature's name.
        let column_mapping = feature::check(version, &protocol, &configuration)?;
        let metadata = match metadata {
            TableMetadata::Raw(raw) => Metadata::read(version, raw, column_mapping)?,
            TableMetadata::Read(metadata) => metadata,
        };
        let in_commit = configuration.get("delta.enableInCommitTimestamps");
        let in_commit_ms = match in_commit.map(String::as_str) {
            Some("true") => self.time.in_commit_ms,
            _ => None,
        };
        Ok(Snapshot {
            version,
            protocol,
            metadata,
            adds: self.files.into_adds(),
            committed_at_us: in_commit_ms
                .or(self.time.writer_ms)
                .and_then(|ms| ms.checked_mul(1000)),
            marks: Marks::default(),
        })
    }
}

/// Keeps the one action of its kind that a commit may have; the same one again does no harm.
fn once<T: PartialEq>(
    slot: &mut Option<T>,
    found: T,
    action: &'static str,
) -> Result<(), CommitRule> {
    match slot {
        Some(before) if *before != found => Err(CommitRule::Twice { action }),
        _ => {
            *slot = Some(found);
            Ok(())
        }
    }
}
