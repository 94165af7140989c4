//! The laws of a byte store. Whoever writes another store puts [`files`] into it and asks [`breaches`].

use crate::{ByteStore, Location, Part, StoreError};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::join_all;
use std::ops::Range;

/// A law that a store breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// Which.
    pub law: &'static str,
    /// On which file, and what came.
    pub found: String,
}

/// So many ranges of each file are read.
const N_RANGES: usize = 16;

/// The files that a store under test must hold: path and bytes.
pub fn files() -> Vec<(&'static str, Bytes)> {
    vec![
        ("small.json", Bytes::from_static(b"{\"version\":1}\n")),
        ("one", pattern(1, 3)),
        ("empty.json", Bytes::new()),
        ("folder/day=2024-01-01/a b+c%20\u{e9}&=#?.bin", pattern(4096, 1)),
        ("folder/large.bin", pattern(700_001, 2)),
    ]
}

fn pattern(n_bytes: usize, seed: u64) -> Bytes {
    let mut state = seed;
    (0..n_bytes).map(|_| (next(&mut state) >> 33) as u8).collect()
}

/// A step of a linear congruential generator: the constants are Knuth's.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state
}

/// Every law that `store` breaks, which holds [`files`] and nothing called `absent`; none is right.
pub async fn breaches(store: &dyn ByteStore) -> Vec<Breach> {
    let mut suite = Suite { store, breaches: Vec::new() };
    for (path, bytes) in files() {
        suite.whole(path, &bytes).await;
        suite.parts(path, &bytes).await;
        suite.end(path, &bytes).await;
        suite.given_up(path, &bytes).await;
    }
    suite.absent().await;
    suite.breaches
}

struct Suite<'a> {
    store: &'a dyn ByteStore,
    breaches: Vec<Breach>,
}

type Read<T> = Result<T, StoreError>;

impl Suite<'_> {
    fn expect<T>(
        &mut self,
        law: &'static str,
        path: &str,
        got: Read<T>,
        is_so: impl Fn(&T) -> bool,
    ) {
        match got {
            Ok(value) if is_so(&value) => {}
            Ok(_) => self.found(law, path, "another answer"),
            Err(error) => self.found(law, path, &error.to_string()),
        }
    }

    fn found(&mut self, law: &'static str, path: &str, what: &str) {
        self.breaches.push(Breach { law, found: format!("{path}: {what}") });
    }

    async fn whole(&mut self, path: &str, bytes: &Bytes) {
        let location = Location::new(path);
        let n_bytes = bytes.len() as u64;
        let got = self.store.get(&location).await;
        self.expect("a file is read whole", path, got, |got| got == bytes);
        let got = self.store.facts(&location).await;
        self.expect("its length is known", path, got, |facts| facts.size_bytes == n_bytes);
        let got = self.store.read(&location, Part::Whole { max_bytes: n_bytes }).await;
        self.expect("a file as long as the bound is read", path, got, |got| got.bytes == bytes);
        if n_bytes > 0 {
            let got = self.store.read(&location, Part::Whole { max_bytes: n_bytes - 1 }).await;
            if !matches!(got, Err(StoreError::TooLarge { .. })) {
                self.found("a file longer than the bound is refused", path, &format!("{got:?}"));
            }
        }
        let named = location.with_identity("first");
        let got = self.store.get(&named).await;
        self.expect("an identity changes nothing", path, got, |got| got == bytes);
        for range in ranges(n_bytes) {
            let got = self.store.get_range(&named, range.clone()).await;
            let expected = slice(bytes, &range);
            self.expect("nor to a range", path, got, |got| *got == expected);
        }
    }

    async fn parts(&mut self, path: &str, bytes: &Bytes) {
        let location = Location::new(path);
        let ranges = ranges(bytes.len() as u64);
        let reads = ranges.iter().map(|range| self.store.get_range(&location, range.clone()));
        let got: Vec<Read<Bytes>> = join_all(reads).await;
        for (range, got) in ranges.iter().zip(got) {
            let expected = slice(bytes, range);
            self.expect("many at once give each its bytes", path, got, |got| *got == expected);
        }
        for range in ranges.iter().take(8) {
            let got = self.store.read(&location, Part::Range(range.clone())).await;
            let expected = slice(bytes, range);
            self.expect("a range is its bytes", path, got, |got| got.bytes == expected);
        }
    }

    async fn end(&mut self, path: &str, bytes: &Bytes) {
        let n_bytes = bytes.len() as u64;
        let location = Location::new(path);
        for range in [n_bytes..n_bytes + 1, 0..n_bytes + 1, n_bytes + 100..n_bytes + 200] {
            let got = self.store.get_range(&location, range).await;
            if !matches!(got, Err(StoreError::WrongBytes { .. })) {
                self.found("what lies beyond the end is refused", path, &format!("{got:?}"));
            }
        }
    }

    /// Half of the reads are given up after a first look; the others must not notice.
    async fn given_up(&mut self, path: &str, bytes: &Bytes) {
        let location = Location::new(path);
        let ranges = ranges(bytes.len() as u64);
        let mut kept = Vec::new();
        for (idx, range) in ranges.into_iter().enumerate() {
            let mut read = self.store.get_range(&location, range.clone());
            let looked = (&mut read).now_or_never();
            match (idx % 2, looked) {
                (0, None) => drop(read),
                (_, Some(got)) => {
                    let expected = slice(bytes, &range);
                    self.expect("a read that was begun ends", path, got, |got| *got == expected);
                }
                (_, None) => kept.push((range, read)),
            }
        }
        for (range, read) in kept {
            let expected = slice(bytes, &range);
            let law = "a read does not notice that another was given up";
            self.expect(law, path, read.await, |got| *got == expected);
        }
    }

    async fn absent(&mut self) {
        let location = Location::new("absent");
        let got = [
            self.store.get(&location).await.err(),
            self.store.get_range(&location, 0..10).await.err(),
            self.store.facts(&location).await.err(),
        ];
        for error in got {
            if error != Some(StoreError::Absent { location: location.clone() }) {
                self.found("what is not there is absent", "absent", &format!("{error:?}"));
            }
        }
    }
}

fn slice(bytes: &Bytes, range: &Range<u64>) -> Bytes {
    bytes
        .get(range.start as usize..range.end as usize)
        .map(Bytes::copy_from_slice)
        .unwrap_or_default()
}

/// Ranges of a file, not empty, the corners among them; the same ones each time.
fn ranges(n_bytes: u64) -> Vec<Range<u64>> {
    if n_bytes == 0 {
        return Vec::new();
    }
    let mut ranges = vec![0..n_bytes, 0..1, n_bytes - 1..n_bytes, 0..n_bytes.min(8)];
    let mut state = n_bytes;
    while ranges.len() < N_RANGES {
        let start = (next(&mut state) >> 20) % n_bytes;
        let n_most = (n_bytes - start).min(1 << (next(&mut state) >> 60).min(20));
        ranges.push(start..start + 1 + (next(&mut state) >> 20) % n_most);
    }
    ranges
}
