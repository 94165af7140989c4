//! Where a walk enters the log: ways are tried one after the other until one leads in.

use super::gather::Gather;
use super::request::Ask;
use super::{Fetched, LogWalk, Purpose, Target};
use crate::action::CommitTime;
use crate::hint::{self, CheckpointForm, Hint};
use crate::mark::Marks;
use crate::replay::Replay;
use crate::{LogError, checkpoint_path, commit, commit_path};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};

/// The checkpoints that are looked for in a log without commit 0 and without a hint. Writers make
/// one every 10 or every 100 commits.
const COMMON_CHECKPOINTS: [u64; 10] = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100];

/// From this version on, checkpoints below a wanted version are looked for before all commits from
/// 0 are read.
const MIN_GUESS: u64 = 20;

/// A way into the log.
#[derive(Debug)]
pub(super) enum Way {
    /// A checkpoint that the hint names.
    Checkpoint(Hint),
    /// Commit 0.
    Zero,
    /// The latest of these checkpoints that is there.
    Guess(Vec<u64>),
}

/// What a walk does about its entry.
#[derive(Debug)]
pub(super) enum Route {
    /// The hint, or the search for a time, decides.
    Undecided,
    /// A checkpoint is being put together.
    Gather(Box<Gather>),
    /// Checkpoints are looked for: those that are answered, and how many are not.
    Guess { found: BTreeMap<u64, Bytes>, n_open: usize },
    /// The log is entered.
    Entered(Entry),
}

/// Where the log was entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Zero,
    Checkpoint(u64),
    /// A checkpoint that nothing names: later ones may be there.
    Guess(u64),
    /// A snapshot that the caller had.
    Known(u64),
}

/// Why a checkpoint could not be used.
#[derive(Debug)]
pub(super) struct Failure {
    pub version: u64,
    /// Whether the checkpoint is there, so that its version is, too.
    pub is_there: bool,
    pub error: LogError,
}

impl LogWalk {
    /// Takes the hint.
    pub(super) fn take_hint(&mut self, fetched: Fetched) -> Result<(), LogError> {
        self.hint_is_open = false;
        if let Fetched::Bytes(bytes) = fetched {
            match hint::parse(&bytes) {
                Ok(hint) => self.hint = Some(hint),
                Err(error) => self.broken_hint = Some(error),
            }
        }
        if matches!(self.route, Route::Entered(Entry::Known(_))) {
            return self.advance();
        }
        match (self.target, &self.hint) {
            (Target::Version(version), Some(hint)) if hint.version > version => {
                let mut ways = guesses_below(version);
                ways.push_back(Way::Zero);
                self.set_ways(ways)
            }
            (Target::Version(version), None) => {
                let mut ways = VecDeque::from([Way::Zero]);
                ways.extend(guesses_below(version));
                self.set_ways(ways)
            }
            (Target::Timestamp(_), Some(hint)) => {
                let version = hint.version;
                self.search_from(version)
            }
            _ => self.enter_at_hint(),
        }
    }

    /// Tries the hint's checkpoint first.
    pub(super) fn enter_at_hint(&mut self) -> Result<(), LogError> {
        let mut ways = VecDeque::new();
        match self.hint.clone() {
            Some(hint) => {
                let version = hint.version;
                let is_single = hint.form == CheckpointForm::Single;
                ways.push_back(Way::Checkpoint(hint));
                if !is_single {
                    let form = CheckpointForm::Single;
                    ways.push_back(Way::Checkpoint(Hint { version, form, sidecars: vec![] }));
                }
                ways.push_back(Way::Zero);
                if let Some(below) = version.checked_sub(1) {
                    ways.extend(guesses_below(below));
                }
            }
            None => ways.extend([Way::Zero, Way::Guess(COMMON_CHECKPOINTS.to_vec())]),
        }
        self.set_ways(ways)
    }

    /// Tries checkpoints at or below `version`, and commit 0.
    pub(super) fn enter_below(&mut self, version: u64) -> Result<(), LogError> {
        let mut ways = guesses_below(version);
        ways.push_back(Way::Zero);
        self.set_ways(ways)
    }

    pub(super) fn set_ways(&mut self, mut ways: VecDeque<Way>) -> Result<(), LogError> {
        let is_early = |way: &Way| matches!(way, Way::Guess(guesses) if guesses.iter().all(|it| *it < MIN_GUESS));
        // A few commits are cheaper than a checkpoint that may not be there.
        if ways.iter().any(|way| matches!(way, Way::Zero)) {
            ways.make_contiguous().sort_by_key(|way| is_early(way));
        }
        self.ways = ways;
        self.try_next_way()
    }

    /// Leaves what was tried and tries the next way.
    pub(super) fn try_next_way(&mut self) -> Result<(), LogError> {
        match self.ways.pop_front() {
            Some(Way::Checkpoint(hint)) => {
                self.start_after(hint.version);
                let paths = hint.form.paths(hint.version);
                let gather = Gather::new(hint.version, paths.len(), hint.form);
                self.route = Route::Gather(Box::new(gather));
                for path in paths {
                    self.requests.ask(path, Purpose::Checkpoint, Ask::Checkpoint);
                }
                for path in hint.sidecars {
                    self.requests.ask(path, Purpose::Checkpoint, Ask::Sidecar);
                }
                self.ask_checkpoint_time(hint.version);
                self.ask_checksum(hint.version);
                self.widen();
                Ok(())
            }
            Some(Way::Zero) => {
                self.route = Route::Entered(Entry::Zero);
                self.replay = Some(Replay::default());
                self.next_version = 0;
                self.marks = Marks::default();
                self.clock_ms = None;
                self.advance()
            }
            Some(Way::Guess(versions)) => {
                self.requests.retain(|ask| matches!(ask, Ask::Commit(_)));
                self.route = Route::Guess { found: BTreeMap::new(), n_open: versions.len() };
                for version in versions {
                    let path = checkpoint_path(version);
                    self.requests.ask(path, Purpose::Checkpoint, Ask::Guess(version));
                }
                Ok(())
            }
            None => self.give_up(),
        }
    }

    /// The commits after `version` are what matters.
    fn start_after(&mut self, version: u64) {
        self.next_version = version.saturating_add(1);
        self.probes = self.probes.split_off(&self.next_version);
        let next_version = self.next_version;
        self.requests.retain(|ask| matches!(ask, Ask::Commit(version) if version >= next_version));
        self.replay = None;
        self.marks = Marks::default();
        self.checkpoint_time = None;
        self.clock_ms = None;
        self.checksum = None;
    }

    fn ask_checkpoint_time(&mut self, version: u64) {
        if let Some(time) = self.times.get(&version) {
            self.checkpoint_time = Some(*time);
            return;
        }
        self.time_is_open = true;
        let ask = Ask::CheckpointTime(version);
        self.requests.ask(commit_path(version), Purpose::CommitStart, ask);
    }

    /// Takes the commit that the checkpoint stands for.
    pub(super) fn take_checkpoint_time(
        &mut self,
        version: u64,
        fetched: &Fetched,
    ) -> Result<(), LogError> {
        self.time_is_open = false;
        if let Fetched::Bytes(bytes) = fetched {
            self.marks.note(version, bytes);
            self.checkpoint_time = Some(commit::time(bytes));
        }
        self.advance()
    }

    /// Takes a checkpoint that may be there.
    pub(super) fn take_guess(&mut self, version: u64, fetched: Fetched) -> Result<(), LogError> {
        let Route::Guess { found, n_open } = &mut self.route else { return Ok(()) };
        *n_open = n_open.saturating_sub(1);
        if let Fetched::Bytes(bytes) = fetched {
            found.insert(version, bytes);
        }
        if *n_open > 0 {
            return Ok(());
        }
        let Some((version, bytes)) = found.pop_last() else { return self.try_next_way() };
        self.start_after(version);
        let mut gather = Gather::new(version, 1, CheckpointForm::Single);
        gather.is_guess = true;
        self.route = Route::Gather(Box::new(gather));
        self.ask_checkpoint_time(version);
        self.widen();
        self.take_checkpoint(&checkpoint_path(version), Fetched::Bytes(bytes))
    }
}

/// The checkpoints at or below `version` that writers are likely to have made, latest first.
fn guesses_below(version: u64) -> VecDeque<Way> {
    let tens = version / 10 * 10;
    let hundreds = version / 100 * 100;
    let mut seen = vec![0];
    let mut rounds = VecDeque::new();
    for round in [
        [version, tens],
        [tens.saturating_sub(10), hundreds],
        [tens.saturating_sub(20), hundreds.saturating_sub(100)],
    ] {
        let mut guesses: Vec<u64> = Vec::new();
        for guess in round {
            if !seen.contains(&guess) {
                seen.push(guess);
                guesses.push(guess);
            }
        }
        if !guesses.is_empty() {
            rounds.push_back(Way::Guess(guesses));
        }
    }
    rounds
}

impl CommitTime {
    /// The clock that counts. A commit has an in-commit timestamp only where the table has them on.
    pub(crate) fn best_ms(self) -> Option<i64> {
        self.in_commit_ms.or(self.writer_ms)
    }
}
