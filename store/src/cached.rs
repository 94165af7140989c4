//! Ranges of files in memory: each byte is fetched once while it stays, requests that are near each
//! other become one, and two questions that need the same bytes wait for one request.

mod chunks;

use crate::budget::{Budget, Shrink};
use crate::meter::Meter;
use crate::{ByteStore, Content, FileFacts, Location, Part, StoreError, Validator};
use bytes::{Bytes, BytesMut};
use chunks::{Chunks, Span};
use futures::future::{BoxFuture, FutureExt, Shared, WeakShared, try_join_all};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// A request larger than this is not made larger by joining it with a neighbour.
const MAX_JOINED_BYTES: u64 = 8 * 1024 * 1024;

type Fetch = Shared<BoxFuture<'static, Result<Bytes, StoreError>>>;

/// A cache before a store. What is held of a file is dropped when the store says that it changed.
#[derive(Clone)]
pub struct CachedStore(Arc<Cache>);

struct Cache {
    inner: Arc<dyn ByteStore>,
    budget: Arc<Budget>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    chunks: Chunks,
    flying: HashMap<Location, Vec<Flight>>,
    /// How often a file has changed, of those that have.
    n_changes: HashMap<Location, u64>,
    n_flights: u64,
}

/// A request under way. Only those who wait for it keep it going.
struct Flight {
    id: u64,
    range: Range<u64>,
    fetch: WeakShared<BoxFuture<'static, Result<Bytes, StoreError>>>,
}

/// A part that is not held: the request under way that brings it, and that request's first byte.
struct Gap {
    range: Range<u64>,
    flight: Option<(Fetch, u64)>,
}

/// Where a part of a range comes from.
enum Piece {
    Held(Bytes),
    Fetched { fetch: Fetch, within: Range<usize> },
}

impl CachedStore {
    /// A cache of at most `capacity_bytes` before `inner`; the least recently used goes first.
    pub fn new(inner: Arc<dyn ByteStore>, capacity_bytes: u64) -> CachedStore {
        CachedStore::within(inner, Budget::new(capacity_bytes))
    }

    /// A cache before `inner` that shares `budget` with others and gives bytes back when it is asked.
    pub fn within(inner: Arc<dyn ByteStore>, budget: Arc<Budget>) -> CachedStore {
        let cache = Arc::new(Cache { inner, budget, held: Mutex::default() });
        let holder: Weak<Cache> = Arc::downgrade(&cache);
        cache.budget.register(holder);
        CachedStore(cache)
    }

    /// The bytes of each of `ranges`, in their order; counted on `meter`.
    ///
    /// # Errors
    /// The first error of the store; [`StoreError::Changed`] also when the file changed while some
    /// of its bytes came from the cache.
    pub async fn get_ranges(
        &self,
        location: &Location,
        ranges: &[Range<u64>],
        meter: &Meter,
    ) -> Result<Vec<Bytes>, StoreError> {
        for range in ranges {
            meter.add_read(range.end.saturating_sub(range.start));
        }
        let (planned, fetches, n_changes) = Cache::plan(&self.0, location, ranges, meter);
        try_join_all(fetches).await?;
        if self.0.held().n_changes(location) != n_changes {
            let reason = "another read has noticed".to_owned();
            return Err(StoreError::Changed { location: location.clone(), reason });
        }
        planned.into_iter().map(assemble).collect()
    }

    /// What it shares with others.
    pub fn budget(&self) -> &Arc<Budget> {
        &self.0.budget
    }

    /// How many bytes are held.
    pub fn size_bytes(&self) -> u64 {
        self.0.held().chunks.size_bytes()
    }
}

/// Puts the pieces of a range together; without a copy if there is but one. All have come.
fn assemble(pieces: Vec<Piece>) -> Result<Bytes, StoreError> {
    let mut parts = Vec::with_capacity(pieces.len());
    for piece in pieces {
        parts.push(match piece {
            Piece::Held(bytes) => bytes,
            Piece::Fetched { fetch, within } => match fetch.peek() {
                Some(outcome) => outcome.clone()?.slice(within),
                // Never so: the caller has awaited every one of them.
                None => Bytes::new(),
            },
        });
    }
    if parts.len() == 1 {
        return Ok(parts.pop().unwrap_or_default());
    }
    let mut whole = BytesMut::with_capacity(parts.iter().map(Bytes::len).sum());
    parts.iter().for_each(|part| whole.extend_from_slice(part));
    Ok(whole.freeze())
}

impl Held {
    fn n_changes(&self, location: &Location) -> u64 {
        self.n_changes.get(location).copied().unwrap_or(0)
    }

    /// The parts of `missing` that are under way, and those that are not.
    fn cut_flying(&self, location: &Location, missing: Range<u64>) -> Vec<Gap> {
        let mut open = vec![missing];
        let mut found = Vec::new();
        for flight in self.flying.get(location).into_iter().flatten() {
            let Some(fetch) = flight.fetch.upgrade() else { continue };
            let mut rest = Vec::new();
            for range in open {
                let (start, end) =
                    (range.start.max(flight.range.start), range.end.min(flight.range.end));
                if start >= end {
                    rest.push(range);
                    continue;
                }
                let flight = Some((fetch.clone(), flight.range.start));
                found.push(Gap { range: start..end, flight });
                rest.extend([range.start..start, end..range.end]);
            }
            open = rest;
            open.retain(|range| range.start < range.end);
        }
        found.extend(open.into_iter().map(|range| Gap { range, flight: None }));
        found.sort_by_key(|gap| gap.range.start);
        found
    }

    /// Whether nobody has or awaits a byte of `range`, so that fetching it fetches nothing twice.
    fn is_unknown(&self, location: &Location, range: &Range<u64>) -> bool {
        let mut flights = self.flying.get(location).into_iter().flatten();
        self.chunks.is_missing(location, range)
            && flights.all(|f| f.range.end <= range.start || range.end <= f.range.start)
    }
}

impl Cache {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pieces of each range, every request that they wait for, and how often the file changed.
    fn plan(
        this: &Arc<Cache>,
        location: &Location,
        ranges: &[Range<u64>],
        meter: &Meter,
    ) -> (Vec<Vec<Piece>>, Vec<Fetch>, u64) {
        let gap_bytes = this.inner.gap_bytes();
        let mut held = this.held();
        let mut cuts: Vec<Vec<(Range<u64>, Option<Piece>)>> = Vec::with_capacity(ranges.len());
        let (mut wanted, mut fetches) = (Vec::new(), Vec::new());
        for range in ranges {
            let mut cut = Vec::new();
            if range.end > range.start {
                for span in held.chunks.cut(location, range) {
                    match span {
                        Span::Held(bytes) => cut.push((0..0, Some(Piece::Held(bytes)))),
                        Span::Missing(missing) => {
                            for Gap { range: part, flight } in held.cut_flying(location, missing) {
                                let piece = flight.map(|(fetch, start)| {
                                    fetches.push(fetch.clone());
                                    Piece::Fetched { fetch, within: offset(&part, start) }
                                });
                                if piece.is_none() {
                                    wanted.push(part.clone());
                                }
                                cut.push((part, piece));
                            }
                        }
                    }
                }
            }
            cuts.push(cut);
        }
        let joined = join_near(wanted, gap_bytes, |gap| held.is_unknown(location, gap));
        let mut begun = Vec::with_capacity(joined.len());
        for range in joined {
            meter.add_request(range.end - range.start);
            begun.push((range.clone(), Cache::begin(this, &mut held, location, range)));
        }
        fetches.extend(begun.iter().map(|(_, fetch)| fetch.clone()));
        let piece_of = |part: Range<u64>| {
            let idx = begun.partition_point(|(range, _)| range.end <= part.start);
            let (range, fetch) = begun.get(idx)?;
            Some(Piece::Fetched { fetch: fetch.clone(), within: offset(&part, range.start) })
        };
        let planned = cuts
            .into_iter()
            .map(|cut| cut.into_iter().filter_map(|(part, piece)| piece.or_else(|| piece_of(part))))
            .map(Iterator::collect)
            .collect();
        (planned, fetches, held.n_changes(location))
    }

    fn begin(this: &Arc<Cache>, held: &mut Held, location: &Location, range: Range<u64>) -> Fetch {
        held.n_flights += 1;
        let (id, n_changes) = (held.n_flights, held.n_changes(location));
        let request = this.inner.get_range(location, range.clone());
        let (cache, file, start) = (Arc::clone(this), location.clone(), range.start);
        let fetch = async move {
            let outcome = request.await;
            cache.land(&file, id, start, n_changes, &outcome);
            outcome
        }
        .boxed()
        .shared();
        let flights = held.flying.entry(location.clone()).or_default();
        flights.retain(|flight| flight.fetch.upgrade().is_some());
        if let Some(weak) = fetch.downgrade() {
            flights.push(Flight { id, range, fetch: weak });
        }
        fetch
    }

    /// Takes what a request brought.
    fn land(
        &self,
        location: &Location,
        id: u64,
        start: u64,
        n_changes: u64,
        outcome: &Result<Bytes, StoreError>,
    ) {
        let mut held = self.held();
        if let Some(flights) = held.flying.get_mut(location) {
            flights.retain(|flight| flight.id != id && flight.fetch.upgrade().is_some());
            if flights.is_empty() {
                held.flying.remove(location);
            }
        }
        match outcome {
            Ok(bytes) if held.n_changes(location) == n_changes => {
                self.keep(&mut held, location, start, bytes);
            }
            Err(StoreError::Changed { .. }) => {
                *held.n_changes.entry(location.clone()).or_default() += 1;
                self.budget.give_back(held.chunks.forget(location));
            }
            _ => {}
        }
    }

    fn keep(&self, held: &mut Held, location: &Location, start: u64, bytes: &Bytes) {
        let n_bytes = bytes.len() as u64;
        if n_bytes > self.budget.capacity_bytes() {
            return;
        }
        while !self.budget.try_take(n_bytes) {
            match held.chunks.evict() {
                Some(freed_bytes) => self.budget.give_back(freed_bytes),
                // What is left is held by others.
                None => return,
            }
        }
        let before_bytes = held.chunks.size_bytes();
        held.chunks.insert(location, start, bytes.clone());
        let kept_bytes = held.chunks.size_bytes() - before_bytes;
        self.budget.give_back(n_bytes - kept_bytes);
    }
}

fn offset(part: &Range<u64>, start: u64) -> Range<usize> {
    (part.start - start) as usize..(part.end - start) as usize
}

/// Joins ranges that overlap or whose gap is small and unknown; the result is ascending and disjoint,
/// each input within one.
fn join_near(
    mut ranges: Vec<Range<u64>>,
    gap_bytes: u64,
    is_unknown: impl Fn(&Range<u64>) -> bool,
) -> Vec<Range<u64>> {
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last)
                if range.start < last.end
                    || (range.start - last.end <= gap_bytes
                        && range.end - last.start <= MAX_JOINED_BYTES
                        && is_unknown(&(last.end..range.start))) =>
            {
                last.end = last.end.max(range.end);
            }
            _ => joined.push(range),
        }
    }
    joined
}

impl Shrink for Cache {
    fn shrink(&self, n_bytes: u64) -> u64 {
        let mut held = self.held();
        let mut freed_bytes = 0;
        while freed_bytes < n_bytes
            && let Some(n_bytes) = held.chunks.evict()
        {
            freed_bytes += n_bytes;
        }
        self.budget.give_back(freed_bytes);
        freed_bytes
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        let held = self.held.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.budget.give_back(held.chunks.size_bytes());
    }
}

impl ByteStore for CachedStore {
    fn get(&self, location: &Location) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        self.0.inner.get(location)
    }

    fn get_range(
        &self,
        location: &Location,
        range: Range<u64>,
    ) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        let (cached, location) = (self.clone(), location.clone());
        async move {
            let ranges = std::slice::from_ref(&range);
            let bytes = cached.get_ranges(&location, ranges, &Meter::default()).await?;
            Ok(bytes.into_iter().next().unwrap_or_default())
        }
        .boxed()
    }

    fn facts(&self, location: &Location) -> BoxFuture<'static, Result<FileFacts, StoreError>> {
        self.0.inner.facts(location)
    }

    fn read(
        &self,
        location: &Location,
        part: Part,
    ) -> BoxFuture<'static, Result<Content, StoreError>> {
        match part {
            Part::Whole { .. } => self.0.inner.read(location, part),
            Part::Range(range) => {
                let bytes = self.get_range(location, range);
                async move { Ok(Content { bytes: bytes.await?, validator: Validator::default() }) }
                    .boxed()
            }
        }
    }

    fn gap_bytes(&self) -> u64 {
        self.0.inner.gap_bytes()
    }
}

impl std::fmt::Debug for CachedStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (inner, budget) = (&self.0.inner, &self.0.budget);
        f.debug_struct("CachedStore").field("inner", inner).field("budget", budget).finish()
    }
}

#[cfg(test)]
mod tests;
