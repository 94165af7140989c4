//! One version of a walk, held against its checksum.

use super::request::Ask;
use super::route::{Entry, Route};
use super::{Fetched, LogWalk, Purpose};
use crate::LogError;
use crate::checksum::{self, Checksum, Facts};
use crate::path::checksum_path;
use crate::replay::Replay;

/// A version and what is known of it so far.
#[derive(Debug)]
pub(super) struct Verification {
    version: u64,
    /// What the log says; `None` until that version is applied.
    facts: Option<Facts>,
    checksum: Answer,
}

#[derive(Debug)]
enum Answer {
    Open,
    /// Absent or malformed.
    None,
    Found(Box<Checksum>),
}

impl LogWalk {
    /// Asks for the checksum of `version`, if the walk verifies at all.
    pub(super) fn ask_checksum(&mut self, version: u64) {
        if self.is_verified {
            self.checksum = Some(Verification { version, facts: None, checksum: Answer::Open });
            self.requests.ask(checksum_path(version), Purpose::Checksum, Ask::Checksum);
        }
    }

    /// Keeps what the log says of `version`, if that is the one that is verified.
    pub(super) fn note_facts(&mut self, version: u64, replay: &Replay) {
        if let Some(verification) = self.checksum.as_mut().filter(|it| it.version == version) {
            verification.facts = Some(replay.facts());
        }
    }

    /// Takes the checksum.
    pub(super) fn take_checksum(&mut self, fetched: &Fetched) -> Result<(), LogError> {
        if let Some(verification) = &mut self.checksum {
            verification.checksum = match fetched {
                Fetched::Bytes(bytes) => {
                    checksum::parse(bytes).map_or(Answer::None, |it| Answer::Found(Box::new(it)))
                }
                Fetched::Absent | Fetched::Forbidden => Answer::None,
            };
        }
        self.advance()
    }

    /// Whether nothing more is to be verified before the walk ends at `version`.
    pub(super) fn settle_checksum(&mut self, version: u64) -> Result<bool, LogError> {
        // A snapshot that the caller had is what it was.
        let is_known = matches!(self.route, Route::Entered(Entry::Known(it)) if it == version);
        if !self.is_verified || is_known {
            return Ok(true);
        }
        if self.checksum.is_none() {
            self.ask_checksum(version);
            if let (Some(verification), Some(replay)) = (&mut self.checksum, &self.replay) {
                verification.facts = Some(replay.facts());
            }
            return Ok(false);
        }
        let Some(verification) = &self.checksum else { return Ok(true) };
        match (&verification.checksum, &verification.facts) {
            (Answer::Open, _) => Ok(false),
            (Answer::Found(checksum), Some(facts)) => {
                let version = verification.version;
                match checksum.difference(facts) {
                    None => Ok(true),
                    Some((field, found, expected)) => {
                        Err(LogError::Checksum { version, field, found, expected })
                    }
                }
            }
            _ => Ok(true),
        }
    }
}
