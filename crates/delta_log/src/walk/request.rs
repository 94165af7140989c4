//! What a walk has asked for, by path: each file is in flight once at most.

use super::{Purpose, Step};
use std::collections::{HashMap, HashSet, VecDeque};

/// What the answer to a fetch is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    Hint,
    /// A file of the checkpoint that is being put together.
    Checkpoint,
    /// A sidecar of it.
    Sidecar,
    /// A checkpoint that may be there.
    Guess(u64),
    /// A commit to apply.
    Commit(u64),
    /// The commit that the applied checkpoint stands for: only its time is of interest.
    CheckpointTime(u64),
    /// A commit by which a log that the caller knows is known again.
    Mark(u64),
    /// A commit on the way to a timestamp: only its time is of interest.
    Time(u64),
    /// A commit far behind the last one known: whether it is there.
    Later(u64),
    /// A log compaction file over commits that are missing: whether it is there.
    Compacted,
    /// The checksum of the version that is verified.
    Checksum,
    /// A file that was there: whether the store still gives it.
    Proof,
}

/// The fetches of a walk.
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// Fetches that the caller has not been told of.
    to_ask: VecDeque<(String, Purpose, Ask)>,
    /// The paths of `to_ask`.
    queued: HashSet<String>,
    /// Fetches that the caller has been told of and has not answered.
    asked: HashMap<String, Open>,
    /// Whole files to ask for once their beginning is answered.
    later: Vec<(String, Purpose, Ask)>,
    /// Fetches whose answers nobody needs any more. The caller may answer them all the same.
    dropped: HashSet<String>,
    to_cancel: VecDeque<String>,
}

/// A fetch in flight and all that its answer is for.
#[derive(Debug)]
struct Open {
    purpose: Purpose,
    asks: Vec<Ask>,
}

impl Requests {
    /// Asks for a file.
    pub fn ask(&mut self, path: String, purpose: Purpose, ask: Ask) {
        let Some(open) = self.asked.get_mut(&path) else {
            self.queued.insert(path.clone());
            self.to_ask.push_back((path, purpose, ask));
            return;
        };
        // The beginning of a file is not enough for one who needs all of it.
        match open.purpose == Purpose::CommitStart && purpose != Purpose::CommitStart {
            true => self.later.push((path, purpose, ask)),
            false => open.asks.push(ask),
        }
    }

    /// The next fetch or cancellation, if there is one.
    pub fn step(&mut self) -> Option<Step> {
        if let Some(path) = self.to_cancel.pop_front() {
            return Some(Step::Cancel { path });
        }
        while let Some((path, purpose, ask)) = self.to_ask.pop_front() {
            self.queued.remove(&path);
            if self.asked.contains_key(&path) {
                self.ask(path, purpose, ask);
                continue;
            }
            self.asked.insert(path.clone(), Open { purpose, asks: vec![ask] });
            return Some(Step::Fetch { path, purpose });
        }
        None
    }

    /// What the answer to `path` is for: nothing when nobody needs it any more, `None` when nobody
    /// asked.
    pub fn answered(&mut self, path: &str) -> Option<Vec<Ask>> {
        let Some(open) = self.asked.remove(path) else {
            return self.dropped.contains(path).then(Vec::new);
        };
        let (now, later) =
            std::mem::take(&mut self.later).into_iter().partition(|(it, ..)| it == path);
        self.later = later;
        let now: Vec<(String, Purpose, Ask)> = now;
        self.queued.extend(now.iter().map(|(path, ..)| path.clone()));
        self.to_ask.extend(now);
        Some(open.asks)
    }

    /// Whether that file was asked for and is not answered.
    pub fn is_open(&self, path: &str) -> bool {
        self.asked.contains_key(path) || self.queued.contains(path)
    }

    /// Drops the fetches that are not `wanted`.
    pub fn retain(&mut self, wanted: impl Fn(Ask) -> bool) {
        self.to_ask.retain(|(_, _, ask)| wanted(*ask));
        self.queued = self.to_ask.iter().map(|(path, ..)| path.clone()).collect();
        self.later.retain(|(_, _, ask)| wanted(*ask));
        let (dropped, to_cancel) = (&mut self.dropped, &mut self.to_cancel);
        self.asked.retain(|path, open| {
            open.asks.retain(|ask| wanted(*ask));
            let is_wanted = !open.asks.is_empty();
            if !is_wanted {
                dropped.insert(path.clone());
                to_cancel.push_back(path.clone());
            }
            is_wanted
        });
    }
}
