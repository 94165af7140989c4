//! A walk that begins with a snapshot of an earlier one: first it makes sure that the log in the folder
//! is still the same.

use super::request::Ask;
use super::route::{Entry, Route};
use super::{Fetched, LogWalk, Purpose, Target};
use crate::{LogError, Snapshot, commit_path};
use std::sync::Arc;

impl LogWalk {
    /// A walk that first asks for the marks of `snapshot`; `None` when it has none.
    pub(super) fn from_known(target: Target, snapshot: Arc<Snapshot>) -> Option<LogWalk> {
        let version = snapshot.version;
        let marks = snapshot.marks.up_to(version);
        let mut walk = LogWalk::empty(target);
        for mark in &marks {
            let path = commit_path(mark.version);
            walk.requests.ask(path, Purpose::CommitStart, Ask::Mark(mark.version));
        }
        walk.n_marks_open = marks.len();
        walk.marks = snapshot.marks;
        walk.route = Route::Entered(Entry::Known(version));
        walk.witness = Some((commit_path(version), usize::MAX));
        walk.next_version = version.saturating_add(1);
        walk.known = Some(snapshot);
        (!marks.is_empty()).then_some(walk)
    }

    /// Takes a commit by which the log of the known snapshot is known again. Another one in its
    /// place, or none, is another log, and that one is read from its beginning.
    pub(super) fn take_mark(&mut self, version: u64, fetched: &Fetched) -> Result<(), LogError> {
        let known = self.known.as_ref();
        let marks = known.map(|known| known.marks.up_to(known.version)).unwrap_or_default();
        let is_last = marks.first().is_some_and(|last| last.version == version);
        let is_same = match fetched {
            Fetched::Bytes(bytes) => {
                marks.iter().any(|mark| mark.version == version && mark.is_of(bytes))
            }
            // Logs are cleaned up from their beginning.
            Fetched::Absent | Fetched::Forbidden => !is_last,
        };
        if !is_same {
            let lost = matches!(fetched, Fetched::Forbidden).then(|| commit_path(version));
            self.start_anew(lost);
            return Ok(());
        }
        self.n_marks_open = self.n_marks_open.saturating_sub(1);
        self.advance()
    }

    fn start_anew(&mut self, lost: Option<String>) {
        let mut requests = std::mem::take(&mut self.requests);
        requests.retain(|_| false);
        let is_verified = self.is_verified;
        *self = LogWalk { requests, is_verified, lost, ..LogWalk::empty(self.target) };
        self.start();
    }
}
