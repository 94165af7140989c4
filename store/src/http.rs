//! A server or a bucket over HTTP: only GET, whole or with one `Range: bytes=a-b`, which needs no
//! CORS preflight. What an answer must be is decided here, the same for every platform; a
//! [`Transport`] only carries it.

mod answer;
mod client;
#[cfg_attr(target_arch = "wasm32", path = "http/fetch.rs")]
#[cfg_attr(not(target_arch = "wasm32"), path = "http/plain.rs")]
mod platform;
pub mod retry;
mod seen;
pub mod transport;

pub use platform::PlatformTransport;
pub use retry::Policy;
use transport::Reuse;
pub use transport::Transport;

use crate::clock::{Clock, PlatformClock};
use crate::pace::Pace;
use crate::{ByteStore, Content, FileFacts, Location, Part, StoreError};
use bytes::Bytes;
use client::{Client, Memory};
use futures::FutureExt;
use futures::future::BoxFuture;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// So many requests are under way at once.
pub const MAX_REQUESTS: usize = 8;

/// Reads files below one URL.
#[derive(Clone)]
pub struct HttpStore(Arc<Client>);

impl HttpStore {
    /// A store over the files below `root_url`; if that has a query, such as a signature, every
    /// request carries it.
    pub fn new(root_url: impl Into<String>) -> HttpStore {
        let transport = Arc::new(PlatformTransport::default());
        HttpStore::over(root_url, transport, Arc::new(PlatformClock::default()))
    }

    /// A store whose requests `transport` carries, and whose time is that of `clock`.
    pub fn over(
        root_url: impl Into<String>,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
    ) -> HttpStore {
        HttpStore(Arc::new(Client::new(root_url.into(), transport, clock)))
    }

    /// The same store with other patience, without what it has learned.
    pub fn with_policy(self, policy: Policy) -> HttpStore {
        let mut client = self.0.anew();
        client.policy = policy;
        HttpStore(Arc::new(client))
    }

    /// The same store with another bound for [`ByteStore::get`], without what it has learned.
    pub fn with_max_whole_bytes(self, max_whole_bytes: u64) -> HttpStore {
        let mut client = self.0.anew();
        client.max_whole_bytes = max_whole_bytes;
        HttpStore(Arc::new(client))
    }

    /// The same store past the browser's cache, for one below a [`crate::PersistentStore`]: bytes are
    /// not kept twice, and reads of one file do not wait for that cache's lock.
    pub fn without_http_cache(self) -> HttpStore {
        let mut client = self.0.anew();
        client.reuse = Reuse::Never;
        HttpStore(Arc::new(client))
    }

    /// How fast bytes come.
    pub fn pace(&self) -> &Pace {
        &self.0.pace
    }
}

impl ByteStore for HttpStore {
    fn get(&self, location: &Location) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        let whole = self.read(location, Part::Whole { max_bytes: self.0.max_whole_bytes });
        async move { Ok(whole.await?.bytes) }.boxed()
    }

    fn get_range(
        &self,
        location: &Location,
        range: Range<u64>,
    ) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        let part = self.read(location, Part::Range(range));
        async move { Ok(part.await?.bytes) }.boxed()
    }

    fn facts(&self, location: &Location) -> BoxFuture<'static, Result<FileFacts, StoreError>> {
        let (client, location) = (Arc::clone(&self.0), location.clone());
        async move { client.facts(&location).await }.boxed()
    }

    fn read(
        &self,
        location: &Location,
        part: Part,
    ) -> BoxFuture<'static, Result<Content, StoreError>> {
        let (client, location) = (Arc::clone(&self.0), location.clone());
        let memory = match part {
            Part::Whole { .. } => Memory::Replace,
            Part::Range(_) => Memory::Agree,
        };
        async move { client.persist(&location, &part, memory).await }.boxed()
    }

    fn gap_bytes(&self) -> u64 {
        self.0.pace.gap_bytes()
    }
}

impl fmt::Debug for HttpStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = Location::new(self.0.root_url.as_str());
        f.debug_struct("HttpStore").field("root", &root).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
