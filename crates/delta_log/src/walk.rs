//! Which log files to read, in what order, until the version that is asked for is known.

mod checksum;
mod gather;
mod instant;
mod known;
mod request;
mod route;
mod tip;

use crate::action::CommitTime;
use crate::hint::Hint;
use crate::mark::Marks;
use crate::path::HINT_PATH;
use crate::replay::Replay;
use crate::{HintError, LogError, Snapshot};
use bytes::Bytes;
use checksum::Verification;
use instant::Search;
use request::{Ask, Requests};
use route::{Failure, Route, Way};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tip::{Doubt, Probe};

/// Finds a version of a table, the last one by default, by asking for its log files by name.
///
/// The caller takes steps, fetches what they name, in parallel if he likes, and answers in any
/// order:
///
/// ```
/// # use delta_log::{Fetched, LogError, LogWalk, Snapshot, Step};
/// # use std::sync::Arc;
/// # fn read(fetch: impl Fn(&str) -> Fetched) -> Result<Arc<Snapshot>, LogError> {
/// let mut walk = LogWalk::new();
/// let mut in_flight = Vec::new();
/// loop {
///     match walk.step() {
///         Step::Fetch { path, .. } => in_flight.push(path),
///         Step::Cancel { path } => in_flight.retain(|it| *it != path),
///         Step::Wait => {
///             let path = in_flight.pop().unwrap_or_default();
///             walk.answer(&path, fetch(&path))?;
///         }
///         Step::Done(snapshot) => return Ok(snapshot),
///     }
/// }
/// # }
/// # assert!(matches!(read(|_| Fetched::Absent), Err(LogError::NotATable)));
/// ```
///
/// The log is entered at the checkpoint that `_last_checkpoint` names, else at commit 0; from there
/// commits follow one another, and the version before the first one that is absent is the last. A
/// hint that is missing, broken or false, and a checkpoint that is broken or incomplete, cost time
/// and nothing else while the commits are all there. Where neither a hint nor commit 0 is there,
/// checkpoints are looked for at the versions that writers choose, a few of them and no more.
///
/// The first commits are asked for together with the hint, so that a small table takes one round
/// trip; with a hint that is good, these fetches are cancelled and the table takes two.
#[derive(Debug)]
pub struct LogWalk {
    target: Target,
    requests: Requests,
    route: Route,
    /// Ways into the log that are not tried yet.
    ways: VecDeque<Way>,
    hint: Option<Hint>,
    broken_hint: Option<HintError>,
    hint_is_open: bool,
    /// Why the log was not entered at the hint's checkpoint.
    failure: Option<Failure>,
    /// A commit that is absent, and a later one that is there.
    gap: Option<(u64, u64)>,
    search: Option<Search>,
    /// The version that the search has found.
    searched: Option<u64>,
    /// When commits were made that were asked for their time.
    times: BTreeMap<u64, CommitTime>,
    /// Commits from `next_version` on that were asked for.
    probes: BTreeMap<u64, Probe>,
    /// The state so far; `None` until the log is entered.
    replay: Option<Replay>,
    /// The snapshot that the caller had, until there is more to apply.
    known: Option<Arc<Snapshot>>,
    /// Marks of the known snapshot that are not answered: until then nothing is put upon it.
    n_marks_open: usize,
    /// The commits by which the log that is read is known again.
    marks: Marks,
    /// The first version that is not in `replay`.
    next_version: u64,
    /// The time of the commit that the checkpoint in `replay` stands for.
    checkpoint_time: Option<CommitTime>,
    time_is_open: bool,
    /// The time of the commit applied last, on the way to a time.
    clock_ms: Option<i64>,
    /// Whether the next commit is younger than the time that is asked for.
    target_is_met: bool,
    /// Whether commits far behind the last one are there.
    later: Doubt,
    /// Whether the store still gives a file that it gave before.
    proof: Doubt,
    /// The first file that the store refuses.
    refused: Option<String>,
    /// A file that was read earlier, and that the store refuses.
    lost: Option<String>,
    /// The smallest file that the store gave, and its size.
    witness: Option<(String, usize)>,
    n_found: u64,
    /// Whether a checksum is asked for.
    is_verified: bool,
    checksum: Option<Verification>,
    done: Option<Arc<Snapshot>>,
}

/// The version that a walk is to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Latest,
    Version(u64),
    /// The last version of that time, UTC microseconds.
    Timestamp(i64),
}

/// What to do next.
#[derive(Debug)]
pub enum Step {
    /// Fetch this file and answer with it. The walk has more to ask: step again at once.
    Fetch {
        /// Relative to the table's root.
        path: String,
        /// What it is for.
        purpose: Purpose,
    },
    /// The answer to this fetch is of no use any more: stop it if that saves something. Neither
    /// stopping nor answering it does harm. The walk has more to ask: step again at once.
    Cancel {
        /// The path of the fetch.
        path: String,
    },
    /// Answer one of the fetches before the next step.
    Wait,
    /// The version that was asked for. The walk is over.
    Done(Arc<Snapshot>),
}

/// What a log file is for, and so how long a copy of it is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// `_last_checkpoint`, which is replaced now and then.
    Hint,
    /// A checkpoint or a part of one, which never changes.
    Checkpoint,
    /// A commit, which never changes once it is there; that it is absent may change at any time.
    Commit,
    /// A commit of which only the beginning matters: the first 64 KiB of it will do as an answer.
    CommitStart,
    /// A version checksum, which never changes; that it is absent may change.
    Checksum,
    /// Whether the store still gives this file: not to be answered from a copy. Its bytes are not
    /// looked at, so the first one will do.
    Proof,
}

/// What a fetch gave.
#[derive(Debug, Clone)]
pub enum Fetched {
    /// The whole file.
    Bytes(Bytes),
    /// There is no such file.
    Absent,
    /// The store refuses the file, as stores do with files that are not there for callers who may
    /// not list. Counts as absent while the store still gives a file that it gave before.
    Forbidden,
}

impl Default for LogWalk {
    fn default() -> LogWalk {
        LogWalk::new()
    }
}

impl LogWalk {
    /// A walk to the table's last version. It has asked for nothing yet.
    pub fn new() -> LogWalk {
        LogWalk::to(Target::Latest)
    }

    /// A walk to that version.
    ///
    /// Ends with [`LogError::VersionAhead`] when the table has no such version yet, and with
    /// [`LogError::VersionGone`] when what leads to it was cleaned up.
    pub fn at_version(version: u64) -> LogWalk {
        LogWalk::to(Target::Version(version))
    }

    /// A walk to the last version that was committed at or before that time, UTC microseconds; a
    /// time after the last commit gives the last version.
    ///
    /// The time of a commit is its in-commit timestamp, else its writer's clock as `commitInfo` has
    /// it, made to grow by a millisecond at least from commit to commit. Other readers may take the
    /// modification time of the file in place of the writer's clock.
    ///
    /// Ends with [`LogError::TimestampGone`] when no version that old is there, and with
    /// [`LogError::NoTimestamp`] when a commit on the way does not say when it was made.
    pub fn at_timestamp(timestamp_us: i64) -> LogWalk {
        LogWalk::to(Target::Timestamp(timestamp_us))
    }

    /// A walk to the table's last version from one that the caller has: only later commits are
    /// asked for, the hint, lest those were cleaned up, and the ends of what the caller has read.
    /// Ends with the very same snapshot when there is no later version. Where another log lies in the
    /// folder by now, this is a walk like any other.
    pub fn resume(snapshot: Arc<Snapshot>) -> LogWalk {
        match LogWalk::from_known(Target::Latest, snapshot) {
            Some(mut walk) => {
                walk.start();
                walk
            }
            None => LogWalk::new(),
        }
    }

    /// A walk to the version of a snapshot that the caller has. Ends with the very same snapshot
    /// when its log is still the one in the folder; otherwise this is [`LogWalk::at_version`].
    pub fn confirm(snapshot: Arc<Snapshot>) -> LogWalk {
        let version = snapshot.version;
        match LogWalk::from_known(Target::Version(version), snapshot) {
            Some(walk) => LogWalk { hint_is_open: false, ..walk },
            None => LogWalk::at_version(version),
        }
    }

    /// The same walk, which also asks for one version checksum and holds what it has found against
    /// it: that of the checkpoint where the log is entered, together with the checkpoint, else that
    /// of the last version, after it. A checksum that is absent or malformed is no reason to end.
    ///
    /// Ends with [`LogError::Checksum`] when the two differ.
    pub fn verified(mut self) -> LogWalk {
        self.is_verified = true;
        self
    }

    fn to(target: Target) -> LogWalk {
        let mut walk = LogWalk::empty(target);
        walk.start();
        walk
    }

    fn start(&mut self) {
        self.requests.ask(HINT_PATH.to_owned(), Purpose::Hint, Ask::Hint);
        self.widen();
    }

    fn empty(target: Target) -> LogWalk {
        LogWalk {
            target,
            requests: Requests::default(),
            route: Route::Undecided,
            ways: VecDeque::new(),
            hint: None,
            broken_hint: None,
            hint_is_open: true,
            failure: None,
            gap: None,
            search: None,
            searched: None,
            times: BTreeMap::new(),
            probes: BTreeMap::new(),
            replay: None,
            known: None,
            n_marks_open: 0,
            marks: Marks::default(),
            next_version: 0,
            checkpoint_time: None,
            time_is_open: false,
            clock_ms: None,
            target_is_met: false,
            later: Doubt::Unasked,
            proof: Doubt::Unasked,
            refused: None,
            lost: None,
            witness: None,
            n_found: 0,
            is_verified: false,
            checksum: None,
            done: None,
        }
    }

    /// What to do next. After an error of [`LogWalk::answer`] and after [`Step::Done`] the walk is
    /// over, and this is [`Step::Wait`] for ever.
    pub fn step(&mut self) -> Step {
        let step = self.requests.step();
        step.unwrap_or_else(|| self.done.take().map_or(Step::Wait, Step::Done))
    }

    /// Takes the answer to a fetch.
    ///
    /// # Errors
    /// [`LogError`] when the version that is asked for cannot be read; the walk is over then.
    /// [`LogError::Unasked`] when `path` is not an unanswered fetch.
    pub fn answer(&mut self, path: &str, fetched: Fetched) -> Result<(), LogError> {
        let Some(asks) = self.requests.answered(path) else {
            return Err(LogError::Unasked { path: path.to_owned() });
        };
        for ask in asks {
            let taken = self.take(ask, path, fetched.clone());
            if taken.is_err() {
                self.requests.retain(|_| false);
                return taken;
            }
        }
        Ok(())
    }

    fn take(&mut self, ask: Ask, path: &str, fetched: Fetched) -> Result<(), LogError> {
        match &fetched {
            Fetched::Bytes(bytes) => {
                let size_bytes = bytes.len();
                if self.witness.as_ref().is_none_or(|(_, smallest)| size_bytes < *smallest) {
                    self.witness = Some((path.to_owned(), size_bytes));
                }
            }
            Fetched::Forbidden => {
                self.refused.get_or_insert_with(|| path.to_owned());
            }
            Fetched::Absent => {}
        }
        match (ask, self.target) {
            (Ask::Hint, _) => self.take_hint(fetched),
            (Ask::Checkpoint, _) => self.take_checkpoint(path, fetched),
            (Ask::Sidecar, _) => self.take_sidecar(path, fetched),
            (Ask::Guess(version), _) => self.take_guess(version, fetched),
            (Ask::Commit(version), _) => self.take_commit(version, fetched),
            (Ask::CheckpointTime(version), _) => self.take_checkpoint_time(version, &fetched),
            (Ask::Mark(version), _) => self.take_mark(version, &fetched),
            (Ask::Time(version), Target::Timestamp(timestamp_us)) => {
                self.take_time(version, &fetched, timestamp_us)
            }
            (Ask::Time(_), _) => Ok(()),
            (Ask::Later(version), _) => self.take_later(version, &fetched),
            (Ask::Compacted, _) => Err(self.take_compacted(path, &fetched)),
            (Ask::Checksum, _) => self.take_checksum(&fetched),
            (Ask::Proof, _) => self.take_proof(path, &fetched),
        }
    }
}

#[cfg(test)]
mod tests;
