//! The questions that are wanted, each once, with the id under which it was or will be asked.
//!
//! Keyed by the question and not by the id: a reply belongs to whoever wants that question now, so a
//! stale reply finds nobody.

use protocol::RequestId;
use std::collections::HashMap;
use std::hash::Hash;

/// How many answers that no panel wants any more are kept, so that going back is instant.
const N_KEPT: usize = 48;

/// How often a question may have been alone in flight when the worker died before it is the culprit.
const N_DEATHS_ALONE: u32 = 2;

/// Counts ids up from 1.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    last: u32,
}

impl Ids {
    /// A number that was never used before.
    pub(crate) fn next(&mut self) -> RequestId {
        self.last = self.last.saturating_add(1);
        RequestId(self.last)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    Queued,
    Sent,
    Answered,
}

#[derive(Debug)]
struct Entry {
    /// The place in the queue.
    turn: u32,
    /// Of the last time that it was sent; 0 before.
    id: RequestId,
    progress: Progress,
    n_deaths: u32,
    n_deaths_alone: u32,
}

#[derive(Debug)]
pub(crate) struct Ledger<Q> {
    entries: HashMap<Q, Entry>,
    last_turn: u32,
}

impl<Q> Default for Ledger<Q> {
    fn default() -> Ledger<Q> {
        Ledger { entries: HashMap::new(), last_turn: 0 }
    }
}

impl<Q: Clone + Eq + Hash> Ledger<Q> {
    /// Where `spec` stands, if it was asked.
    pub(crate) fn get(&self, spec: &Q) -> Option<(RequestId, Progress)> {
        self.entries.get(spec).map(|entry| (entry.id, entry.progress))
    }

    /// Queues `spec` unless it is there.
    pub(crate) fn want(&mut self, spec: &Q) {
        if !self.entries.contains_key(spec) {
            self.last_turn = self.last_turn.saturating_add(1);
            let entry = Entry {
                turn: self.last_turn,
                id: RequestId::default(),
                progress: Progress::Queued,
                n_deaths: 0,
                n_deaths_alone: 0,
            };
            self.entries.insert(spec.clone(), entry);
        }
    }

    /// Whether the request of that id is under way.
    pub(crate) fn awaits(&self, id: RequestId) -> bool {
        self.entries.values().any(|entry| entry.id == id && entry.progress == Progress::Sent)
    }

    /// Notes the answer to the request of that id; false when nobody waits for it.
    pub(crate) fn answered(&mut self, id: RequestId) -> bool {
        let sent = |entry: &&mut Entry| entry.id == id && entry.progress == Progress::Sent;
        match self.entries.values_mut().find(sent) {
            Some(entry) => {
                entry.progress = Progress::Answered;
                true
            }
            None => false,
        }
    }

    /// Takes the question away that is under way under that id.
    pub(crate) fn take(&mut self, id: RequestId) -> Option<Q> {
        let spec = self
            .entries
            .iter()
            .find(|(_, entry)| entry.id == id && entry.progress == Progress::Sent)
            .map(|(spec, _)| spec.clone())?;
        self.entries.remove(&spec);
        Some(spec)
    }

    /// Takes questions away that are not answered and of which `is_wanted` is false; the ids of
    /// those that were sent.
    pub(crate) fn drop_unwanted(&mut self, is_wanted: impl Fn(&Q) -> bool) -> Vec<RequestId> {
        let mut cancelled = Vec::new();
        self.entries.retain(|spec, entry| {
            let stays = entry.progress == Progress::Answered || is_wanted(spec);
            if !stays && entry.progress == Progress::Sent {
                cancelled.push(entry.id);
            }
            stays
        });
        cancelled.sort();
        cancelled
    }

    /// Drops the oldest answers that nobody wants beyond the few that are kept.
    pub(crate) fn drop_old(&mut self, is_wanted: impl Fn(&Q) -> bool) {
        let mut unwanted: Vec<RequestId> = self
            .entries
            .iter()
            .filter(|(spec, entry)| entry.progress == Progress::Answered && !is_wanted(spec))
            .map(|(_, entry)| entry.id)
            .collect();
        unwanted.sort();
        unwanted.truncate(unwanted.len().saturating_sub(N_KEPT));
        self.entries.retain(|_, entry| unwanted.binary_search(&entry.id).is_err());
    }

    /// Drops every answer: the lake has changed.
    pub(crate) fn drop_answers(&mut self) {
        self.entries.retain(|_, entry| entry.progress != Progress::Answered);
    }

    /// Drops the answers to the questions of which `is_old` is true.
    pub(crate) fn drop_answers_of(&mut self, is_old: impl Fn(&Q) -> bool) {
        self.entries
            .retain(|question, entry| entry.progress != Progress::Answered || !is_old(question));
    }

    /// Every question that is answered, with the id of its answer.
    pub(crate) fn answers(&self) -> impl Iterator<Item = (&Q, RequestId)> {
        let answered =
            self.entries.iter().filter(|(_, entry)| entry.progress == Progress::Answered);
        answered.map(|(question, entry)| (question, entry.id))
    }

    /// Puts everything that was sent back into the queue; the ids that it was sent under.
    pub(crate) fn requeue(&mut self) -> Vec<RequestId> {
        let mut withdrawn = Vec::new();
        for entry in self.entries.values_mut().filter(|entry| entry.progress == Progress::Sent) {
            entry.progress = Progress::Queued;
            withdrawn.push(entry.id);
        }
        withdrawn.sort();
        withdrawn
    }

    /// The worker died: as [`Ledger::requeue`], and what was in flight is remembered as a suspect.
    /// A question that was alone in flight too often is the culprit, taken away and returned.
    pub(crate) fn died(&mut self) -> Option<Q> {
        let n_sent = self.n_sent();
        for entry in self.entries.values_mut().filter(|entry| entry.progress == Progress::Sent) {
            entry.n_deaths += 1;
            if n_sent == 1 {
                entry.n_deaths_alone += 1;
            }
        }
        self.requeue();
        let culprit = self
            .entries
            .iter()
            .find(|(_, entry)| {
                entry.progress == Progress::Queued && entry.n_deaths_alone >= N_DEATHS_ALONE
            })
            .map(|(spec, _)| spec.clone())?;
        self.entries.remove(&culprit);
        Some(culprit)
    }

    /// How many questions are in flight.
    pub(crate) fn n_sent(&self) -> usize {
        self.entries.values().filter(|entry| entry.progress == Progress::Sent).count()
    }

    /// Marks queued questions as sent until `limit` are in flight, least suspect and oldest first.
    pub(crate) fn send(&mut self, limit: usize, ids: &mut Ids) -> Vec<(RequestId, Q)> {
        let n_free = limit.saturating_sub(self.n_sent());
        let mut queued: Vec<(&Q, &mut Entry)> = self
            .entries
            .iter_mut()
            .filter(|(_, entry)| entry.progress == Progress::Queued)
            .collect();
        queued.sort_by_key(|(_, entry)| (entry.n_deaths, entry.turn));
        queued
            .into_iter()
            .take(n_free)
            .map(|(spec, entry)| {
                entry.progress = Progress::Sent;
                entry.id = ids.next();
                (entry.id, spec.clone())
            })
            .collect()
    }

    /// Whether nothing is queued or in flight.
    pub(crate) fn is_idle(&self) -> bool {
        self.entries.values().all(|entry| entry.progress == Progress::Answered)
    }

    /// Whether the rows of that id answer a question that may be asked again.
    pub(crate) fn keeps(&self, id: RequestId) -> bool {
        self.entries.values().any(|entry| entry.id == id && entry.progress == Progress::Answered)
    }
}
