//! The lease of a lake on an object store.
//!
//! The object stays when it is free, with no time at which it ends: so each change of hands is a put on
//! condition of the version that was read, and nothing is ever deleted that somebody else has just
//! taken.
//!
//! It is renewed on a thread of its own, by connections of its own: queries that keep every worker busy do not
//! lose it.

use super::{Attempt, Busy, Held, Holder, LEASE, LockError, Still};
use crate::lake::{Clock, Root};
use chrono::{DateTime, Utc};
use object_store::{Error as StoreError, PutMode, UpdateVersion};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex, oneshot};

const PATH: &str = "_lakefront/lock.json";

/// How often a lease is renewed.
pub(super) const RENEW: Duration = Duration::from_secs(15);

/// How long a second writer waits between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// What lies at [`PATH`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Page {
    holder: Holder,
    /// When it may be taken over; `None` when it is free.
    until: Option<DateTime<Utc>>,
}

/// A lease that is held and renewed until this is released or stopped.
#[derive(Debug)]
pub(super) struct Lease {
    own: Arc<Own>,
    /// Ends the renewing when it is dropped.
    renewing: StdMutex<Option<oneshot::Sender<()>>>,
}

#[derive(Debug)]
struct Own {
    root: Root,
    clock: Clock,
    holder: Holder,
    now: Mutex<Now>,
}

/// Where the lease stands.
#[derive(Debug)]
struct Now {
    version: UpdateVersion,
    still: Still,
}

/// What a taker has seen of somebody else's lease.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The lease, and since when it is as it is, by the taker's own clock.
    last: Option<(Page, UpdateVersion, Duration)>,
    /// Whether somebody has renewed it meanwhile.
    is_alive: bool,
}

impl Seen {
    /// Takes another look, at `elapsed`, and says since when the lease has been as it is.
    fn look(&mut self, page: &Page, version: &UpdateVersion, elapsed: Duration) -> Duration {
        if let Some((seen, seen_version, since)) = &self.last {
            if (seen, seen_version) == (page, version) {
                return *since;
            }
            self.is_alive = true;
        }
        self.last = Some((page.clone(), version.clone(), elapsed));
        elapsed
    }
}

/// Takes the lease of the lake at `root`, if it is free, or if `seen` says that nobody renews it. It is then renewed
/// `every` so often.
pub(super) async fn attempt(
    root: &Root,
    holder: Holder,
    clock: &Clock,
    seen: &mut Seen,
    every: Duration,
) -> Result<Attempt, LockError> {
    let now = clock.now();
    let page = Page { holder, until: Some(now + LEASE) };
    let version = match read(root).await? {
        None => put(root, &page, PutMode::Create).await?,
        Some((Page { until: None, .. }, version)) => {
            put(root, &page, PutMode::Update(version)).await?
        }
        Some((found, version)) => {
            let elapsed = clock.elapsed();
            let over_at = seen.look(&found, &version, elapsed) + LEASE;
            if elapsed < over_at {
                // Its time is over by the clock of this machine, which may be wrong: so it is watched.
                let is_over = found.until.is_some_and(|until| until <= now) && !seen.is_alive;
                return Ok(busy(Some(found), is_over.then_some(over_at)));
            }
            put(root, &page, PutMode::Update(version)).await?
        }
    };
    let version = match version {
        Some(version) => version,
        // Somebody was faster; or it was us, when the store's answer got lost and the put was repeated.
        None => match read(root).await? {
            Some((found, version)) if found == page => version,
            found => return Ok(busy(found.map(|(page, _)| page), None)),
        },
    };
    check_conditions(root, &page).await?;
    let now = Mutex::new(Now { version, still: Ok(()) });
    let own = Own { root: root.clone(), clock: clock.clone(), holder: page.holder, now };
    Ok(Attempt::Held(Held::Lease(Lease::start(own, every)?)))
}

fn busy(found: Option<Page>, over_at: Option<Duration>) -> Attempt {
    let (holder, until) = found.map_or((None, None), |page| (Some(page.holder), page.until));
    Attempt::Busy(Busy { holder, until, over_at, pause: PAUSE })
}

/// Whether the store refuses what it should: asked each time, since a lake may have been copied from a store that
/// does.
async fn check_conditions(root: &Root, page: &Page) -> Result<(), LockError> {
    let wrong = UpdateVersion { e_tag: Some("\"0\"".to_owned()), version: Some("0".to_owned()) };
    for mode in [PutMode::Create, PutMode::Update(wrong)] {
        if put(root, page, mode).await?.is_some() {
            return Err(LockError::Unconditional { lake: root.to_string() });
        }
    }
    Ok(())
}

impl Lease {
    fn start(own: Own, every: Duration) -> Result<Lease, LockError> {
        let thread = |source| LockError::Thread { lake: own.root.to_string(), source };
        let apart = own.root.apart()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(thread)?;
        let (renewing, stopped) = oneshot::channel();
        let (own, builder) = (Arc::new(own), std::thread::Builder::new().name("lease".to_owned()));
        let renewed = Arc::clone(&own);
        let started = builder.spawn(move || runtime.block_on(renewed.keep(&apart, every, stopped)));
        started.map_err(|source| LockError::Thread { lake: own.root.to_string(), source })?;
        Ok(Lease { own, renewing: StdMutex::new(Some(renewing)) })
    }

    /// Whether it is still ours, by renewing it: clocks of two machines may differ, the store does not
    /// err.
    pub(super) async fn check(&self) -> Result<Still, LockError> {
        let mut now = self.own.now.lock().await;
        self.own.renew(&self.own.root, &mut now).await?;
        Ok(now.still.clone())
    }

    /// Renews it no longer.
    pub(super) fn stop(&self) {
        drop(self.renewing.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Gives it back, if it is still ours.
    pub(super) async fn release(&self) -> Result<(), LockError> {
        self.stop();
        let mut now = self.own.now.lock().await;
        if now.still.is_ok() {
            // Whoever still asks is not to take it again.
            now.still = Err(None);
            let page = Page { holder: self.own.holder.clone(), until: None };
            put(&self.own.root, &page, PutMode::Update(now.version.clone())).await?;
        }
        Ok(())
    }
}

impl Own {
    /// Renews it `every` so often by way of `apart`, until it is `stopped`.
    async fn keep(&self, apart: &Root, every: Duration, mut stopped: oneshot::Receiver<()>) {
        loop {
            tokio::select! {
                _ = &mut stopped => return,
                () = tokio::time::sleep(every) => {}
            }
            // That it could not be reached is noticed before the next commit, see `check`.
            let _ = self.renew(apart, &mut *self.now.lock().await).await;
        }
    }

    async fn renew(&self, root: &Root, now: &mut Now) -> Result<(), LockError> {
        if now.still.is_err() {
            return Ok(());
        }
        let until = self.clock.now() + LEASE;
        let page = Page { holder: self.holder.clone(), until: Some(until) };
        let version = match put(root, &page, PutMode::Update(now.version.clone())).await? {
            Some(version) => version,
            // As when it is taken: a lost answer looks like somebody else's put.
            None => match read(root).await? {
                Some((found, version)) if found.holder == self.holder => version,
                found => {
                    now.still = Err(found.map(|(page, _)| page.holder));
                    return Ok(());
                }
            },
        };
        now.version = version;
        Ok(())
    }
}

async fn read(root: &Root) -> Result<Option<(Page, UpdateVersion)>, LockError> {
    let Some((bytes, version)) = root.get_version(PATH).await? else { return Ok(None) };
    let page = serde_json::from_slice(&bytes);
    let page = page.map_err(|source| LockError::Unreadable { place: root.place(PATH), source })?;
    Ok(Some((page, version)))
}

/// The version that was written; `None` when the condition of `mode` did not hold.
async fn put(root: &Root, page: &Page, mode: PutMode) -> Result<Option<UpdateVersion>, LockError> {
    let bytes = serde_json::to_vec(page);
    let bytes =
        bytes.map_err(|source| LockError::Unreadable { place: root.place(PATH), source })?;
    match root.put_if(PATH, bytes.into(), mode).await {
        Ok(version) => Ok(Some(version)),
        Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => Ok(None),
        Err(source) => Err(root.failed(PATH, "written", source).into()),
    }
}
