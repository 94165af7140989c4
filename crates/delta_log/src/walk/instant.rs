//! The search for a version that is as old as a time that is asked for.

use super::request::Ask;
use super::{Fetched, LogWalk, Purpose};
use crate::{LogError, commit, commit_path};
use std::collections::BTreeMap;

/// So many commits are looked at in one round of the search.
const N_SAMPLES: u64 = 8;

/// A search among the commits below a checkpoint that is too young.
#[derive(Debug)]
pub(super) struct Search {
    /// The wanted version is at this one or later, or nothing below is there.
    low: Option<u64>,
    /// Whether commit `low` was seen and is old enough.
    low_is_old: bool,
    /// The wanted version is below this one.
    high: u64,
    /// Commits of this round: `None` until they are answered.
    samples: BTreeMap<u64, Option<Age>>,
}

/// What a commit's time says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Age {
    /// Made at or before the time that is asked for.
    Old,
    /// Made later.
    Young,
    /// Not there any more; commits are cleaned up oldest first.
    Absent,
}

impl LogWalk {
    /// Asks how old the checkpoint is that the hint names.
    pub(super) fn search_from(&mut self, version: u64) -> Result<(), LogError> {
        let high = version.saturating_add(1);
        let samples = BTreeMap::from([(version, None)]);
        self.search = Some(Search { low: None, low_is_old: false, high, samples });
        self.requests.ask(commit_path(version), Purpose::CommitStart, Ask::Time(version));
        Ok(())
    }

    /// Takes a commit for its time.
    pub(super) fn take_time(
        &mut self,
        version: u64,
        fetched: &Fetched,
        timestamp_us: i64,
    ) -> Result<(), LogError> {
        let Some(search) = &mut self.search else { return Ok(()) };
        let age = match fetched {
            Fetched::Bytes(bytes) => {
                let time = commit::time(bytes);
                let time_ms = time.best_ms().ok_or(LogError::NoTimestamp { version })?;
                self.times.insert(version, time);
                if time_ms.saturating_mul(1000) <= timestamp_us { Age::Old } else { Age::Young }
            }
            Fetched::Absent | Fetched::Forbidden => Age::Absent,
        };
        search.samples.insert(version, Some(age));
        if search.samples.values().any(Option::is_none) {
            return Ok(());
        }
        for (version, age) in std::mem::take(&mut search.samples) {
            match age {
                Some(Age::Young) => search.high = search.high.min(version),
                // A commit that the hint promises and that is gone says nothing of its age.
                Some(Age::Absent) if self.hint.as_ref().is_some_and(|it| it.version == version) => {
                    search.high = version;
                }
                age if version < search.high => {
                    search.low = Some(version);
                    search.low_is_old = age == Some(Age::Old);
                }
                _ => {}
            }
        }
        self.search_on()
    }

    /// Asks for the next commits of the search, or ends it.
    fn search_on(&mut self) -> Result<(), LogError> {
        let Some(search) = &mut self.search else { return Ok(()) };
        let first = search.low.map_or(0, |low| low + 1);
        let n_left = search.high.saturating_sub(first);
        if n_left > 0 {
            let n_samples = n_left.min(N_SAMPLES);
            for idx in 0..n_samples {
                // Evenly, and the last of them is the last one that is left only when few are.
                let offset = u128::from(n_left) * u128::from(idx + 1) / u128::from(n_samples + 1);
                let offset = if n_left <= N_SAMPLES { u128::from(idx) } else { offset };
                let version = first + u64::try_from(offset).unwrap_or(0);
                search.samples.insert(version, None);
            }
            for version in search.samples.keys() {
                let ask = Ask::Time(*version);
                self.requests.ask(commit_path(*version), Purpose::CommitStart, ask);
            }
            return Ok(());
        }
        let old = search.low.filter(|_| search.low_is_old);
        self.search = None;
        match (old, &self.hint) {
            (Some(version), Some(hint)) if hint.version == version => self.enter_at_hint(),
            (Some(version), _) => {
                self.searched = Some(version);
                self.enter_below(version)
            }
            (None, _) => self.set_ways([super::route::Way::Zero].into()),
        }
    }
}
