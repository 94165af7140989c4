//! A set of row indexes.

use roaring::RoaringTreemap;
use std::ops::Range;

/// Indexes of deleted rows within a data file, from 0, each once, in ascending order.
#[derive(Debug, Clone, Default)]
pub struct DeletedRows(RoaringTreemap);

impl DeletedRows {
    pub(super) fn new(rows: RoaringTreemap) -> DeletedRows {
        DeletedRows(rows)
    }

    /// The number of rows.
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// Whether no row is deleted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether that row is deleted.
    pub fn contains(&self, row_idx: u64) -> bool {
        self.0.contains(row_idx)
    }

    /// The highest row index. A file has more rows than that, else the vector is not its own.
    pub fn last(&self) -> Option<u64> {
        self.0.max()
    }

    /// The rows, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.iter()
    }

    /// The rows as ranges: ascending, none of them empty, with a gap between each two. Takes time
    /// in proportion to the number of ranges, however long they are. Row `u64::MAX`, which no file
    /// can have, is left out.
    pub fn ranges(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        let runs = self.0.bitmaps().flat_map(|(key, bitmap)| {
            let base = u64::from(key) << 32;
            let mut rows = bitmap.iter();
            std::iter::from_fn(move || rows.next_range()).map(move |run| {
                let (first, last) = (u64::from(*run.start()), u64::from(*run.end()));
                base + first..(base + last).saturating_add(1)
            })
        });
        let mut runs = runs.peekable();
        // Bitmaps end where their key does, and the run may go on in the next one.
        std::iter::from_fn(move || {
            let mut run = runs.next()?;
            while let Some(next) = runs.next_if(|next| next.start == run.end) {
                run.end = next.end;
            }
            (!run.is_empty()).then_some(run)
        })
    }

    /// The rows of a file of `n_rows` that are not deleted, as ranges: ascending, none of them
    /// empty, with a gap between each two. Deleted rows that the file does not have are ignored.
    pub fn kept_ranges(&self, n_rows: u64) -> impl Iterator<Item = Range<u64>> + '_ {
        let end = n_rows..n_rows;
        let mut next = 0;
        self.ranges()
            .take_while(move |deleted| deleted.start < n_rows)
            .chain(std::iter::once(end))
            .filter_map(move |deleted| {
                let kept = next..deleted.start;
                next = deleted.end;
                (!kept.is_empty()).then_some(kept)
            })
    }

    /// The rows that are deleted here and not in `earlier`.
    pub fn since(&self, earlier: &DeletedRows) -> DeletedRows {
        DeletedRows(&self.0 - &earlier.0)
    }
}

impl FromIterator<u64> for DeletedRows {
    fn from_iter<I: IntoIterator<Item = u64>>(rows: I) -> DeletedRows {
        DeletedRows(rows.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(rows: impl IntoIterator<Item = u64>, n_rows: u64, kept: &str) {
        let rows = DeletedRows::from_iter(rows);
        let found: Vec<String> = rows.kept_ranges(n_rows).map(|kept| format!("{kept:?}")).collect();
        assert_eq!(found.join(" "), kept, "{rows:?} of {n_rows}");
    }

    #[test]
    fn kept_rows() {
        check([], 0, "");
        check([], 5, "0..5");
        check([0], 1, "");
        check([0, 1, 4], 5, "2..4");
        check([2], 5, "0..2 3..5");
        check([2, 7], 5, "0..2 3..5");
        check([5], 5, "0..5");
        check(0..200_000, 200_001, "200000..200001");
        // A run over the border of two bitmaps.
        let border = 1 << 32;
        check([border - 1, border], border + 2, "0..4294967295 4294967297..4294967298");
        check([u64::MAX], 7, "0..7");
    }

    #[test]
    fn a_difference_of_two_vectors() {
        let (a, b) = (DeletedRows::from_iter(0..10), DeletedRows::from_iter([3, 12]));
        assert_eq!(b.since(&a).iter().collect::<Vec<_>>(), [12]);
        assert_eq!(a.since(&b).len(), 9);
        assert!(a.since(&a).is_empty());
        assert_eq!(b.last(), Some(12));
    }

    proptest! {
        #[test]
        fn a_row_is_kept_or_deleted(
            rows in prop::collection::btree_set(0_u64..400, 0..300),
            n_rows in 0_u64..400,
        ) {
            let deleted: DeletedRows = rows.iter().copied().collect();
            prop_assert_eq!(deleted.len(), rows.len() as u64);
            prop_assert!(deleted.iter().eq(rows.iter().copied()));
            let kept: Vec<u64> = deleted.kept_ranges(n_rows).flatten().collect();
            let expected: Vec<u64> = (0..n_rows).filter(|row| !deleted.contains(*row)).collect();
            prop_assert_eq!(kept, expected);
        }
    }
}
