//! A store that counts what is asked of it.

use crate::meter::Meter;
use crate::store::{ByteStore, Content, FileFacts, Location, Part, StoreError};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Counts requests and bytes on a meter, and notes whether the first commit of the log came.
#[derive(Debug, Clone)]
pub struct Counted {
    inner: Arc<dyn ByteStore>,
    meter: Arc<Meter>,
    has_first_commit: Arc<AtomicBool>,
}

impl Counted {
    /// Counts on `meter` what is asked of `inner`.
    pub fn new(inner: Arc<dyn ByteStore>, meter: Arc<Meter>) -> Counted {
        Counted { inner, meter, has_first_commit: Arc::default() }
    }

    /// Whether commit 0 was read through this store.
    pub fn has_first_commit(&self) -> bool {
        self.has_first_commit.load(Ordering::Relaxed)
    }
}

impl ByteStore for Counted {
    fn get(&self, location: &Location) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        let request = self.inner.get(location);
        let this = self.clone();
        let is_first = location.as_str().ends_with(&delta_log::commit_path(0));
        async move {
            let outcome = request.await;
            let n_bytes = outcome.as_ref().map_or(0, |bytes| bytes.len() as u64);
            this.meter.add_request(n_bytes);
            if is_first && outcome.is_ok() {
                this.has_first_commit.store(true, Ordering::Relaxed);
            }
            outcome
        }
        .boxed()
    }

    fn get_range(
        &self,
        location: &Location,
        range: Range<u64>,
    ) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        let request = self.inner.get_range(location, range);
        let meter = Arc::clone(&self.meter);
        async move {
            let outcome = request.await;
            meter.add_request(outcome.as_ref().map_or(0, |bytes| bytes.len() as u64));
            outcome
        }
        .boxed()
    }

    fn read(
        &self,
        location: &Location,
        part: Part,
    ) -> BoxFuture<'static, Result<Content, StoreError>> {
        let request = self.inner.read(location, part);
        let meter = Arc::clone(&self.meter);
        async move {
            let outcome = request.await;
            meter.add_request(outcome.as_ref().map_or(0, |content| content.bytes.len() as u64));
            outcome
        }
        .boxed()
    }

    fn gap_bytes(&self) -> u64 {
        self.inner.gap_bytes()
    }

    fn facts(&self, location: &Location) -> BoxFuture<'static, Result<FileFacts, StoreError>> {
        self.meter.add_request(0);
        self.inner.facts(location)
    }
}
