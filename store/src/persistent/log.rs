//! Reads the files of logs: from what is kept, once the log is found unchanged, else from the network;
//! without a network all of it as it was.

use super::Keeper;
use super::entry::Slot;
use super::folder::{InLog, Listing, Presence};
use super::{Found, bounded};
use crate::{Content, Location, Part, StoreError, Validator};
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Of a longer commit only so much is fetched and compared.
const MAX_COMPARED_BYTES: u64 = 64 * 1024;

/// So many commits are looked for to compare, newest first.
const MAX_LOOKED_FOR: usize = 8;

/// What is known of logs in this visit.
#[derive(Default)]
pub struct Folders(Mutex<HashMap<Location, Folder>>);

#[derive(Default)]
struct Folder {
    trust: Option<Trust>,
    listing: Listing,
    /// Told apart from a comparison that an earlier visit began.
    comparing: Option<Comparison>,
}

type Comparison = Shared<BoxFuture<'static, Result<Compared, StoreError>>>;

#[derive(Debug, Clone)]
struct Compared {
    trust: Trust,
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

impl Folders {
    /// Nothing is known in a new visit.
    pub fn forget(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Location, Folder>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keeper {
    /// A file of a log that never changes.
    pub(super) async fn read_log(
        self: &Arc<Self>,
        location: &Location,
        file: &InLog,
        part: Part,
    ) -> Result<Content, StoreError> {
        let trust = self.trust(&file.folder).await?;
        if let Part::Whole { max_bytes } = part
            && let Some(stored) = self.shelf.find(&self.key(location), Slot::Whole).await
        {
            return bounded(location, stored, max_bytes);
        }
        let found = match &part {
            Part::Range(range) => self.shelf.cut(&self.key(location), range).await,
            Part::Whole { .. } => Vec::new(),
        };
        if let Trust::AsItWas { .. } = trust {
            let is_kept = !found.is_empty() && found.iter().all(|f| matches!(f, Found::Stored(_)));
            if !is_kept {
                return Err(self.unkept(location, file));
            }
        }
        let outcome = match part {
            Part::Whole { max_bytes } => self.fetch_whole(location, max_bytes).await,
            Part::Range(_) => self.complete(location, found).await,
        };
        match &outcome {
            Ok(_) => self.note(file, Presence::Present),
            Err(StoreError::Absent { .. }) => self.note(file, Presence::Absent),
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
        let outcome = match known {
            Some(Trust::AsItWas { .. }) => None,
            _ => Some(self.fetch_whole(location, max_bytes).await),
        };
        match outcome {
            Some(Err(StoreError::Away { .. })) | None => {
                let Trust::AsItWas { .. } = self.leave_network(&file.folder).await else {
                    let reason = "the network was there, and is away".to_owned();
                    return Err(StoreError::Away { location: location.clone(), reason });
                };
                match self.shelf.find(&self.key(location), Slot::Whole).await {
                    Some(stored) if self.presence(file) == Some(Presence::Present) => {
                        bounded(location, stored, max_bytes)
                    }
                    _ => Err(self.unkept(location, file)),
                }
            }
            Some(outcome) => {
                match &outcome {
                    Ok(_) => self.note(file, Presence::Present),
                    Err(StoreError::Absent { .. }) => self.note(file, Presence::Absent),
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

    fn note(&self, file: &InLog, presence: Presence) {
        let listing = {
            let mut folders = self.folders.lock();
            let folder = folders.entry(file.folder.clone()).or_default();
            let is_news = folder.listing.note(&file.name, presence);
            // Before the comparison the listing on disk is not known, and must not be lost.
            (is_news && folder.trust.is_some()).then(|| folder.listing.encode())
        };
        if let Some(listing) = listing {
            self.put(&file.folder, Slot::Listing, &listing, &Validator::default());
        }
    }

    /// What the log in `folder` is worth; compares it with the network, once a visit.
    async fn trust(self: &Arc<Self>, folder: &Location) -> Result<Trust, StoreError> {
        let comparing = {
            let mut folders = self.folders.lock();
            let known = folders.entry(folder.clone()).or_default();
            if let Some(trust) = known.trust {
                return Ok(trust);
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
            Ok(compared) => Ok(known.trust.unwrap_or(compared.trust)),
            Err(error) => {
                if is_mine {
                    known.comparing = None;
                }
                Err(error)
            }
        }
    }

    /// Takes the outcome of a comparison, unless there is one.
    fn settle(&self, folder: &Location, compared: Compared) -> Trust {
        let mut folders = self.folders.lock();
        let known = folders.entry(folder.clone()).or_default();
        let trust = *known.trust.get_or_insert(compared.trust);
        let noted = std::mem::replace(&mut known.listing, compared.listing);
        for (name, presence) in noted.iter() {
            known.listing.note(name, presence);
        }
        let listing = known.listing.encode();
        drop(folders);
        match trust {
            Trust::AsItWas { saved_utc_s } => self.mark_stale(folder, saved_utc_s),
            // Written anew, since its age is that of the last comparison.
            Trust::Compared if !listing.is_empty() => {
                self.put(folder, Slot::Listing, &listing, &Validator::default());
            }
            Trust::Compared => {}
        }
        trust
    }

    /// Reads the log as it was for the rest of the visit, if it is kept and was not compared yet.
    async fn leave_network(&self, folder: &Location) -> Trust {
        let known = self.folders.lock().get(folder).and_then(|folder| folder.trust);
        if let Some(trust) = known {
            return trust;
        }
        match self.shelf.find(&self.key(folder), Slot::Listing).await {
            Some(stored) => {
                let trust = Trust::AsItWas { saved_utc_s: stored.saved_utc_s };
                let listing = Listing::decode(&stored.bytes);
                self.settle(folder, Compared { trust, listing })
            }
            None => Trust::Compared,
        }
    }

    async fn compare(self: &Arc<Self>, folder: &Location) -> Result<Compared, StoreError> {
        let Some(kept) = self.shelf.find(&self.key(folder), Slot::Listing).await else {
            return Ok(Compared { trust: Trust::Compared, listing: Listing::default() });
        };
        let listing = Listing::decode(&kept.bytes);
        let commits: Vec<String> =
            listing.commits().take(MAX_LOOKED_FOR).map(str::to_owned).collect();
        for name in commits {
            let location = folder.join(&name);
            let Some(stored) = self.shelf.find(&self.key(&location), Slot::Whole).await else {
                continue;
            };
            let n_bytes = stored.bytes.len() as u64;
            let part = match n_bytes <= MAX_COMPARED_BYTES {
                true => Part::Whole { max_bytes: n_bytes },
                false => Part::Range(0..MAX_COMPARED_BYTES),
            };
            let n_compared = n_bytes.min(MAX_COMPARED_BYTES) as usize;
            let is_same = match self.inner.read(&location, part).await {
                Ok(content) => {
                    stored.bytes.get(..n_compared) == Some(content.bytes.as_ref())
                        && stored.validator.difference(&content.validator).is_none()
                }
                Err(StoreError::Away { .. }) => {
                    let trust = Trust::AsItWas { saved_utc_s: kept.saved_utc_s };
                    return Ok(Compared { trust, listing });
                }
                Err(
                    StoreError::Absent { .. }
                    | StoreError::TooLarge { .. }
                    | StoreError::WrongBytes { .. }
                    | StoreError::Changed { .. },
                ) => false,
                Err(error) => return Err(error),
            };
            if is_same {
                return Ok(Compared { trust: Trust::Compared, listing });
            }
            break;
        }
        for name in listing.present() {
            self.shelf.forget(&self.key(&folder.join(name))).await;
        }
        self.shelf.forget(&self.key(folder)).await;
        Ok(Compared { trust: Trust::Compared, listing: Listing::default() })
    }
}
