//! The commits of a Delta table, newest first, a page at a time.

use super::counted::Counted;
use super::state::place;
use super::versions::{self, FirstCommit, Newest};
use super::{cost, cut};
use crate::failure;
use crate::lake::Lake;
use crate::meter::Meter;
use crate::store::{ByteStore, Location, StoreError};
use bytes::Bytes;
use delta_log::{CommitFacts, commit_path};
use futures::stream::{self, StreamExt};
use protocol::{At, CommitDescription, ErrorCode, Failure, History, TableAt, TableKind};
use std::collections::BTreeMap;
use std::sync::Arc;
use web_time::Instant;

/// So many commits are fetched at once.
const MAX_FLYING: usize = 8;

/// More commits than this are not told at once.
const MAX_COMMITS: u32 = 100;

impl Lake {
    /// At most `limit` (and at most 100) commits of the Delta table at `location` before version
    /// `before`, or its newest ones.
    ///
    /// # Errors
    /// A [`Failure`]: it is no Delta table, or bytes did not come.
    pub async fn history(
        &self,
        location: &str,
        before: Option<u64>,
        limit: u32,
    ) -> Result<History, Failure> {
        let started = Instant::now();
        let meter = Arc::new(Meter::default());
        let store = Counted::new(Arc::clone(self.store()), Arc::clone(&meter));
        if Lake::kind(location) != TableKind::Delta {
            let message = format!("{location} is a file, which has no history");
            return Err(Failure::new(ErrorCode::InvalidRequest, message));
        }
        let at = TableAt { location: location.to_owned(), at: At::Newest };
        let table = place(&at);
        self.begin_reading(&table);
        let newest = match before {
            Some(before) => before.checked_sub(1),
            None => Some(self.newest(&at, &table, &store).await?),
        };
        let Some(newest) = newest else {
            return Ok(History {
                commits: Vec::new(),
                oldest_version: Some(0),
                cost: cost(&meter, started),
            });
        };
        let n_wanted = u64::from(limit.clamp(1, MAX_COMMITS));
        let oldest = (newest + 1).saturating_sub(n_wanted);
        let fetches = (oldest..=newest).rev().map(|version| {
            let request = store.get(&table.join(&commit_path(version)));
            async move { (version, request.await) }
        });
        let mut fetched = stream::iter(fetches).buffered(MAX_FLYING);
        let mut commits: Vec<CommitDescription> = Vec::new();
        let mut oldest_version = None;
        while let Some((version, outcome)) = fetched.next().await {
            let is_gone = match &outcome {
                Err(error) => versions::is_gone(&table, &store, error, newest).await,
                Ok(_) => Ok(false),
            };
            match part(outcome, is_gone)? {
                Some(bytes) => commits.push(described(CommitFacts::read(version, &bytes))),
                // Commits are removed from the oldest on, so nothing lies before this one.
                None => {
                    oldest_version = Some(version.saturating_add(1));
                    break;
                }
            }
        }
        if commits.last().is_some_and(|commit| commit.version == 0) {
            oldest_version = Some(0);
        }
        Ok(History { commits, oldest_version, cost: cost(&meter, started) })
    }

    /// The newest version: found from one that was read a moment ago, or by reading the log.
    async fn newest(
        &self,
        at: &TableAt,
        table: &Location,
        store: &Counted,
    ) -> Result<u64, Failure> {
        if let Some(known) = self.newest_known(table) {
            let (newest, first) = (Newest::Unknown, FirstCommit::Seen);
            let found = versions::find(table, store, known, newest, first).await;
            return found
                .map(|versions| versions.newest)
                .map_err(|error| failure::of_store(&error));
        }
        match self.state_of(at, store).await? {
            super::state::State::Log(snapshot) => Ok(snapshot.version),
            super::state::State::File(_) => Ok(0),
        }
    }
}

/// At most so many parameters and metrics are told of one commit.
const MAX_ENTRIES: usize = 60;

fn described(facts: CommitFacts) -> CommitDescription {
    let entries = |map: BTreeMap<String, String>| {
        let entries = map.iter().filter(|(_, value)| *value != "null").take(MAX_ENTRIES);
        entries.map(|(key, value)| (cut(key), cut(value))).collect()
    };
    CommitDescription {
        version: facts.version,
        committed_at_us: facts.committed_at_us,
        operation: facts.operation.as_deref().map(cut),
        parameters: entries(facts.parameters),
        metrics: entries(facts.metrics),
        engine: facts.engine.as_deref().map(cut),
        user: facts.user.as_deref().map(cut),
        n_added: facts.n_adds,
        added_bytes: facts.added_bytes,
        n_removed: facts.n_removes,
        removed_bytes: facts.removed_bytes,
        changes_metadata: facts.changes_metadata,
        changes_protocol: facts.changes_protocol,
    }
}

/// The bytes of a commit; `None` when it is not there.
fn part(
    outcome: Result<Bytes, StoreError>,
    is_gone: Result<bool, StoreError>,
) -> Result<Option<Bytes>, Failure> {
    match (outcome, is_gone) {
        (Ok(bytes), _) => Ok(Some(bytes)),
        (Err(_), Ok(true)) => Ok(None),
        (Err(error), Ok(false)) | (Err(_), Err(error)) => Err(failure::of_store(&error)),
    }
}
