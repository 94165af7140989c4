//! The lease of a lake on an object store.
//!
//! The object stays when it is free, with no time at which it ends: so each change of hands is a put on
//! condition of the version that was read, and nothing is ever deleted that somebody else has just
//! taken.

use super::{Attempt, Busy, Held, Holder, LEASE, LockError, Still};
use crate::lake::{Clock, Root};
use chrono::{DateTime, Utc};
use object_store::{Error as StoreError, PutMode, UpdateVersion};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

const PATH: &str = "_lakefront/lock.json";

/// How often a lease is renewed.
const RENEW: Duration = Duration::from_secs(15);

/// How long a second writer waits between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// What lies at [`PATH`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Page {
    holder: Holder,
    /// When it may be taken over; `None` when it is free.
    until: Option<DateTime<Utc>>,
}

/// A lease that is held and renewed until this is released or dropped.
#[derive(Debug)]
pub(super) struct Lease {
    own: Arc<Own>,
    renewing: JoinHandle<()>,
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

/// Takes the lease of the lake at `root`, if it is free or has run out.
pub(super) async fn attempt(
    root: &Root,
    holder: Holder,
    clock: &Clock,
) -> Result<Attempt, LockError> {
    let now = clock.now();
    let page = Page { holder, until: Some(now + LEASE) };
    let (version, is_first) = match read(root).await? {
        None => match put(root, &page, PutMode::Create).await? {
            Some(version) => (Some(version), true),
            None => (None, false),
        },
        Some((found, version)) if found.until.is_none_or(|until| until <= now) => {
            (put(root, &page, PutMode::Update(version)).await?, false)
        }
        Some((found, _)) => return Ok(busy(Some(found))),
    };
    let version = match version {
        Some(version) => version,
        // Somebody was faster; or it was us, when the store's answer got lost and the put was repeated.
        None => match read(root).await? {
            Some((found, version)) if found == page => version,
            found => return Ok(busy(found.map(|(page, _)| page))),
        },
    };
    if is_first {
        check_conditions(root, &page).await?;
    }
    let now = Mutex::new(Now { version, still: Ok(()) });
    let own = Own { root: root.clone(), clock: clock.clone(), holder: page.holder, now };
    Ok(Attempt::Held(Held::Lease(Lease::start(own))))
}

fn busy(found: Option<Page>) -> Attempt {
    let (holder, until) = found.map_or((None, None), |page| (Some(page.holder), page.until));
    Attempt::Busy(Busy { holder, until, pause: PAUSE })
}

/// Whether the store refuses what it should: asked once, when the lake's first lease was made.
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
    fn start(own: Own) -> Lease {
        let own = Arc::new(own);
        let renewed = Arc::clone(&own);
        let renewing = tokio::spawn(async move {
            loop {
                tokio::time::sleep(RENEW).await;
                // That it could not be reached is noticed before the next commit, see `check`.
                let _ = renewed.renew(&mut *renewed.now.lock().await).await;
            }
        });
        Lease { own, renewing }
    }

    /// Whether it is still ours, by renewing it: clocks of two machines may differ, the store does not
    /// err.
    pub(super) async fn check(&self) -> Result<Still, LockError> {
        let mut now = self.own.now.lock().await;
        self.own.renew(&mut now).await?;
        Ok(now.still.clone())
    }

    /// Gives it back, if it is still ours.
    pub(super) async fn release(self) -> Result<(), LockError> {
        self.renewing.abort();
        let now = self.own.now.lock().await;
        if now.still.is_ok() {
            let page = Page { holder: self.own.holder.clone(), until: None };
            put(&self.own.root, &page, PutMode::Update(now.version.clone())).await?;
        }
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

impl Own {
    async fn renew(&self, now: &mut Now) -> Result<(), LockError> {
        if now.still.is_err() {
            return Ok(());
        }
        let until = self.clock.now() + LEASE;
        let page = Page { holder: self.holder.clone(), until: Some(until) };
        let version = match put(&self.root, &page, PutMode::Update(now.version.clone())).await? {
            Some(version) => version,
            // As when it is taken: a lost answer looks like somebody else's put.
            None => match read(&self.root).await? {
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
    // What is not a lease was not written by us; it is held by nobody and is overwritten.
    let free = || Page { holder: Holder::this("", DateTime::UNIX_EPOCH), until: None };
    Ok(Some((serde_json::from_slice(&bytes).unwrap_or_else(|_| free()), version)))
}

/// The version that was written; `None` when the condition of `mode` did not hold.
async fn put(root: &Root, page: &Page, mode: PutMode) -> Result<Option<UpdateVersion>, LockError> {
    let bytes = serde_json::to_vec(page).unwrap_or_default();
    match root.put_if(PATH, bytes.into(), mode).await {
        Ok(version) => Ok(Some(version)),
        Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => Ok(None),
        Err(source) => Err(root.failed(PATH, "written", source).into()),
    }
}
