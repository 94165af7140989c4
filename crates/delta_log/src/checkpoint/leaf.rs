//! The columns of one row group, put together from their levels.
//!
//! Parquet's own assembly of nested columns panics on levels that contradict each other; here they
//! end with an error. Texts stay slices of the pages they came from: one that a dictionary has once
//! is in memory once, however many rows have it.

use super::CheckpointRule;
use super::decode::{self, Leaf, PlainValue};
use bytes::Bytes;
use parquet::basic::Repetition;
use parquet::file::reader::RowGroupReader;
use parquet::schema::types::{ColumnDescriptor, Type};
use std::ops::Range;

/// One row group of a checkpoint.
pub(super) struct Group<'a> {
    reader: &'a dyn RowGroupReader,
    schema: &'a Type,
    n_rows: usize,
}

/// A column with at most one value a row.
#[derive(Debug)]
pub(super) struct Flat<T> {
    /// Of the rows that have one, in their order.
    values: Vec<T>,
    /// A bit for each row, and the number of values before each word. Nothing where no row has a
    /// value.
    present: Vec<(u64, u32)>,
}

/// A column with a list of values a row.
pub(super) struct Lists {
    entries: Vec<Option<Bytes>>,
    /// For each row its entries, or nothing where the row has no list.
    rows: Vec<Option<Range<u32>>>,
}

/// A column with a map a row.
pub(super) struct Maps {
    keys: Lists,
    values: Vec<Option<Bytes>>,
}

impl<T> Flat<T> {
    /// A column that the file does not have: a value in no row.
    fn absent() -> Flat<T> {
        Flat { values: vec![], present: vec![] }
    }

    /// The `values` of the rows that `is_present` names.
    fn new(values: Vec<T>, is_present: impl Iterator<Item = bool>) -> Flat<T> {
        let mut present = Vec::new();
        if values.is_empty() {
            return Flat { values, present };
        }
        let mut n_before = 0;
        for (row, is_present) in is_present.enumerate() {
            if row % 64 == 0 {
                present.push((0, n_before));
            }
            if let Some((bits, _)) = present.last_mut().filter(|_| is_present) {
                *bits |= 1 << (row % 64);
                n_before += 1;
            }
        }
        Flat { values, present }
    }

    /// The value of that row.
    pub fn get(&self, row: usize) -> Option<&T> {
        let (bits, n_before) = *self.present.get(row / 64)?;
        let bit = 1 << (row % 64);
        let n_before = n_before + (bits & (bit - 1)).count_ones();
        if bits & bit == 0 { None } else { self.values.get(usize::try_from(n_before).ok()?) }
    }

    /// The rows that have a value.
    pub fn rows(&self) -> impl Iterator<Item = (usize, &T)> {
        let words = self.present.iter().enumerate();
        let rows = words.flat_map(|(word_idx, (bits, _))| {
            (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word_idx * 64 + bit)
        });
        rows.zip(&self.values)
    }

    /// The number of rows that have a value.
    pub fn n_values(&self) -> usize {
        self.values.len()
    }
}

impl Lists {
    /// The values of that row that are not null, if it has a list.
    pub fn get(&self, row: usize) -> Option<impl Iterator<Item = &Bytes>> {
        let range = self.range(row)?;
        Some(self.entries.get(range)?.iter().flatten())
    }

    fn range(&self, row: usize) -> Option<Range<usize>> {
        let range = self.rows.get(row)?.as_ref()?;
        Some(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
    }
}

impl Maps {
    /// Whether that row has a map.
    pub fn has(&self, row: usize) -> bool {
        self.keys.range(row).is_some()
    }

    /// The entries of that row.
    pub fn get(&self, row: usize) -> impl Iterator<Item = (&Bytes, Option<&Bytes>)> + Clone {
        let range = self.keys.range(row).unwrap_or_default();
        let keys = self.keys.entries.get(range.clone()).unwrap_or_default();
        let values = self.values.get(range).unwrap_or_default();
        keys.iter().zip(values).filter_map(|(key, value)| Some((key.as_ref()?, value.as_ref())))
    }
}

impl<'a> Group<'a> {
    /// The row group that `reader` reads, of a file with that schema.
    pub fn new(reader: &'a dyn RowGroupReader, schema: &'a Type, n_rows: usize) -> Group<'a> {
        Group { reader, schema, n_rows }
    }

    /// The text column of that path, with dots.
    pub fn texts(&self, column: &'static str) -> Result<Flat<Bytes>, CheckpointRule> {
        self.flat(column, "a string")
    }

    /// The `int` column of that path, with dots.
    pub fn ints(&self, column: &'static str) -> Result<Flat<i32>, CheckpointRule> {
        self.flat(column, "an int")
    }

    /// The `long` column of that path, with dots.
    pub fn longs(&self, column: &'static str) -> Result<Flat<i64>, CheckpointRule> {
        self.flat(column, "a long")
    }

    /// The `boolean` column of that path, with dots.
    pub fn booleans(&self, column: &'static str) -> Result<Flat<bool>, CheckpointRule> {
        self.flat(column, "a boolean")
    }

    /// The column of lists of texts at that path, with dots.
    pub fn lists(&self, column: &'static str) -> Result<Lists, CheckpointRule> {
        match self.leaves_below(column).as_slice() {
            [] => Ok(Lists { entries: vec![], rows: vec![] }),
            [leaf_idx] => self.list(column, *leaf_idx),
            _ => Err(CheckpointRule::Column { column, expected: "a list of strings" }),
        }
    }

    /// The column of maps from text to text at that path, with dots.
    pub fn maps(&self, column: &'static str) -> Result<Maps, CheckpointRule> {
        let expected = "a map of strings";
        let (keys, values) = match self.leaves_below(column).as_slice() {
            [] => (self.lists(column)?, self.lists(column)?),
            [key_idx, value_idx] => (self.list(column, *key_idx)?, self.list(column, *value_idx)?),
            _ => return Err(CheckpointRule::Column { column, expected }),
        };
        match keys.rows == values.rows {
            true => Ok(Maps { keys, values: values.entries }),
            false => Err(CheckpointRule::Column { column, expected }),
        }
    }

    /// The leaves whose path is `column` or starts with it, in the order of the file.
    pub fn leaves_below(&self, column: &str) -> Vec<usize> {
        let columns = self.reader.metadata().columns().iter().enumerate();
        let is_below = |path: &[String]| {
            let mut parts = path.iter();
            column.split('.').all(|name| parts.next().is_some_and(|part| part == name))
        };
        columns
            .filter(|(_, chunk)| is_below(chunk.column_path().parts()))
            .map(|(leaf_idx, _)| leaf_idx)
            .collect()
    }

    /// What the footer says of a leaf, and how many values it promises.
    pub fn descriptor(&self, leaf_idx: usize) -> Option<(&ColumnDescriptor, u64)> {
        let chunk = self.reader.metadata().columns().get(leaf_idx)?;
        Some((chunk.column_descr(), u64::try_from(chunk.num_values()).ok()?))
    }

    fn flat<T: PlainValue>(
        &self,
        column: &'static str,
        expected: &'static str,
    ) -> Result<Flat<T>, CheckpointRule> {
        match self.leaves_below(column).as_slice() {
            [] => Ok(Flat::absent()),
            [leaf_idx] => self.flat_leaf(column, expected, *leaf_idx),
            _ => Err(CheckpointRule::Column { column, expected }),
        }
    }

    /// One leaf without lists.
    pub fn flat_leaf<T: PlainValue>(
        &self,
        column: &'static str,
        expected: &'static str,
        leaf_idx: usize,
    ) -> Result<Flat<T>, CheckpointRule> {
        let leaf = self.leaf::<T>(column, expected, leaf_idx)?;
        if leaf.max_repetition > 0 {
            return Err(CheckpointRule::Column { column, expected });
        }
        self.check_rows(column, leaf.definitions.len())?;
        let is_present = leaf.definitions.iter().map(|level| *level == leaf.max_definition);
        Ok(Flat::new(leaf.values, is_present))
    }

    /// One leaf of a list or a map, which is at repetition level 1.
    fn list(&self, column: &'static str, leaf_idx: usize) -> Result<Lists, CheckpointRule> {
        let expected = "a list of strings";
        let leaf = self.leaf::<Bytes>(column, expected, leaf_idx)?;
        let present = self.list_level(leaf_idx);
        let Some(present) = present.filter(|_| leaf.max_repetition == 1) else {
            return Err(CheckpointRule::Column { column, expected });
        };
        let mut values = leaf.values.into_iter();
        let mut lists = Lists {
            entries: Vec::with_capacity(values.len()),
            rows: Vec::with_capacity(self.n_rows),
        };
        for (repetition, definition) in leaf.repetitions.into_iter().zip(leaf.definitions) {
            if repetition == 0 {
                let start = u32::try_from(lists.entries.len()).unwrap_or(u32::MAX);
                lists.rows.push((definition >= present).then_some(start..start));
            }
            if definition < present {
                continue;
            }
            let is_defined = definition == leaf.max_definition;
            lists.entries.push(if is_defined { values.next() } else { None });
            match lists.rows.last_mut() {
                Some(Some(range)) => {
                    range.end = u32::try_from(lists.entries.len()).unwrap_or(u32::MAX);
                }
                _ => return Err(CheckpointRule::Column { column, expected }),
            }
        }
        self.check_rows(column, lists.rows.len())?;
        Ok(lists)
    }

    /// The definition level from which on a leaf's list is there. At this very level the list is
    /// empty, which is an entry without a value.
    fn list_level(&self, leaf_idx: usize) -> Option<i16> {
        let chunk = self.reader.metadata().columns().get(leaf_idx)?;
        let mut level = 0;
        let mut node = self.schema;
        for name in chunk.column_path().parts() {
            let fields = if node.is_group() { node.get_fields() } else { &[] };
            node = fields.iter().find(|field| field.name() == name)?;
            let basic = node.get_basic_info();
            match basic.has_repetition().then(|| basic.repetition())? {
                Repetition::REQUIRED => {}
                Repetition::OPTIONAL => level += 1,
                Repetition::REPEATED => return Some(level),
            }
        }
        None
    }

    fn leaf<T: PlainValue>(
        &self,
        column: &'static str,
        expected: &'static str,
        leaf_idx: usize,
    ) -> Result<Leaf<T>, CheckpointRule> {
        let chunk = self.reader.metadata().columns().get(leaf_idx);
        let descriptor = chunk.map(|chunk| chunk.column_descr());
        let Some(descriptor) = descriptor.filter(|it| it.physical_type() == T::PHYSICAL) else {
            return Err(CheckpointRule::Column { column, expected });
        };
        let pages = self.reader.get_column_page_reader(leaf_idx)?;
        decode::leaf(descriptor, pages).map_err(|source| CheckpointRule::Decode { column, source })
    }

    fn check_rows(&self, column: &'static str, found: usize) -> Result<(), CheckpointRule> {
        match found == self.n_rows {
            true => Ok(()),
            false => Err(CheckpointRule::Uneven { column, found, expected: self.n_rows }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_row() {
        let is_present = |row: &usize| row % 3 == 1 || (70..140).contains(row);
        let values: Vec<usize> = (0..200).filter(is_present).collect();
        let flat = Flat::new(values.clone(), (0..200).map(|row| is_present(&row)));
        for row in 0..300 {
            assert_eq!(flat.get(row).copied(), values.contains(&row).then_some(row), "{row}");
        }
        assert!(flat.rows().all(|(row, value)| row == *value));
        assert_eq!(flat.rows().count(), values.len());
        assert!(Flat::<u8>::absent().get(0).is_none());
    }
}
