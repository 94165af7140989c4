//! Which log files to read, in what order, until the table's last version is known.

use crate::checkpoint::CheckpointFailure;
use crate::path::HINT_PATH;
use crate::replay::Replay;
use crate::{
    CheckpointFormat, HintError, LogError, Snapshot, checkpoint_path, commit, commit_path, hint,
};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};

/// At least so many commits are asked for at once; the last ones of a walk are absent.
const MIN_WINDOW: u64 = 4;

/// At most so many commits are asked for at once.
const MAX_WINDOW: u64 = 32;

/// Finds the last version of a table by asking for its log files by name.
///
/// The caller takes steps, fetches what they name, in parallel if he likes, and answers in any
/// order:
///
/// ```
/// # use delta_log::{Fetched, LogError, LogWalk, Snapshot, Step};
/// # fn read(fetch: impl Fn(&str) -> Fetched) -> Result<Snapshot, LogError> {
/// let mut walk = LogWalk::new();
/// let mut in_flight = Vec::new();
/// loop {
///     match walk.step() {
///         Step::Fetch { path, .. } => in_flight.push(path),
///         Step::Wait => {
///             let path = in_flight.pop().unwrap_or_default();
///             walk.answer(&path, fetch(&path))?;
///         }
///         Step::Done(snapshot) => return Ok(*snapshot),
///     }
/// }
/// # }
/// # assert!(matches!(read(|_| Fetched::Absent), Err(LogError::NotATable)));
/// ```
///
/// The log is entered at the checkpoint that `_last_checkpoint` names, else at commit 0; from there
/// commits follow one another, and the version before the first one that is absent is the last. A
/// hint that is missing, broken or false costs time and nothing else.
#[derive(Debug)]
pub struct LogWalk {
    /// Fetches that the caller has not been told of.
    to_ask: VecDeque<Ask>,
    /// Fetches that the caller has been told of and has not answered, by path.
    asked: BTreeMap<String, Ask>,
    /// Commits from `next_version` on that were asked for.
    probes: BTreeMap<u64, Probe>,
    /// The state so far; `None` until the checkpoint is here.
    replay: Option<Replay>,
    /// The first version that is not in `replay`.
    next_version: u64,
    /// The version of the checkpoint in `replay`.
    checkpoint: Option<u64>,
    /// Why the log was not entered at the hint.
    detour: Option<Detour>,
    n_found: u64,
    done: Option<Box<Snapshot>>,
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
    /// Answer one of the fetches before the next step.
    Wait,
    /// The table's last version. The walk is over.
    Done(Box<Snapshot>),
}

/// What a log file is for, and so how long a copy of it is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// `_last_checkpoint`, which is replaced now and then.
    Hint,
    /// A checkpoint, which never changes.
    Checkpoint,
    /// A commit, which never changes once it is there; that it is absent may change at any time.
    Commit,
}

/// What a fetch gave.
#[derive(Debug, Clone)]
pub enum Fetched {
    /// The whole file.
    Bytes(Bytes),
    /// There is no such file.
    Absent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ask {
    Hint,
    Checkpoint(u64),
    /// A commit to apply.
    Commit(u64),
    /// The commit that the applied checkpoint stands for: only its time is of interest.
    CheckpointTime(u64),
    /// The commit of a checkpoint that is absent: whether the hint was false.
    HintProof(u64),
}

#[derive(Debug)]
enum Probe {
    Asked { again: bool },
    Found(Bytes),
    Absent { again: bool },
}

#[derive(Debug)]
enum Detour {
    /// The hint cannot be read.
    BrokenHint(HintError),
    /// The checkpoint is there and of a kind that is not read.
    Unsupported { version: u64, format: CheckpointFormat },
    /// The checkpoint is not there.
    Absent { version: u64 },
}

impl Default for LogWalk {
    fn default() -> LogWalk {
        LogWalk::new()
    }
}

impl LogWalk {
    /// A walk that has asked for nothing yet.
    pub fn new() -> LogWalk {
        LogWalk {
            to_ask: VecDeque::from([Ask::Hint]),
            asked: BTreeMap::new(),
            probes: BTreeMap::new(),
            replay: None,
            next_version: 0,
            checkpoint: None,
            detour: None,
            n_found: 0,
            done: None,
        }
    }

    /// What to do next. After an error of [`LogWalk::answer`] and after [`Step::Done`] the walk is
    /// over, and this is [`Step::Wait`] for ever.
    pub fn step(&mut self) -> Step {
        if let Some(ask) = self.to_ask.pop_front() {
            let (path, purpose) = match ask {
                Ask::Hint => (HINT_PATH.to_owned(), Purpose::Hint),
                Ask::Checkpoint(version) => (checkpoint_path(version), Purpose::Checkpoint),
                Ask::Commit(version) | Ask::CheckpointTime(version) | Ask::HintProof(version) => {
                    (commit_path(version), Purpose::Commit)
                }
            };
            self.asked.insert(path.clone(), ask);
            return Step::Fetch { path, purpose };
        }
        self.done.take().map_or(Step::Wait, Step::Done)
    }

    /// Takes the answer to a fetch.
    ///
    /// # Errors
    /// [`LogError`] when the log cannot be read; the walk is over then.
    /// [`LogError::Unasked`] when `path` is not an unanswered fetch.
    pub fn answer(&mut self, path: &str, fetched: Fetched) -> Result<(), LogError> {
        let Some(ask) = self.asked.remove(path) else {
            return Err(LogError::Unasked { path: path.to_owned() });
        };
        let result = match ask {
            Ask::Hint => self.enter(fetched),
            Ask::Checkpoint(version) => self.start(version, fetched),
            Ask::Commit(version) => self.file(version, fetched),
            Ask::CheckpointTime(version) => self.finish_at_checkpoint(version, &fetched),
            Ask::HintProof(version) => self.finish_without_checkpoint(version, &fetched),
        };
        if result.is_err() {
            self.to_ask.clear();
            self.asked.clear();
        }
        result
    }

    /// Chooses where to enter the log.
    fn enter(&mut self, fetched: Fetched) -> Result<(), LogError> {
        let hint = match fetched {
            Fetched::Absent => None,
            Fetched::Bytes(bytes) => match hint::parse(&bytes) {
                Ok(hint) => Some(hint),
                Err(error) => {
                    self.detour = Some(Detour::BrokenHint(error));
                    None
                }
            },
        };
        match hint {
            Some(hint::Hint { version, unsupported: None }) => {
                self.to_ask.push_back(Ask::Checkpoint(version));
                self.next_version = version + 1;
                self.widen();
                Ok(())
            }
            Some(hint::Hint { version, unsupported: Some(format) }) => {
                self.enter_at_zero(Some(Detour::Unsupported { version, format }))
            }
            None => {
                let detour = self.detour.take();
                self.enter_at_zero(detour)
            }
        }
    }

    fn enter_at_zero(&mut self, detour: Option<Detour>) -> Result<(), LogError> {
        self.detour = detour;
        self.replay = Some(Replay::default());
        self.next_version = 0;
        self.advance()
    }

    /// Takes the checkpoint.
    fn start(&mut self, version: u64, fetched: Fetched) -> Result<(), LogError> {
        let Fetched::Bytes(bytes) = fetched else {
            return self.enter_at_zero(Some(Detour::Absent { version }));
        };
        match Replay::from_checkpoint(version, bytes) {
            Ok(replay) => {
                self.replay = Some(replay);
                self.checkpoint = Some(version);
                self.advance()
            }
            Err(CheckpointFailure::Unsupported(format)) => {
                self.enter_at_zero(Some(Detour::Unsupported { version, format }))
            }
            Err(CheckpointFailure::Broken(error)) => Err(error.into()),
        }
    }

    /// Takes a commit.
    fn file(&mut self, version: u64, fetched: Fetched) -> Result<(), LogError> {
        let again = matches!(self.probes.get(&version), Some(Probe::Asked { again: true }));
        let probe = match fetched {
            Fetched::Bytes(bytes) => {
                self.n_found += 1;
                Probe::Found(bytes)
            }
            Fetched::Absent => Probe::Absent { again },
        };
        self.probes.insert(version, probe);
        self.advance()
    }

    /// Applies what is here, asks for what is needed, ends when the end is known.
    fn advance(&mut self) -> Result<(), LogError> {
        let Some(replay) = &mut self.replay else { return Ok(()) };
        while let Some(Probe::Found(bytes)) = self.probes.get(&self.next_version) {
            replay.apply_commit(self.next_version, bytes)?;
            self.probes.remove(&self.next_version);
            self.next_version += 1;
        }
        self.widen();
        let is_open = |probe: &Probe| matches!(probe, Probe::Asked { .. });
        if self.probes.range(self.next_version..).any(|(_, probe)| is_open(probe)) {
            return Ok(());
        }
        self.judge_absence()
    }

    /// Asks for the commits of the window.
    fn widen(&mut self) {
        let width = (self.n_found / 2).clamp(MIN_WINDOW, MAX_WINDOW);
        for version in self.next_version..self.next_version.saturating_add(width) {
            self.probes.entry(version).or_insert_with(|| {
                self.to_ask.push_back(Ask::Commit(version));
                Probe::Asked { again: false }
            });
        }
    }

    /// Every commit of the window is answered, and the first one is absent: is it the end?
    fn judge_absence(&mut self) -> Result<(), LogError> {
        let is_found = |probe: &Probe| matches!(probe, Probe::Found(_));
        let later = self.probes.iter().rev().find(|(_, probe)| is_found(probe));
        let Some((&later, _)) = later else { return self.end() };
        // Two writers may have committed between the two answers. Only a commit that is absent
        // after a later one was seen is a gap.
        let mut n_again = 0;
        for (&version, probe) in self.probes.range_mut(self.next_version..later) {
            if matches!(probe, Probe::Absent { again: false }) {
                *probe = Probe::Asked { again: true };
                self.to_ask.push_back(Ask::Commit(version));
                n_again += 1;
            }
        }
        match n_again {
            0 => {
                Err(self.dead_end().unwrap_or(LogError::Gap { version: self.next_version, later }))
            }
            _ => Ok(()),
        }
    }

    /// `next_version` is absent, and nothing after it is there.
    fn end(&mut self) -> Result<(), LogError> {
        if let Some(version) = self.checkpoint.filter(|version| version + 1 == self.next_version) {
            self.to_ask.push_back(Ask::CheckpointTime(version));
            return Ok(());
        }
        if let Some(error) = self.dead_end() {
            return Err(error);
        }
        match self.detour {
            Some(Detour::Absent { version }) if self.next_version <= version => {
                self.to_ask.push_back(Ask::HintProof(version));
                Ok(())
            }
            _ => self.finish(),
        }
    }

    /// Why the commits from 0 do not reach far enough, where the hint failed for a known reason.
    fn dead_end(&mut self) -> Option<LogError> {
        let (n_applied, detour) = (self.next_version, self.detour.take()?);
        match detour {
            Detour::Unsupported { version, format } if n_applied <= version => {
                Some(LogError::UnsupportedCheckpoint { version, format })
            }
            Detour::Absent { version } if n_applied == 0 => {
                Some(LogError::CheckpointGone { version })
            }
            Detour::BrokenHint(source) if n_applied == 0 => Some(LogError::Hint { source }),
            _ => {
                self.detour = Some(detour);
                None
            }
        }
    }

    fn finish_at_checkpoint(&mut self, version: u64, fetched: &Fetched) -> Result<(), LogError> {
        if let (Fetched::Bytes(bytes), Some(replay)) = (fetched, &mut self.replay) {
            replay.set_time(commit::time(version, bytes));
        }
        self.finish()
    }

    fn finish_without_checkpoint(&mut self, later: u64, fetched: &Fetched) -> Result<(), LogError> {
        match fetched {
            Fetched::Bytes(_) => Err(LogError::Gap { version: self.next_version, later }),
            Fetched::Absent => self.finish(),
        }
    }

    fn finish(&mut self) -> Result<(), LogError> {
        let replay = self.replay.take().unwrap_or_default();
        let version = self.next_version.checked_sub(1).ok_or(LogError::NotATable)?;
        self.done = Some(Box::new(replay.finish(version)?));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
