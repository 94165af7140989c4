//! Commits one after the other, until the version that is asked for, or the last one, is applied.

use super::request::Ask;
use super::route::Entry;
use super::{Fetched, LogWalk, Purpose, Route, Target};
use crate::path::compacted_path;
use crate::replay::Replay;
use crate::{LogError, Snapshot, commit, commit_path};
use bytes::Bytes;
use std::sync::Arc;

/// At least so many commits are asked for at once; the last ones of a walk are absent.
const MIN_WINDOW: u64 = 4;

/// At most so many commits are asked for at once.
const MAX_WINDOW: u64 = 32;

/// Behind the end of a log that was entered at a checkpoint which nothing names, commits of so many
/// multiples of ten are looked for.
const N_LATER: u64 = 4;

/// A commit that was asked for.
#[derive(Debug)]
pub(super) enum Probe {
    Asked { again: bool },
    Found(Bytes),
    Absent { again: bool },
}

/// A question that is asked once, at the end of a walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    Unasked,
    /// So many answers are missing.
    Asked(u64),
    Settled,
}

impl LogWalk {
    /// Takes a commit.
    pub(super) fn take_commit(&mut self, version: u64, fetched: Fetched) -> Result<(), LogError> {
        let again = matches!(self.probes.get(&version), Some(Probe::Asked { again: true }));
        let probe = match fetched {
            Fetched::Bytes(bytes) => {
                self.n_found += 1;
                Probe::Found(bytes)
            }
            Fetched::Absent | Fetched::Forbidden => Probe::Absent { again },
        };
        self.probes.insert(version, probe);
        self.advance()
    }

    /// Applies what is here, asks for what is needed, ends when the end is known.
    pub(super) fn advance(&mut self) -> Result<(), LogError> {
        if !matches!(self.route, Route::Entered(_)) || self.n_marks_open > 0 {
            return Ok(());
        }
        while !self.is_at_target() {
            let Some(Probe::Found(bytes)) = self.probes.get(&self.next_version) else { break };
            let bytes = bytes.clone();
            if self.is_too_young(&bytes)? {
                self.target_is_met = true;
                break;
            }
            let version = self.next_version;
            self.replay().apply_commit(version, &bytes)?;
            self.marks.note(version, &bytes);
            self.probes.remove(&self.next_version);
            self.next_version += 1;
        }
        if self.is_at_target() {
            return self.conclude();
        }
        self.widen();
        let is_open = |probe: &Probe| matches!(probe, Probe::Asked { .. });
        if self.probes.range(self.next_version..).any(|(_, probe)| is_open(probe)) {
            return Ok(());
        }
        self.judge_absence()
    }

    /// The state so far. An earlier snapshot is taken apart only when there is more to apply.
    fn replay(&mut self) -> &mut Replay {
        let known = &mut self.known;
        self.replay.get_or_insert_with(|| match known.take() {
            Some(snapshot) => Replay::of_snapshot(Arc::unwrap_or_clone(snapshot)),
            None => Replay::default(),
        })
    }

    fn is_at_target(&self) -> bool {
        let is_version = |version: u64| version.checked_add(1) == Some(self.next_version);
        self.target_is_met || matches!(self.target, Target::Version(it) if is_version(it))
    }

    /// Whether the next commit was made after the time that is asked for.
    ///
    /// Times grow from commit to commit; where a writer's clock went back, a commit counts as one
    /// millisecond later than the one before.
    fn is_too_young(&mut self, bytes: &[u8]) -> Result<bool, LogError> {
        let Target::Timestamp(timestamp_us) = self.target else { return Ok(false) };
        let version = self.next_version;
        let before = version.checked_sub(1).and_then(|before| self.times.get(&before));
        let before_ms = self.clock_ms.or(before.and_then(|time| time.best_ms()));
        let found_ms = commit::time(bytes).best_ms().ok_or(LogError::NoTimestamp { version })?;
        let time_ms = before_ms.map_or(found_ms, |before| found_ms.max(before.saturating_add(1)));
        if time_ms.saturating_mul(1000) > timestamp_us {
            if version == 0 {
                let earliest_us = Some(time_ms.saturating_mul(1000));
                return Err(LogError::TimestampGone { timestamp_us, earliest_us });
            }
            return Ok(true);
        }
        self.clock_ms = Some(time_ms);
        Ok(false)
    }

    /// Asks for the commits of the window, as long as no end of the log is in sight.
    pub(super) fn widen(&mut self) {
        let width = self.n_found.clamp(MIN_WINDOW, MAX_WINDOW);
        let mut end = self.next_version.saturating_add(width);
        if let Target::Version(version) = self.target {
            end = end.min(version.saturating_add(1));
        }
        let known = self.probes.range(self.next_version..end);
        let n_open =
            known.clone().filter(|(_, probe)| matches!(probe, Probe::Asked { .. })).count();
        // A short log ends within the first window: only then is more asked for.
        let max_open = if width == MIN_WINDOW { 0 } else { width / 2 };
        let has_first = self.probes.contains_key(&self.next_version);
        if has_first && n_open as u64 > max_open {
            return;
        }
        let mut known = known;
        if let Some((absent, _)) = known.find(|(_, probe)| matches!(probe, Probe::Absent { .. })) {
            end = *absent;
        }
        for version in self.next_version..end {
            self.probes.entry(version).or_insert_with(|| {
                self.requests.ask(commit_path(version), Purpose::Commit, Ask::Commit(version));
                Probe::Asked { again: false }
            });
        }
    }

    /// Every commit of the window is answered, and the first one is absent: is it the end?
    fn judge_absence(&mut self) -> Result<(), LogError> {
        let is_found = |probe: &Probe| matches!(probe, Probe::Found(_));
        let later = self.probes.iter().rev().find(|(_, probe)| is_found(probe));
        let Some((&later, _)) = later.filter(|(version, _)| **version > self.next_version) else {
            return self.conclude();
        };
        // Two writers may have committed between the two answers. Only a commit that is absent
        // after a later one was seen is a gap.
        let mut n_again = 0;
        for (&version, probe) in self.probes.range_mut(self.next_version..later) {
            if matches!(probe, Probe::Absent { again: false }) {
                *probe = Probe::Asked { again: true };
                self.requests.ask(commit_path(version), Purpose::Commit, Ask::Commit(version));
                n_again += 1;
            }
        }
        if n_again > 0 {
            return Ok(());
        }
        let mut after = self.probes.range(self.next_version..);
        let first = after.find(|(_, probe)| is_found(probe)).map_or(later, |(version, _)| *version);
        self.gap.get_or_insert((self.next_version, first));
        match self.is_elsewhere() {
            true => self.try_elsewhere(),
            false => self.give_up(),
        }
    }

    /// No way is left. The commits that are missing may be in one log compaction file, whose name
    /// follows from the gap: it is not read, and the error names it.
    pub(super) fn give_up(&mut self) -> Result<(), LogError> {
        let Some((version, later)) = self.gap else { return Err(self.dead_end()) };
        let path = compacted_path(version, later.saturating_sub(1));
        self.requests.ask(path, Purpose::Commit, Ask::Compacted);
        Ok(())
    }

    /// Takes the log compaction file, if it is there.
    pub(super) fn take_compacted(&mut self, path: &str, fetched: &Fetched) -> LogError {
        match fetched {
            Fetched::Bytes(_) => LogError::OnlyCompacted { path: path.to_owned() },
            Fetched::Absent | Fetched::Forbidden => self.dead_end(),
        }
    }

    /// Whether nothing was applied, so that another way into the log may be better.
    fn is_elsewhere(&self) -> bool {
        let hint = self.hint.as_ref().map(|hint| hint.version);
        match self.route {
            Route::Entered(Entry::Zero) => self.next_version == 0,
            // The commits after the known snapshot were cleaned up.
            Route::Entered(Entry::Known(_)) => hint.is_some_and(|it| it >= self.next_version),
            _ => false,
        }
    }

    fn try_elsewhere(&mut self) -> Result<(), LogError> {
        match self.route {
            Route::Entered(Entry::Known(_)) => {
                self.known = None;
                self.replay = None;
                self.route = Route::Undecided;
                self.enter_at_hint()
            }
            _ => self.try_next_way(),
        }
    }

    /// The last version that is to be applied is: settles what is in doubt, then finishes.
    pub(super) fn conclude(&mut self) -> Result<(), LogError> {
        let is_known = matches!(self.route, Route::Entered(Entry::Known(_)));
        if is_known && self.hint_is_open {
            return Ok(());
        }
        if !self.is_at_target() {
            if self.is_elsewhere() {
                return self.try_elsewhere();
            }
            if self.next_version == 0 {
                return Err(self.dead_end());
            }
            if !self.settle_end()? {
                return Ok(());
            }
        }
        let version = self.next_version.saturating_sub(1);
        let is_checkpoint = matches!(
            self.route,
            Route::Entered(Entry::Checkpoint(it) | Entry::Guess(it)) if it == version
        );
        if is_checkpoint {
            if self.time_is_open {
                return Ok(());
            }
            if let (Some(time), Some(replay)) = (self.checkpoint_time, &mut self.replay) {
                replay.set_time(time);
            }
        }
        if let Target::Version(wanted) = self.target
            && wanted != version
        {
            return Err(LogError::VersionAhead { version: wanted, newest: version });
        }
        match self.settle_checksum(version)? {
            true => self.finish(version),
            false => Ok(()),
        }
    }

    /// Whether the commit after the last one applied is truly absent, and no later one is there.
    /// Asks what it takes to know.
    fn settle_end(&mut self) -> Result<bool, LogError> {
        if let Some(failure) = self.failure.as_ref().filter(|it| it.version >= self.next_version) {
            let version = failure.version;
            if failure.is_there {
                return Err(self.dead_end());
            }
            // The hint may be false, or the commits up to it may be cleaned up.
            if self.later == Doubt::Unasked {
                self.later = Doubt::Asked(1);
                self.requests.ask(commit_path(version), Purpose::Commit, Ask::Later(version));
            }
        }
        if let Route::Entered(Entry::Guess(_)) = self.route
            && self.later == Doubt::Unasked
        {
            self.later = Doubt::Asked(N_LATER);
            let first = self.next_version / 10 + 1;
            for version in (first..first + N_LATER).map(|it| it * 10) {
                self.requests.ask(commit_path(version), Purpose::Commit, Ask::Later(version));
            }
        }
        if matches!(self.later, Doubt::Asked(_)) {
            return Ok(false);
        }
        self.settle_refusals()
    }

    /// Takes a commit far behind the last one.
    pub(super) fn take_later(&mut self, later: u64, fetched: &Fetched) -> Result<(), LogError> {
        if matches!(fetched, Fetched::Bytes(_)) {
            return Err(LogError::Gap { version: self.next_version, later });
        }
        self.later = match self.later {
            Doubt::Asked(n_open @ 2..) => Doubt::Asked(n_open - 1),
            _ => Doubt::Settled,
        };
        self.conclude()
    }

    /// Whether what the store refuses is truly absent. Some stores refuse what is not there; then a
    /// file that is there is still given. If it is refused, too, access has ended.
    fn settle_refusals(&mut self) -> Result<bool, LogError> {
        let Some(refused) = &self.refused else { return Ok(true) };
        match (self.proof, &self.witness) {
            (Doubt::Settled, _) => Ok(true),
            (Doubt::Asked(_), _) => Ok(false),
            (Doubt::Unasked, None) => {
                let path = refused.clone();
                Err(self.lost.take().map_or(LogError::Forbidden { path }, access_ended))
            }
            (Doubt::Unasked, Some((path, _))) => {
                self.proof = Doubt::Asked(1);
                self.requests.ask(path.clone(), Purpose::Proof, Ask::Proof);
                Ok(false)
            }
        }
    }

    /// Takes the proof that the store still gives files.
    pub(super) fn take_proof(&mut self, path: &str, fetched: &Fetched) -> Result<(), LogError> {
        self.proof = Doubt::Settled;
        match fetched {
            Fetched::Bytes(_) => self.conclude(),
            Fetched::Absent | Fetched::Forbidden => {
                Err(LogError::AccessEnded { path: path.to_owned() })
            }
        }
    }

    fn finish(&mut self, version: u64) -> Result<(), LogError> {
        self.requests.retain(|_| false);
        self.done = Some(match (self.replay.take(), self.known.take()) {
            (Some(replay), _) => {
                let snapshot = replay.finish(version)?;
                Arc::new(Snapshot { marks: self.marks, ..snapshot })
            }
            (None, Some(known)) => known,
            (None, None) => return Err(LogError::NotATable),
        });
        Ok(())
    }

    /// Why no way leads to the version that is asked for. The reason why the named checkpoint was
    /// not used comes first: with it all would be well.
    pub(super) fn dead_end(&mut self) -> LogError {
        let n_applied = self.next_version;
        let hint = self.hint.as_ref().map(|hint| hint.version);
        let failure = self.failure.take().filter(|it| it.version >= n_applied);
        let refused = self.refused.take().filter(|_| self.witness.is_none());
        let absent = failure.as_ref().is_some_and(|it| !it.is_there);
        let is_gone = n_applied == 0 && (hint.is_some() || self.gap.is_some());
        match (failure, refused, self.broken_hint.take(), self.target, self.gap) {
            (_, Some(path), ..) => {
                self.lost.take().map_or(LogError::Forbidden { path }, access_ended)
            }
            (Some(failure), ..) if !(absent && n_applied > 0) => failure.error,
            (_, _, Some(source), ..) if n_applied == 0 => LogError::Hint { source },
            (_, _, _, Target::Version(version), _) if is_gone => {
                LogError::VersionGone { version, readable: hint.filter(|it| *it > version) }
            }
            (_, _, _, Target::Timestamp(timestamp_us), _) if is_gone => {
                if let Some(version) = self.searched {
                    return LogError::VersionGone { version, readable: hint };
                }
                LogError::TimestampGone { timestamp_us, earliest_us: self.earliest_us() }
            }
            (.., Some((version, later))) => LogError::Gap { version, later },
            (Some(failure), ..) => failure.error,
            _ => LogError::NotATable,
        }
    }

    fn earliest_us(&self) -> Option<i64> {
        let first = self.times.values().next()?;
        first.best_ms().and_then(|ms| ms.checked_mul(1000))
    }
}

fn access_ended(path: String) -> LogError {
    LogError::AccessEnded { path }
}
