//! A checkpoint that is put together of its files: one, parts, or a file and its sidecars.

use super::request::Ask;
use super::route::{Entry, Failure, Route};
use super::{Fetched, LogWalk, Purpose};
use crate::hint::CheckpointForm;
use crate::path::sidecar_path;
use crate::replay::Replay;
use crate::{CheckpointError, CheckpointRule, LogError, checkpoint_path};
use std::collections::{HashMap, HashSet};

/// A checkpoint whose files come in.
#[derive(Debug)]
pub(super) struct Gather {
    pub(super) version: u64,
    pub(super) is_guess: bool,
    replay: Replay,
    /// Files that are not applied yet, sidecars among them once they are known.
    n_open: usize,
    /// Files that were there.
    n_found: usize,
    /// The sidecars that the checkpoint names, until they are all asked for.
    sidecars: Option<HashSet<String>>,
    /// Sidecars that came before they were named.
    early: HashMap<String, Fetched>,
}

impl LogWalk {
    /// Takes a file of the checkpoint that is being put together.
    pub(super) fn take_checkpoint(&mut self, path: &str, fetched: Fetched) -> Result<(), LogError> {
        let Route::Gather(gather) = &mut self.route else { return Ok(()) };
        let named = match gather.take(path, fetched) {
            Ok(named) => named,
            Err(error) => return self.fail_checkpoint(error),
        };
        let mut paths = Vec::new();
        for name in named {
            let rule = CheckpointRule::Sidecar { path: name.clone() };
            match sidecar_path(&name) {
                Some(path) => paths.push(path),
                None => {
                    let path = path.to_owned();
                    return self.fail_checkpoint(CheckpointError { path, rule });
                }
            }
        }
        // The same file twice would be the same actions twice.
        paths.sort_unstable();
        paths.dedup();
        gather.n_open += paths.len();
        let sidecars = gather.sidecars.get_or_insert_default();
        sidecars.extend(paths.iter().cloned());
        let mut early = Vec::new();
        for path in paths {
            match gather.early.remove(&path) {
                Some(fetched) => early.push((path, fetched)),
                None if self.requests.is_open(&path) => {}
                None => self.requests.ask(path, Purpose::Checkpoint, Ask::Sidecar),
            }
        }
        for (path, fetched) in early {
            self.take_sidecar(&path, fetched)?;
        }
        self.finish_checkpoint()
    }

    /// Takes a sidecar, which may have come before the checkpoint that names it.
    pub(super) fn take_sidecar(&mut self, path: &str, fetched: Fetched) -> Result<(), LogError> {
        let Route::Gather(gather) = &mut self.route else { return Ok(()) };
        match &gather.sidecars {
            None => {
                gather.early.insert(path.to_owned(), fetched);
                return Ok(());
            }
            Some(sidecars) if !sidecars.contains(path) => return Ok(()),
            Some(_) => {}
        }
        match gather.take(path, fetched) {
            Ok(_) => self.finish_checkpoint(),
            Err(error) => self.fail_checkpoint(error),
        }
    }

    fn finish_checkpoint(&mut self) -> Result<(), LogError> {
        let Route::Gather(gather) = &mut self.route else { return Ok(()) };
        if gather.n_open > 0 {
            return Ok(());
        }
        let version = gather.version;
        if let Some(action) = gather.replay.lacks() {
            let rule = CheckpointRule::Lacks { action };
            return self.fail_checkpoint(CheckpointError { path: checkpoint_path(version), rule });
        }
        let replay = std::mem::take(&mut gather.replay);
        let is_guess = gather.is_guess;
        self.route = Route::Entered(match is_guess {
            true => Entry::Guess(version),
            false => Entry::Checkpoint(version),
        });
        self.note_facts(version, &replay);
        self.replay = Some(replay);
        // A sidecar that the hint named and the checkpoint did not.
        self.requests.retain(|ask| ask != Ask::Sidecar);
        self.advance()
    }

    fn fail_checkpoint(&mut self, error: CheckpointError) -> Result<(), LogError> {
        let Route::Gather(gather) = &mut self.route else { return Ok(()) };
        let version = gather.version;
        let is_there = gather.n_found > 0;
        let error = match error.rule {
            CheckpointRule::Absent if !is_there => LogError::CheckpointGone { version },
            CheckpointRule::Unsupported { format } => {
                LogError::UnsupportedCheckpoint { version, format }
            }
            rule => CheckpointError { path: error.path, rule }.into(),
        };
        let is_first = self.failure.as_ref().is_none_or(|first| !first.is_there && is_there);
        if is_first {
            self.failure = Some(Failure { version, is_there, error });
        }
        self.requests.retain(|ask| matches!(ask, Ask::Commit(_)));
        self.time_is_open = false;
        self.checksum = None;
        self.try_next_way()
    }
}

impl Gather {
    pub(super) fn new(version: u64, n_files: usize, form: CheckpointForm) -> Gather {
        Gather {
            version,
            is_guess: false,
            replay: Replay::default(),
            n_open: n_files,
            n_found: 0,
            // A v1 checkpoint in parts names none, and its parts come in any order.
            sidecars: matches!(form, CheckpointForm::Parts(_)).then(HashSet::new),
            early: HashMap::new(),
        }
    }

    /// Applies a file; gives the sidecars that it names.
    fn take(&mut self, path: &str, fetched: Fetched) -> Result<Vec<String>, CheckpointError> {
        let Fetched::Bytes(bytes) = fetched else {
            let rule = CheckpointRule::Absent;
            return Err(CheckpointError { path: path.to_owned(), rule });
        };
        self.n_found += 1;
        let sidecars = self.replay.apply_checkpoint(path, self.version, bytes)?;
        self.n_open = self.n_open.saturating_sub(1);
        Ok(sidecars)
    }
}
