//! The live files of a table while its log is read, found by path and deletion vector.

use crate::action::FileKey;
use crate::{Add, FilePath};
use hashbrown::HashTable;
use std::hash::{BuildHasher, RandomState};

/// The live files, in no order. Each is in memory once, its key included.
#[derive(Debug, Default)]
pub(super) struct Files {
    adds: Vec<Add>,
    /// For each of `adds` the generation that added it.
    generations: Vec<u32>,
    /// Places in `adds`.
    places: HashTable<u32>,
    hasher: RandomState,
    generation: u32,
}

/// What came of an add.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// The file is there once.
    Once,
    /// This generation has added the file before, and otherwise.
    Twice,
}

/// What came of a remove.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Removed {
    /// The file is not there.
    Gone,
    /// This generation has added the file.
    JustAdded,
}

impl Files {
    /// Files that are there from the start.
    ///
    /// `None` when a file is there twice.
    pub fn of(adds: Vec<Add>) -> Option<Files> {
        let mut files = Files::default();
        files.begin(adds.len());
        let once = adds.into_iter().all(|add| files.insert(add) == Added::Once);
        once.then_some(files)
    }

    /// Starts a generation of about `n_adds` adds: those of one commit, or of one checkpoint.
    pub fn begin(&mut self, n_adds: usize) {
        self.generation = self.generation.wrapping_add(1);
        self.begin_part(n_adds);
    }

    /// Makes place for about `n_adds` adds of the same generation.
    pub fn begin_part(&mut self, n_adds: usize) {
        if n_adds > self.adds.capacity() - self.adds.len() {
            // A large commit takes what it needs, and not up to twice of it.
            let n_more = n_adds.max(self.adds.len() / 4);
            self.adds.reserve_exact(n_more);
            self.generations.reserve_exact(n_more);
        }
    }

    /// Adds a file, in place of the one with the same key.
    pub fn insert(&mut self, add: Add) -> Added {
        let hash = hash(&self.hasher, &add.path, add.vector_id.as_deref());
        let adds = &self.adds;
        let is_same = |place: &u32| {
            let found = adds.get(*place as usize);
            found.is_some_and(|it| it.path == add.path && it.vector_id == add.vector_id)
        };
        let Some(place) = self.places.find(hash, is_same).copied() else {
            let place = self.adds.len() as u32;
            self.adds.push(add);
            self.generations.push(self.generation);
            let (adds, hasher) = (&self.adds, &self.hasher);
            self.places.insert_unique(hash, place, |place| hash_of(hasher, adds, *place));
            return Added::Once;
        };
        let place = place as usize;
        match (self.adds.get_mut(place), self.generations.get_mut(place)) {
            (Some(before), Some(generation)) => {
                if *generation == self.generation && *before != add {
                    return Added::Twice;
                }
                *generation = self.generation;
                *before = add;
                Added::Once
            }
            _ => Added::Once,
        }
    }

    /// Removes a file, if it is there.
    pub fn remove(&mut self, key: &FileKey) -> Removed {
        let hash = hash(&self.hasher, &key.path, key.vector_id.as_deref());
        let adds = &self.adds;
        let is_same = |place: &u32| {
            let found = adds.get(*place as usize);
            found.is_some_and(|it| it.path == key.path && it.vector_id == key.vector_id)
        };
        let Ok(entry) = self.places.find_entry(hash, is_same) else { return Removed::Gone };
        let place = *entry.get();
        if self.generations.get(place as usize) == Some(&self.generation) {
            return Removed::JustAdded;
        }
        entry.remove();
        // The last file takes the free place.
        let last = self.adds.len().saturating_sub(1) as u32;
        if place != last {
            let hash = hash_of(&self.hasher, &self.adds, last);
            if let Some(found) = self.places.find_mut(hash, |place| *place == last) {
                *found = place;
            }
        }
        self.adds.swap_remove(place as usize);
        self.generations.swap_remove(place as usize);
        Removed::Gone
    }

    /// The number of files and the sum of their sizes in bytes.
    pub fn totals(&self) -> (u64, u64) {
        let size_bytes =
            self.adds.iter().fold(0, |sum: u64, add| sum.saturating_add(add.size_bytes));
        (self.adds.len() as u64, size_bytes)
    }

    /// The files, ordered by path: relative ones first.
    pub fn into_adds(self) -> Vec<Add> {
        let mut adds = self.adds;
        drop((self.generations, self.places));
        adds.sort_unstable_by(|a, b| (&a.path, &a.vector_id).cmp(&(&b.path, &b.vector_id)));
        adds
    }
}

fn hash(hasher: &RandomState, path: &FilePath, vector_id: Option<&str>) -> u64 {
    hasher.hash_one((path, vector_id))
}

fn hash_of(hasher: &RandomState, adds: &[Add], place: u32) -> u64 {
    let add = adds.get(place as usize);
    add.map_or(0, |add| hash(hasher, &add.path, add.vector_id.as_deref()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partition_values::Interner;
    use crate::stats::AddStats;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn add(name: u8, size_bytes: u64) -> Add {
        Add {
            path: FilePath::Relative(name.to_string()),
            size_bytes,
            modification_time_ms: 0,
            deletion_vector: None,
            vector_id: None,
            partition: Interner::default().of_json("null").unwrap(),
            stats: AddStats::None,
        }
    }

    fn key(name: u8) -> FileKey {
        FileKey { path: FilePath::Relative(name.to_string()), vector_id: None }
    }

    proptest! {
        #[test]
        fn files_are_a_map_by_key(
            steps in prop::collection::vec((any::<bool>(), 0_u8..12, any::<u64>()), 0..80),
        ) {
            let (mut files, mut map) = (Files::default(), BTreeMap::new());
            for (is_add, name, size_bytes) in steps {
                files.begin(1);
                if is_add {
                    files.insert(add(name, size_bytes));
                    map.insert(key(name).path, size_bytes);
                } else {
                    files.remove(&key(name));
                    map.remove(&key(name).path);
                }
            }
            let found = files.into_adds().into_iter().map(|add| (add.path, add.size_bytes));
            prop_assert!(found.eq(map));
        }
    }

    #[test]
    fn one_generation_adds_a_file_once() {
        let mut files = Files::default();
        files.begin(1);
        assert_eq!(files.insert(add(1, 1)), Added::Once);
        assert_eq!(files.insert(add(1, 1)), Added::Once);
        assert_eq!(files.insert(add(1, 2)), Added::Twice);
        assert_eq!(files.remove(&key(1)), Removed::JustAdded);
        files.begin(1);
        assert_eq!(files.insert(add(1, 2)), Added::Once);
        assert_eq!(files.totals(), (1, 2));
    }
}
