//! One writer at a time on a lake.
//!
//! On a folder it is a lock of the file system on `_lakefront/lock`, which the system frees when the
//! process ends, however it ends. On an object store it is a lease, the object `_lakefront/lock.json`:
//! taken and renewed by conditional puts, and free to be taken over when whoever wants it has seen for
//! [`LEASE`], by its own clock, that nobody renews it: clocks of two machines are never compared.
//!
//! A commit is safe without it: Delta commits are conditional puts themselves. The lock keeps two builds from
//! doing the same work and failing each other, and upkeep from deleting what a build has not yet
//! committed. Whether it is still held is asked again right before each commit ([`LockWatch`]).

mod folder;
mod lease;

use super::{Clock, Root, RootError};
use chrono::{DateTime, SecondsFormat, Utc};
use folder::FolderLock;
use lease::{Lease, Seen};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// After how long without a renewal a lease may be taken over.
pub const LEASE: Duration = Duration::from_secs(60);

/// What a second writer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// It refuses.
    Refuse,
    /// It waits so long for the first to end, and then refuses.
    Until(Duration),
}

/// Who holds a lake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// What it does, such as `build`.
    pub work: String,
    /// The process.
    pub pid: u32,
    /// The machine, as it calls itself.
    pub host: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Tells two holds of one process apart.
    token: String,
}

/// A lake that cannot be held, or is held no longer.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else holds it.
    #[error("lake {lake} is in use by {}; {remedy}", name(holder.as_ref()))]
    Held {
        /// The lake.
        lake: String,
        /// Who holds it, as far as it is known.
        holder: Option<Holder>,
        /// What to do.
        remedy: String,
    },
    /// Somebody took the lake over, so that nothing more may be committed.
    #[error(
        "lake {lake} is no longer held by this process but by {}, nothing more is committed; run it \
         again when that one has ended",
        name(holder.as_ref())
    )]
    Lost {
        /// The lake.
        lake: String,
        /// Who holds it, as far as it is known.
        holder: Option<Holder>,
    },
    /// The store does not do what a conditional put asks for.
    #[error(
        "lake {lake}: the store overwrote an object that a conditional put should have left alone, so \
         that one of two commits at once could be lost; use a store that honours If-None-Match and \
         If-Match"
    )]
    Unconditional {
        /// The lake.
        lake: String,
    },
    /// The lock's file cannot be opened or locked.
    #[error("{}: cannot be locked: {}", path.display(), super::cause(source))]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What lies in the place of the lease is none, or one of a later version: who holds the lake is not known.
    #[error(
        "{place}: is no lease that this version of lakefront reads: {source}; delete the file when nobody \
         writes the lake"
    )]
    Unreadable {
        /// The object.
        place: String,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// The lease cannot be renewed in the background.
    #[error("lake {lake}: no thread can be started that renews its lease: {source}")]
    Thread {
        /// The lake.
        lake: String,
        /// Why.
        source: std::io::Error,
    },
    /// The lease cannot be read or written.
    #[error(transparent)]
    Root(#[from] RootError),
}

/// A lake that is held until this is released or dropped.
#[derive(Debug)]
pub struct Lock {
    watch: LockWatch,
}

/// Asks whether a lake is still held, and does not hold it. A clone asks after the same hold.
#[derive(Debug, Clone)]
pub(crate) struct LockWatch {
    lake: Arc<str>,
    held: Arc<Held>,
}

#[derive(Debug)]
enum Held {
    Folder(FolderLock),
    Lease(Lease),
}

impl Lock {
    /// Holds the lake at `root` for `work` (`build`, `upkeep`). Says to `waiting` whom it waits for,
    /// once, when it waits.
    ///
    /// A lease that should have been renewed by now is watched for [`LEASE`], also by [`Wait::Refuse`], and taken
    /// over when nobody renews it.
    ///
    /// # Errors
    /// [`LockError::Held`] when somebody else holds it, after the time of [`Wait::Until`];
    /// [`LockError::Unconditional`], [`LockError::Unreadable`], [`LockError::File`], [`LockError::Root`].
    pub async fn take(
        root: &Root,
        work: &str,
        clock: &Clock,
        wait: Wait,
        waiting: impl FnOnce(Option<&Holder>),
    ) -> Result<Lock, LockError> {
        let patience = match wait {
            Wait::Refuse => Duration::ZERO,
            Wait::Until(duration) => duration,
        };
        let end = clock.elapsed() + patience;
        let mut waiting = Some(waiting);
        let mut seen = Seen::default();
        loop {
            let busy = match Lock::attempt(root, work, clock, &mut seen).await? {
                Attempt::Held(held) => {
                    let lake = root.to_string().into();
                    return Ok(Lock { watch: LockWatch { lake, held: Arc::new(held) } });
                }
                Attempt::Busy(busy) => busy,
            };
            let end = busy.over_at.map_or(end, |over_at| over_at.max(end));
            let left = end.saturating_sub(clock.elapsed());
            if left.is_zero() {
                let (lake, holder) = (root.to_string(), busy.holder);
                return Err(LockError::Held { lake, holder, remedy: remedy(busy.until) });
            }
            if let Some(waiting) = waiting.take() {
                waiting(busy.holder.as_ref());
            }
            clock.sleep(busy.pause.min(left)).await;
        }
    }

    async fn attempt(
        root: &Root,
        work: &str,
        clock: &Clock,
        seen: &mut Seen,
    ) -> Result<Attempt, LockError> {
        let holder = Holder::this(work, clock.now());
        match root.local_dir() {
            Some(dir) => folder::attempt(dir, holder),
            None => lease::attempt(root, holder, clock, seen, lease::RENEW).await,
        }
    }

    /// Whether the lake is still held: to be asked before each commit and before anything is deleted.
    ///
    /// # Errors
    /// [`LockError::Lost`] when it is not; [`LockError::Root`] when the lease cannot be renewed in time.
    pub async fn check(&self) -> Result<(), LockError> {
        self.watch.check().await
    }

    /// What asks the same on behalf of whoever commits.
    pub(crate) fn watch(&self) -> LockWatch {
        self.watch.clone()
    }

    /// Gives the lake back.
    ///
    /// # Errors
    /// [`LockError::Root`] when the lease cannot be written; others take it over once they have seen that nobody
    /// renews it.
    pub async fn release(self) -> Result<(), LockError> {
        match self.watch.held.as_ref() {
            Held::Folder(lock) => {
                lock.free();
                Ok(())
            }
            Held::Lease(lease) => lease.release().await,
        }
    }
}

impl Drop for Lock {
    /// A lease is renewed no longer; it is not given back, since that takes an answer of the store.
    fn drop(&mut self) {
        match self.watch.held.as_ref() {
            Held::Folder(lock) => lock.free(),
            Held::Lease(lease) => lease.stop(),
        }
    }
}

impl LockWatch {
    /// Whether the lake is still held, see [`Lock::check`].
    ///
    /// # Errors
    /// [`LockError::Lost`] when it is not; [`LockError::Root`] when the lease cannot be renewed in time.
    pub(crate) async fn check(&self) -> Result<(), LockError> {
        let still = match self.held.as_ref() {
            Held::Folder(lock) => lock.check(),
            Held::Lease(lease) => lease.check().await?,
        };
        still.map_err(|holder| LockError::Lost { lake: self.lake.to_string(), holder })
    }
}

/// The outcome of one attempt.
enum Attempt {
    Held(Held),
    Busy(Busy),
}

/// Somebody else's hold.
struct Busy {
    holder: Option<Holder>,
    /// When it ends by itself, should the holder be gone; `None` when it ends with the holder.
    until: Option<DateTime<Utc>>,
    /// When it will have been seen, by the taker's own clock, that nobody renews a hold that should have been
    /// renewed by now; `None` when it is none.
    over_at: Option<Duration>,
    /// When it is worth another attempt.
    pause: Duration,
}

fn remedy(until: Option<DateTime<Utc>>) -> String {
    let wait = "run it again when that one has ended, or let it wait with --wait '10 minutes'";
    match until {
        None => wait.to_owned(),
        Some(until) => format!("{wait}; should it be gone, its hold ends at {}", shown(until)),
    }
}

/// What stands for the other side of an `Err`: who holds the lake in our place.
type Still = Result<(), Option<Holder>>;

impl Holder {
    fn this(work: &str, since: DateTime<Utc>) -> Holder {
        let token = format!("{:032x}", rand::random::<u128>());
        Holder { work: work.to_owned(), pid: std::process::id(), host: host(), since, token }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Holder { work, pid, host, since, .. } = self;
        write!(f, "`{work}`, process {pid} on {host}, since {}", shown(*since))
    }
}

fn name(holder: Option<&Holder>) -> String {
    holder.map_or_else(|| "another process".to_owned(), Holder::to_string)
}

fn shown(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// What the machine calls itself; only for people.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| std::env::var("HOSTNAME").ok())
        .or_else(|| std::env::var("COMPUTERNAME").ok());
    let name = name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    name.unwrap_or_else(|| "an unnamed host".to_owned())
}

#[cfg(test)]
mod tests;
