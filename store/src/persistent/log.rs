//! Reads the files of logs: from what is kept, once the log is found unchanged, else from the network;
//! without a network all of it as it was.

use super::Keeper;
use super::entry::{FileKey, Slot, Stored};
use super::folder::{InLog, Listing, Presence};
use super::{Found, bounded, sliced};
use crate::{Content, Location, Part, StoreError, Validator};
use futures::FutureExt;
use futures::future::{BoxFuture, Shared, try_join};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Of a longer commit only so much is fetched and compared.
const MAX_COMPARED_BYTES: u64 = 64 * 1024;

/// So many commits are looked for to compare, at either end of the log.
const MAX_LOOKED_FOR: usize = 8;

/// What is known of logs in this visit.
#[derive(Default)]
pub struct Folders(Mutex<HashMap<Location, Folder>>);

#[derive(Default)]
struct Folder {
    trust: Option<Trust>,
    /// Which log the files of `listing` are of, once that is known.
    log: Option<LogId>,
    listing: Listing,
    /// When the listing was last compared with the server's, seconds since 1970, UTC.
    compared_utc_s: i64,
    /// Told apart from a comparison that an earlier visit began.
    comparing: Option<Comparison>,
}

type Comparison = Shared<BoxFuture<'static, Result<Compared, StoreError>>>;

/// Tells the files of one log from those of another one that lay in the same folder.
type LogId = u64;

#[derive(Debug, Clone)]
struct Compared {
    trust: Trust,
    log: LogId,
    listing: Listing,
}

/// What a log that is kept is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// It is the server's.
    Compared,
    /// It was the server's at that time; the network is away.
    AsItWas { saved_utc_s: i64 },
}

/// How a commit that is kept and the server's compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Agreement {
    Same,
    Differs,
    /// The server has it no more, or does not show it.
    Gone,
    /// There is no server.
    Away,
}

impl Folders {
    /// Nothing is known in a new visit.
    pub fn forget(&self) {
        self.lock().clear();
    }

    /// The log in `folder` is compared again before it is believed, unless this visit reads it as it
    /// was.
    pub fn doubt(&self, folder: &Location) {
        if let Some(known) = self.lock().get_mut(folder)
            && known.trust == Some(Trust::Compared)
        {
            known.trust = None;
            known.comparing = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Location, Folder>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keeper {
    /// What names a file of that log.
    fn log_key(&self, location: &Location, log: LogId) -> FileKey {
        FileKey::new(format!("{}\n{}\nlog {log:x}", self.scope, location.unsigned()))
    }

    /// A file of a log that never changes.
    pub(super) async fn read_log(
        self: &Arc<Self>,
        location: &Location,
        file: &InLog,
        part: Part,
    ) -> Result<Content, StoreError> {
        let (trust, log) = self.trust(&file.folder).await?;
        let key = self.log_key(location, log);
        // What was kept and is not listed was not compared.
        let is_listed = self.presence(file) == Some(Presence::Present);
        let whole = match is_listed {
            true => self.shelf.find(&key, Slot::Whole).await,
            false => None,
        };
        let found = match (&part, whole) {
            (Part::Whole { max_bytes }, Some(stored)) => {
                return bounded(location, stored, *max_bytes);
            }
            (Part::Range(range), Some(stored)) => return sliced(location, &stored, range),
            (Part::Range(range), None) if is_listed => self.shelf.cut(&key, range).await,
            (Part::Range(range), None) => vec![Found::Missing(range.clone())],
            (Part::Whole { .. }, None) => Vec::new(),
        };
        if let Trust::AsItWas { .. } = trust {
            let is_kept = !found.is_empty() && found.iter().all(|f| matches!(f, Found::Stored(_)));
            if !is_kept {
                return Err(self.unkept(location, file));
            }
        }
        let outcome = match part {
            Part::Whole { max_bytes } => self.fetch_whole(location, &key, max_bytes).await,
            Part::Range(_) => self.complete(location, &key, found).await,
        };
        match &outcome {
            Ok(_) => self.note(file, Some(log), Presence::Present),
            Err(StoreError::Absent { .. }) => self.note(file, Some(log), Presence::Absent),
            Err(_) => {}
        }
        outcome
    }

    /// A file of a log that changes: the network's if there is one, even if the log is as it was.
    pub(super) async fn read_hint(
        self: &Arc<Self>,
        location: &Location,
        file: &InLog,
        max_bytes: u64,
    ) -> Result<Content, StoreError> {
        let known = self.folders.lock().get(&file.folder).and_then(|folder| folder.trust);
        let key = self.key(location);
        let outcome = match known {
            Some(Trust::AsItWas { .. }) => None,
            _ => Some(self.fetch_whole(location, &key, max_bytes).await),
        };
        match outcome {
            Some(Err(StoreError::Away { .. })) | None => {
                let Trust::AsItWas { .. } = self.leave_network(&file.folder).await else {
                    let reason = "the network was there, and is away".to_owned();
                    return Err(StoreError::Away { location: location.clone(), reason });
                };
                match self.shelf.find(&key, Slot::Whole).await {
                    Some(stored) if self.presence(file) == Some(Presence::Present) => {
                        bounded(location, stored, max_bytes)
                    }
                    _ => Err(self.unkept(location, file)),
                }
            }
            Some(outcome) => {
                match &outcome {
                    Ok(_) => self.note(file, None, Presence::Present),
                    Err(StoreError::Absent { .. }) => self.note(file, None, Presence::Absent),
                    Err(_) => {}
                }
                outcome
            }
        }
    }

    /// What a file that is not kept is while the network is away.
    fn unkept(&self, location: &Location, file: &InLog) -> StoreError {
        let location = location.clone();
        let then = self
            .folders
            .lock()
            .get(&file.folder)
            .and_then(|folder| folder.listing.presence_then(&file.name));
        match then {
            Some(Presence::Absent) => StoreError::Absent { location },
            _ => {
                let reason = "the network is away, and it is not kept here".to_owned();
                StoreError::Away { location, reason }
            }
        }
    }

    fn presence(&self, file: &InLog) -> Option<Presence> {
        self.folders.lock().get(&file.folder)?.listing.presence(&file.name)
    }

    /// Notes whether a file of `log` was there; one that changes is of every log.
    fn note(&self, file: &InLog, log: Option<LogId>, presence: Presence) {
        let listing = {
            let mut folders = self.folders.lock();
            let folder = folders.entry(file.folder.clone()).or_default();
            if log.is_some() && folder.log != log {
                return;
            }
            let is_news = folder.listing.note(&file.name, presence);
            // Before the comparison the listing on disk is not known, and must not be lost.
            let log = folder.log.filter(|_| is_news && folder.trust.is_some());
            log.map(|log| folder.listing.encode(log))
        };
        if let Some(listing) = listing {
            let key = self.key(&file.folder);
            self.put(&key, Slot::Listing, &listing, &Validator::default());
        }
    }

    /// What the log in `folder` is worth, and which one it is; compares it with the network, once
    /// until it is doubted.
    async fn trust(self: &Arc<Self>, folder: &Location) -> Result<(Trust, LogId), StoreError> {
        let comparing = {
            let mut folders = self.folders.lock();
            let known = folders.entry(folder.clone()).or_default();
            if let (Some(trust), Some(log)) = (known.trust, known.log) {
                return Ok((trust, log));
            }
            let (keeper, location) = (Arc::clone(self), folder.clone());
            let compare = || async move { keeper.compare(&location).await }.boxed().shared();
            known.comparing.get_or_insert_with(compare).clone()
        };
        let outcome = comparing.clone().await;
        let mut folders = self.folders.lock();
        let known = folders.entry(folder.clone()).or_default();
        let is_mine = known.comparing.as_ref().is_some_and(|other| other.ptr_eq(&comparing));
        match outcome {
            Ok(compared) if is_mine => {
                known.comparing = None;
                drop(folders);
                Ok(self.settle(folder, compared))
            }
            Ok(compared) => Ok(match (known.trust, known.log) {
                (Some(trust), Some(log)) => (trust, log),
                _ => (compared.trust, compared.log),
            }),
            Err(error) => {
                if is_mine {
                    known.comparing = None;
                }
                Err(error)
            }
        }
    }

    /// Takes the outcome of a comparison, unless there is one.
    fn settle(&self, folder: &Location, compared: Compared) -> (Trust, LogId) {
        let Compared { trust, log, listing } = compared;
        let mut folders = self.folders.lock();
        let known = folders.entry(folder.clone()).or_default();
        if let (Some(trust), Some(log)) = (known.trust, known.log) {
            return (trust, log);
        }
        let is_same_log = known.log == Some(log);
        let noted = std::mem::replace(&mut known.listing, listing);
        for (name, presence) in noted.iter() {
            if is_same_log || !Listing::is_of_log(name) {
                known.listing.note(name, presence);
            }
        }
        (known.trust, known.log) = (Some(trust), Some(log));
        known.compared_utc_s = match trust {
            Trust::AsItWas { saved_utc_s } => saved_utc_s,
            Trust::Compared => self.clock.utc_s(),
        };
        let listing = (!known.listing.is_empty()).then(|| known.listing.encode(log));
        drop(folders);
        match (trust, listing) {
            (Trust::AsItWas { saved_utc_s }, _) => self.mark_stale(folder, saved_utc_s),
            // Written anew, since its age is that of the last comparison.
            (Trust::Compared, Some(listing)) => {
                self.put(&self.key(folder), Slot::Listing, &listing, &Validator::default());
            }
            (Trust::Compared, None) => {}
        }
        (trust, log)
    }

    /// Reads the log as it was for the rest of the visit, if it is kept and was not compared yet.
    async fn leave_network(&self, folder: &Location) -> Trust {
        let known = self.folders.lock().get(folder).and_then(|folder| folder.trust);
        if let Some(trust) = known {
            return trust;
        }
        match self.kept_log(folder).await {
            Some((saved_utc_s, log, listing)) => {
                let trust = Trust::AsItWas { saved_utc_s };
                self.settle(folder, Compared { trust, log, listing }).0
            }
            None => Trust::Compared,
        }
    }

    /// The log that is kept, of this visit or else of an earlier one, and when it was compared.
    async fn kept_log(&self, folder: &Location) -> Option<(i64, LogId, Listing)> {
        if let Some(known) = self.folders.lock().get(folder)
            && let Some(log) = known.log
        {
            return Some((known.compared_utc_s, log, known.listing.clone()));
        }
        let stored = self.shelf.find(&self.key(folder), Slot::Listing).await?;
        let (log, listing) = Listing::decode(&stored.bytes)?;
        Some((stored.saved_utc_s, log, listing))
    }

    /// Compares the newest and the oldest commit that are kept with the server's. A file is kept
    /// under the log only while that log is the server's, so what lies between is the server's, too.
    async fn compare(self: &Arc<Self>, folder: &Location) -> Result<Compared, StoreError> {
        let Some((saved_utc_s, log, listing)) = self.kept_log(folder).await else {
            return Ok(self.log_anew());
        };
        let mut newest = Vec::new();
        let mut oldest = Vec::new();
        newest.extend(listing.commits().rev().take(MAX_LOOKED_FOR).map(|it| folder.join(it)));
        oldest.extend(listing.commits().take(MAX_LOOKED_FOR).map(|it| folder.join(it)));
        let newest = self.first_kept(newest, log).await;
        let oldest = self.first_kept(oldest, log).await;
        let ends = match (&newest, &oldest) {
            (Some((newest, kept)), Some((oldest, first))) if newest != oldest => {
                try_join(self.agreement(newest, kept), self.agreement(oldest, first)).await?
            }
            (Some((newest, kept)), _) => (self.agreement(newest, kept).await?, Agreement::Same),
            (None, _) => (Agreement::Gone, Agreement::Gone),
        };
        match ends {
            // Logs are cleaned up from their beginning.
            (Agreement::Same, Agreement::Same | Agreement::Gone) => {
                Ok(Compared { trust: Trust::Compared, log, listing })
            }
            (Agreement::Away, _) | (_, Agreement::Away) => {
                Ok(Compared { trust: Trust::AsItWas { saved_utc_s }, log, listing })
            }
            _ => {
                for name in listing.present() {
                    self.shelf.forget(&self.log_key(&folder.join(name), log)).await;
                }
                self.shelf.forget(&self.key(folder)).await;
                Ok(self.log_anew())
            }
        }
    }

    /// A log of which nothing is kept.
    fn log_anew(&self) -> Compared {
        // 2^53 is how fine the numbers of a clock are.
        let chance = (self.clock.random() * 9_007_199_254_740_992.0) as u64;
        let log = chance ^ self.clock.utc_s().cast_unsigned().rotate_left(40);
        Compared { trust: Trust::Compared, log, listing: Listing::default() }
    }

    async fn first_kept(&self, files: Vec<Location>, log: LogId) -> Option<(Location, Stored)> {
        for location in files {
            if let Some(stored) = self.shelf.find(&self.log_key(&location, log), Slot::Whole).await
            {
                return Some((location, stored));
            }
        }
        None
    }

    async fn agreement(&self, location: &Location, kept: &Stored) -> Result<Agreement, StoreError> {
        let n_bytes = kept.bytes.len() as u64;
        let part = match n_bytes <= MAX_COMPARED_BYTES {
            true => Part::Whole { max_bytes: n_bytes },
            false => Part::Range(0..MAX_COMPARED_BYTES),
        };
        let n_compared = n_bytes.min(MAX_COMPARED_BYTES) as usize;
        match self.inner.read(location, part).await {
            Ok(content)
                if kept.bytes.get(..n_compared) == Some(content.bytes.as_ref())
                    && kept
                        .validator
                        .size_bytes
                        .zip(content.validator.size_bytes)
                        .is_none_or(|(kept, found)| kept == found) =>
            {
                Ok(Agreement::Same)
            }
            Err(StoreError::Away { .. }) => Ok(Agreement::Away),
            // Where nobody may list, 403 is said of what is not there; of all else, too, where the
            // right to read has ended, and then the network says so of what is asked next.
            Err(StoreError::Absent { .. } | StoreError::Forbidden { .. }) => Ok(Agreement::Gone),
            Ok(_)
            | Err(
                StoreError::TooLarge { .. }
                | StoreError::WrongBytes { .. }
                | StoreError::Changed { .. },
            ) => Ok(Agreement::Differs),
            Err(error) => Err(error),
        }
    }
}
