//! Which entries are on disk, how large they are, and which of them goes first.

use super::entry::{Slot, name, parse_name};
use std::collections::BTreeMap;
use std::ops::Range;

/// About what an entry takes besides its bytes.
const ENTRY_BYTES: u64 = 256;

/// Which entry.
pub type EntryKey = (u64, Slot);

/// The entries on disk.
#[derive(Debug, Default)]
pub struct Index {
    entries: BTreeMap<EntryKey, Known>,
    by_use: BTreeMap<(Tier, u64), EntryKey>,
    n_uses: u64,
    size_bytes: u64,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    n_bytes: u64,
    last_use: u64,
}

/// Ranges go before what a lake needs to open without a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tier {
    Ranges,
    Whole,
}

impl Tier {
    fn of(slot: Slot) -> Tier {
        match slot {
            Slot::Range(_) => Tier::Ranges,
            Slot::Whole | Slot::Facts | Slot::Listing => Tier::Whole,
        }
    }
}

impl Index {
    /// The index of the files that are there, used in the order of `recency`, those that it lacks
    /// last; and the names of files that are to be removed, as of another layout or superseded.
    pub fn load(names: Vec<String>, recency: &str) -> (Index, Vec<String>) {
        let mut index = Index::default();
        let mut useless = Vec::new();
        let order: BTreeMap<&str, usize> = recency.lines().zip(0..).collect();
        let mut found: Vec<(usize, String)> = names
            .into_iter()
            .map(|name| (order.get(name.as_str()).copied().unwrap_or(usize::MAX), name))
            .collect();
        found.sort();
        for (_, found) in found {
            match parse_name(&found) {
                Some((hash, slot, n_bytes)) => {
                    if let Some(old) = index.insert((hash, slot), n_bytes) {
                        useless.push(name(hash, slot, old));
                    }
                }
                None => useless.push(found),
            }
        }
        (index, useless)
    }

    /// Names of all entries, the least recently used first.
    pub fn recency(&self) -> String {
        let mut keys: Vec<(u64, EntryKey)> =
            self.by_use.iter().map(|((_, used), key)| (*used, *key)).collect();
        keys.sort_unstable();
        let lines = keys.iter().filter_map(|(_, key)| Some(self.name(*key)? + "\n"));
        lines.collect()
    }

    /// The name of an entry that is there.
    pub fn name(&self, key: EntryKey) -> Option<String> {
        self.entries.get(&key).map(|known| name(key.0, key.1, known.n_bytes))
    }

    /// Adds an entry; the length of the one that it replaces under another name.
    pub fn insert(&mut self, key: EntryKey, n_bytes: u64) -> Option<u64> {
        let old = self.remove(key);
        self.n_uses += 1;
        let last_use = self.n_uses;
        self.entries.insert(key, Known { n_bytes, last_use });
        self.by_use.insert((Tier::of(key.1), last_use), key);
        self.size_bytes += n_bytes + ENTRY_BYTES;
        old.filter(|old| *old != n_bytes)
    }

    /// Removes an entry; its length if it was there.
    pub fn remove(&mut self, key: EntryKey) -> Option<u64> {
        let known = self.entries.remove(&key)?;
        self.by_use.remove(&(Tier::of(key.1), known.last_use));
        self.size_bytes = self.size_bytes.saturating_sub(known.n_bytes + ENTRY_BYTES);
        Some(known.n_bytes)
    }

    /// Counts a use.
    pub fn touch(&mut self, key: EntryKey) {
        let Some(known) = self.entries.get_mut(&key) else { return };
        self.n_uses += 1;
        self.by_use.remove(&(Tier::of(key.1), known.last_use));
        known.last_use = self.n_uses;
        self.by_use.insert((Tier::of(key.1), known.last_use), key);
    }

    /// Removes entries until they take `capacity_bytes` at most; the names of their files.
    pub fn evict(&mut self, capacity_bytes: u64) -> Vec<String> {
        let mut names = Vec::new();
        while self.size_bytes > capacity_bytes {
            let Some((_, key)) = self.by_use.first_key_value() else { break };
            let key = *key;
            names.extend(self.name(key));
            self.remove(key);
        }
        names
    }

    /// Starts and lengths of the entries that hold a part of `range`, ascending.
    pub fn overlapping(&self, hash: u64, range: &Range<u64>) -> Vec<Range<u64>> {
        let to = (hash, Slot::Range(range.end));
        let before = self.entries.range((hash, Slot::Range(0))..=(hash, Slot::Range(range.start)));
        let from = before.last().map_or((hash, Slot::Range(range.start)), |(key, _)| *key);
        let of_entry = |(key, known): (&EntryKey, &Known)| match key.1 {
            Slot::Range(start) => Some(start..start.saturating_add(known.n_bytes)),
            _ => None,
        };
        self.entries
            .range(from..to)
            .filter_map(of_entry)
            .filter(|held| held.end > range.start)
            .collect()
    }

    /// Every entry of a file.
    pub fn of_file(&self, hash: u64) -> Vec<EntryKey> {
        let all = (hash, Slot::Range(0))..=(hash, Slot::Listing);
        self.entries.range(all).map(|(key, _)| *key).collect()
    }

    /// About what all entries take.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(entries: &[(u64, Slot, u64)]) -> Index {
        let mut index = Index::default();
        for (hash, slot, n_bytes) in entries {
            index.insert((*hash, *slot), *n_bytes);
        }
        index
    }

    #[test]
    fn ranges_go_before_whole_files_and_old_ones_first() {
        let mut index = index(&[
            (1, Slot::Whole, 100),
            (2, Slot::Range(0), 100),
            (2, Slot::Range(100), 100),
            (3, Slot::Listing, 100),
        ]);
        index.touch((2, Slot::Range(0)));
        let mut evict = |n_left: u64| index.evict(n_left * (100 + ENTRY_BYTES));
        assert_eq!(evict(4), Vec::<String>::new());
        assert_eq!(evict(3), [name(2, Slot::Range(100), 100)]);
        assert_eq!(evict(2), [name(2, Slot::Range(0), 100)]);
        assert_eq!(evict(0), [name(1, Slot::Whole, 100), name(3, Slot::Listing, 100)]);
        assert_eq!(index.size_bytes(), 0);
    }

    #[test]
    fn what_is_on_disk_is_found_again_in_its_order() {
        let mut first = index(&[(1, Slot::Range(0), 10), (1, Slot::Range(10), 10)]);
        first.touch((1, Slot::Range(0)));
        let recency = first.recency();
        let mut names: Vec<String> = recency.lines().map(str::to_owned).collect();
        names.sort();
        names.push("0-0000000000000001-w-a".to_owned());
        names.push(name(1, Slot::Range(10), 5));
        let (mut index, useless) = Index::load(names, &recency);
        assert_eq!(useless, ["0-0000000000000001-w-a".to_owned(), name(1, Slot::Range(10), 10)]);
        assert_eq!(index.evict(2 * (5 + ENTRY_BYTES)), [name(1, Slot::Range(0), 10)]);
    }

    #[test]
    fn entries_that_hold_a_part_are_found() {
        let index = index(&[
            (1, Slot::Range(0), 10),
            (1, Slot::Range(20), 10),
            (1, Slot::Whole, 30),
            (2, Slot::Range(5), 10),
        ]);
        let check = |range: Range<u64>, expected: &[Range<u64>]| {
            assert_eq!(index.overlapping(1, &range), expected, "{range:?}");
        };
        check(0..30, &[0..10, 20..30]);
        check(9..21, &[0..10, 20..30]);
        check(10..20, &[]);
        check(25..26, &[20..30]);
        check(30..40, &[]);
        assert_eq!(index.of_file(1).len(), 3);
    }
}
