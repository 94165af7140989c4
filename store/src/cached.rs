//! Ranges of immutable files in memory: each byte is fetched once while it stays, requests that are
//! near each other become one, and two questions that need the same bytes wait for one request.

use crate::meter::Meter;
use crate::{ByteStore, Location, StoreError};
use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt, Shared, WeakShared, try_join_all};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Two ranges closer than this are fetched as one: at 20 Mbit/s, 40 ms of round trip are 100 KB.
const MAX_GAP_BYTES: u64 = 100 * 1024;

/// A request larger than this is not made larger by joining it with a neighbour.
const MAX_JOINED_BYTES: u64 = 8 * 1024 * 1024;

type Fetch = Shared<BoxFuture<'static, Result<Bytes, StoreError>>>;
type WeakFetch = WeakShared<BoxFuture<'static, Result<Bytes, StoreError>>>;

/// A cache before a store. Only for files that never change under their name.
#[derive(Debug)]
pub struct CachedStore {
    inner: Arc<dyn ByteStore>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// By file and first byte; a chunk holds the bytes and when it was last used.
    chunks: BTreeMap<(Location, u64), (Bytes, u64)>,
    flying: HashMap<(Location, u64, u64), WeakFetch>,
    size_bytes: u64,
    capacity_bytes: u64,
    n_uses: u64,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held").field("size_bytes", &self.size_bytes).finish_non_exhaustive()
    }
}

impl Held {
    fn find(&mut self, location: &Location, range: &Range<u64>) -> Option<Bytes> {
        self.n_uses += 1;
        let n_uses = self.n_uses;
        let upto = (location.clone(), range.start);
        let ((found, start), (bytes, last_use)) = self.chunks.range_mut(..=upto).next_back()?;
        if found != location || start + (bytes.len() as u64) < range.end {
            return None;
        }
        *last_use = n_uses;
        let offset = (range.start - start) as usize;
        Some(bytes.slice(offset..offset + (range.end - range.start) as usize))
    }

    fn keep(&mut self, location: &Location, start: u64, bytes: Bytes) {
        let n_bytes = bytes.len() as u64;
        if n_bytes > self.capacity_bytes {
            return;
        }
        self.n_uses += 1;
        let old = self.chunks.insert((location.clone(), start), (bytes, self.n_uses));
        self.size_bytes += n_bytes;
        self.size_bytes -= old.map_or(0, |(bytes, _)| bytes.len() as u64);
        while self.size_bytes > self.capacity_bytes {
            let oldest =
                self.chunks.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| key.clone());
            let Some((bytes, _)) = oldest.and_then(|key| self.chunks.remove(&key)) else { break };
            self.size_bytes -= bytes.len() as u64;
        }
    }
}

impl CachedStore {
    /// A cache of at most `capacity_bytes` before `inner`; the least recently used goes first.
    pub fn new(inner: Arc<dyn ByteStore>, capacity_bytes: u64) -> CachedStore {
        CachedStore { inner, held: Mutex::new(Held { capacity_bytes, ..Held::default() }) }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bytes of each of `ranges`, in their order; counted on `meter`.
    ///
    /// # Errors
    /// The first error of the store.
    pub async fn get_ranges(
        self: &Arc<Self>,
        location: &Location,
        ranges: &[Range<u64>],
        meter: &Meter,
    ) -> Result<Vec<Bytes>, StoreError> {
        let mut missing = Vec::new();
        for range in ranges {
            meter.add_read(range.end.saturating_sub(range.start));
            if range.end > range.start && self.held().find(location, range).is_none() {
                missing.push(range.clone());
            }
        }
        let joined = join_near(missing);
        let fetches = joined.iter().map(|range| self.fetch(location, range.clone(), meter));
        let fetched = try_join_all(fetches).await?;
        ranges
            .iter()
            .map(|range| {
                if range.end <= range.start {
                    return Ok(Bytes::new());
                }
                let within = joined.iter().zip(&fetched).find_map(|(whole, bytes)| {
                    (whole.start <= range.start && range.end <= whole.end).then(|| {
                        let offset = (range.start - whole.start) as usize;
                        bytes.slice(offset..offset + (range.end - range.start) as usize)
                    })
                });
                within.or_else(|| self.held().find(location, range)).ok_or_else(|| {
                    StoreError::WrongBytes {
                        location: location.clone(),
                        start: range.start,
                        end: range.end,
                        reason: "they were evicted while the others were fetched".to_owned(),
                    }
                })
            })
            .collect()
    }

    fn fetch(self: &Arc<Self>, location: &Location, range: Range<u64>, meter: &Meter) -> Fetch {
        let key = (location.clone(), range.start, range.end);
        let mut held = self.held();
        if let Some(fetch) = held.flying.get(&key).and_then(WeakShared::upgrade) {
            return fetch;
        }
        meter.add_request(range.end - range.start);
        let (this, flying) = (Arc::clone(self), key.clone());
        let request = self.inner.get_range(location, range.clone());
        let fetch = async move {
            let outcome = request.await;
            let mut held = this.held();
            held.flying.remove(&flying);
            if let Ok(bytes) = &outcome {
                held.keep(&flying.0, flying.1, bytes.clone());
            }
            outcome
        }
        .boxed()
        .shared();
        held.flying.retain(|_, weak| weak.upgrade().is_some());
        if let Some(weak) = fetch.downgrade() {
            held.flying.insert(key, weak);
        }
        fetch
    }
}

/// Joins ranges whose gap is small; the result is ascending and disjoint, each input within one.
fn join_near(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last)
                if range.start < last.end
                    || (range.start - last.end <= MAX_GAP_BYTES
                        && range.end - last.start <= MAX_JOINED_BYTES) =>
            {
                last.end = last.end.max(range.end);
            }
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileFacts;

    /// A file whose byte at `i` is `i % 251`, and a list of the requests that came.
    #[derive(Debug, Default)]
    struct Pattern {
        requests: Mutex<Vec<Range<u64>>>,
    }

    impl ByteStore for Pattern {
        fn get(&self, location: &Location) -> BoxFuture<'static, Result<Bytes, StoreError>> {
            let location = location.clone();
            async move { Err(StoreError::Absent { location }) }.boxed()
        }

        fn get_range(
            &self,
            _: &Location,
            range: Range<u64>,
        ) -> BoxFuture<'static, Result<Bytes, StoreError>> {
            self.requests.lock().unwrap().push(range.clone());
            async move { Ok(range.map(|i| (i % 251) as u8).collect()) }.boxed()
        }

        fn facts(&self, location: &Location) -> BoxFuture<'static, Result<FileFacts, StoreError>> {
            let location = location.clone();
            async move { Err(StoreError::Absent { location }) }.boxed()
        }
    }

    fn check(capacity_bytes: u64, asks: &[&[Range<u64>]], requests: &[Range<u64>]) {
        let pattern = Arc::new(Pattern::default());
        let store = Arc::new(CachedStore::new(pattern.clone(), capacity_bytes));
        for ranges in asks {
            let meter = Meter::default();
            let got =
                futures::executor::block_on(store.get_ranges(&Location::new("a"), ranges, &meter));
            for (range, bytes) in ranges.iter().zip(got.unwrap()) {
                let expected: Vec<u8> = range.clone().map(|i| (i % 251) as u8).collect();
                assert_eq!(bytes, expected, "{range:?}");
            }
        }
        assert_eq!(*pattern.requests.lock().unwrap(), requests);
    }

    #[test]
    fn near_ranges_are_one_request_and_far_ones_two() {
        let kib = 1024;
        check(1 << 20, &[&[0..10, 20..30]], &[0..30]);
        check(1 << 20, &[&[20..30, 0..10]], &[0..30]);
        check(1 << 20, &[&[0..10, 200 * kib..201 * kib]], &[0..10, 200 * kib..201 * kib]);
        check(1 << 20, &[&[0..10, 5..15, 15..15]], &[0..15]);
    }

    #[test]
    fn held_bytes_are_not_asked_for_again() {
        check(1 << 20, &[&[0..100], &[10..20], &[0..100]], &[0..100]);
        check(1 << 20, &[&[0..100], &[50..150]], &[0..100, 50..150]);
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        check(
            20,
            &[&[0..10], &[300_000..300_010], &[0..10], &[600_000..600_010], &[0..10]],
            &[0..10, 300_000..300_010, 600_000..600_010],
        );
        check(5, &[&[0..10], &[0..10]], &[0..10, 0..10]);
    }

    #[test]
    fn two_who_need_the_same_bytes_wait_for_one_request() {
        let pattern = Arc::new(Pattern::default());
        let store = Arc::new(CachedStore::new(pattern.clone(), 1 << 20));
        let (location, meter) = (Location::new("a"), Meter::default());
        let ranges = [0..10_u64];
        let both = futures::future::join(
            store.get_ranges(&location, &ranges, &meter),
            store.get_ranges(&location, &ranges, &meter),
        );
        let (a, b) = futures::executor::block_on(both);
        assert_eq!(a.unwrap(), b.unwrap());
        assert_eq!((pattern.requests.lock().unwrap().len(), meter.n_requests()), (1, 1));
    }
}
