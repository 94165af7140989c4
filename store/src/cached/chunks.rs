//! The bytes that are held: disjoint chunks of files, and in which order they were used.

use crate::Location;
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

/// Chunks of files. Those of one file never overlap.
#[derive(Default)]
pub struct Chunks {
    files: HashMap<Arc<Location>, BTreeMap<u64, Chunk>>,
    /// Every chunk, by when it was last used.
    by_use: BTreeMap<u64, (Arc<Location>, u64)>,
    n_uses: u64,
    size_bytes: u64,
}

struct Chunk {
    bytes: Bytes,
    last_use: u64,
}

/// A part of a range that was looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// It is held.
    Held(Bytes),
    /// It is not.
    Missing(Range<u64>),
}

impl Chunks {
    /// `range`, cut where what is held begins and ends. What is held counts as used.
    pub fn cut(&mut self, location: &Location, range: &Range<u64>) -> Vec<Span> {
        let mut spans = Vec::new();
        let mut at = range.start;
        let Some((file, chunks)) = self.files.get_key_value(location) else {
            return vec![Span::Missing(range.clone())];
        };
        let first = chunks.range(..=at).next_back().map_or(at, |(start, _)| *start);
        let mut used = Vec::new();
        for (start, chunk) in chunks.range(first..range.end) {
            let end = start + chunk.bytes.len() as u64;
            if end <= at {
                continue;
            }
            if *start > at {
                spans.push(Span::Missing(at..*start));
                at = *start;
            }
            let upto = end.min(range.end);
            spans.push(Span::Held(
                chunk.bytes.slice((at - start) as usize..(upto - start) as usize),
            ));
            used.push(*start);
            at = upto;
        }
        if at < range.end {
            spans.push(Span::Missing(at..range.end));
        }
        let file = Arc::clone(file);
        for start in used {
            self.touch(&file, start);
        }
        spans
    }

    /// Whether nothing of `range` is held.
    pub fn is_missing(&self, location: &Location, range: &Range<u64>) -> bool {
        let Some(chunks) = self.files.get(location) else { return true };
        let last = chunks.range(..range.end).next_back();
        last.is_none_or(|(start, chunk)| start + chunk.bytes.len() as u64 <= range.start)
    }

    /// Holds `bytes`, which begin at `start` and of which nothing is held: cut before.
    pub fn insert(&mut self, location: &Location, start: u64, bytes: Bytes) {
        if bytes.is_empty() || !self.is_missing(location, &(start..start + bytes.len() as u64)) {
            return;
        }
        self.size_bytes += bytes.len() as u64;
        self.n_uses += 1;
        let last_use = self.n_uses;
        let file = match self.files.get_key_value(location) {
            Some((file, _)) => Arc::clone(file),
            None => Arc::new(location.clone()),
        };
        self.by_use.insert(last_use, (Arc::clone(&file), start));
        self.files.entry(file).or_default().insert(start, Chunk { bytes, last_use });
    }

    /// Drops the chunk that was not used for longest; its length, or `None` when there is none.
    pub fn evict(&mut self) -> Option<u64> {
        let (_, (file, start)) = self.by_use.pop_first()?;
        let chunks = self.files.get_mut(&file)?;
        let n_bytes = chunks.remove(&start).map_or(0, |chunk| chunk.bytes.len() as u64);
        if chunks.is_empty() {
            self.files.remove(&file);
        }
        self.size_bytes = self.size_bytes.saturating_sub(n_bytes);
        Some(n_bytes)
    }

    /// Drops all of a file; returns how many bytes that were.
    pub fn forget(&mut self, location: &Location) -> u64 {
        let mut freed_bytes = 0;
        for chunk in self.files.remove(location).into_iter().flat_map(BTreeMap::into_values) {
            self.by_use.remove(&chunk.last_use);
            freed_bytes += chunk.bytes.len() as u64;
        }
        self.size_bytes = self.size_bytes.saturating_sub(freed_bytes);
        freed_bytes
    }

    /// How many bytes are held.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    fn touch(&mut self, file: &Arc<Location>, start: u64) {
        let Some(chunk) = self.files.get_mut(file).and_then(|chunks| chunks.get_mut(&start)) else {
            return;
        };
        self.n_uses += 1;
        self.by_use.remove(&chunk.last_use);
        chunk.last_use = self.n_uses;
        self.by_use.insert(self.n_uses, (Arc::clone(file), start));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Bytes of a file whose byte at `i` is `i % 251`.
    fn of(range: Range<u64>) -> Bytes {
        range.map(|idx| (idx % 251) as u8).collect()
    }

    proptest! {
        /// A cut gives the range back without gaps, held parts right, and the sizes add up.
        #[test]
        fn a_cut_is_the_range(
            steps in prop::collection::vec((0..3u8, 0..200u64, 1..60u64), 1..60),
        ) {
            let location = Location::new("a");
            let mut chunks = Chunks::default();
            for (kind, start, n_bytes) in steps {
                let range = start..start + n_bytes;
                if kind == 0 {
                    chunks.evict();
                }
                let mut at = start;
                for span in chunks.cut(&location, &range) {
                    match span {
                        Span::Held(bytes) => {
                            prop_assert_eq!(&bytes, &of(at..at + bytes.len() as u64));
                            at += bytes.len() as u64;
                        }
                        Span::Missing(missing) => {
                            prop_assert_eq!(missing.start, at);
                            prop_assert!(chunks.is_missing(&location, &missing));
                            at = missing.end;
                            if kind == 1 {
                                chunks.insert(&location, missing.start, of(missing));
                            }
                        }
                    }
                }
                prop_assert_eq!(at, range.end);
                let held = chunks.files.values().flat_map(BTreeMap::values);
                prop_assert_eq!(held.map(|c| c.bytes.len() as u64).sum::<u64>(), chunks.size_bytes);
                let n_chunks = chunks.files.values().map(BTreeMap::len).sum::<usize>();
                prop_assert_eq!(n_chunks, chunks.by_use.len());
            }
            while chunks.evict().is_some() {}
            prop_assert_eq!((chunks.size_bytes, chunks.files.len()), (0, 0));
        }
    }
}
