//! How many rows a file gets, so that files become about equally large and none is left over small.

use std::num::NonZeroU64;

/// Cuts rows into files. What a row takes is first guessed by the files that are read, and known once a
/// file is written: sorted rows take less.
#[derive(Debug)]
pub(super) struct Cut {
    target_size_bytes: NonZeroU64,
    n_rows_left: u64,
    /// Rows, and the bytes that they take.
    measured: (u64, u64),
}

impl Cut {
    /// For `n_rows` that took `size_bytes` so far.
    pub(super) fn new(n_rows: u64, size_bytes: u64, target_size_bytes: NonZeroU64) -> Cut {
        Cut { target_size_bytes, n_rows_left: n_rows, measured: (n_rows, size_bytes) }
    }

    /// Rows of the next file; all that are left when they make one.
    pub(super) fn n_rows(&self) -> NonZeroU64 {
        let (n_rows, size_bytes) = self.measured;
        let left =
            u128::from(self.n_rows_left) * u128::from(size_bytes) / u128::from(n_rows.max(1));
        let target = u128::from(self.target_size_bytes.get());
        let n_files = ((left + target / 2) / target).max(1);
        let n_rows = u128::from(self.n_rows_left).div_ceil(n_files);
        let n_rows = u64::try_from(n_rows).unwrap_or(u64::MAX);
        // The last file takes what comes, also when the rows were counted wrong.
        NonZeroU64::new(n_rows).filter(|_| n_files > 1).unwrap_or(NonZeroU64::MAX)
    }

    /// A file of `n_rows` and `size_bytes` was written.
    pub(super) fn wrote(&mut self, n_rows: u64, size_bytes: u64) {
        self.n_rows_left = self.n_rows_left.saturating_sub(n_rows);
        self.measured = (n_rows, size_bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sizes of the files when each row takes `bytes`.
    fn files(n_rows: u64, size_bytes: u64, bytes: u64) -> Vec<u64> {
        let mut cut = Cut::new(n_rows, size_bytes, NonZeroU64::new(100).unwrap());
        let mut left = n_rows;
        let mut files = Vec::new();
        while left > 0 {
            let n_rows = cut.n_rows().get().min(left);
            cut.wrote(n_rows, n_rows * bytes);
            left -= n_rows;
            files.push(n_rows * bytes);
        }
        files
    }

    #[test]
    fn files_are_about_equally_large() {
        assert_eq!(files(100, 100, 1), [100]);
        assert_eq!(files(149, 149, 1), [149]);
        assert_eq!(files(160, 160, 1), [80, 80]);
        assert_eq!(files(240, 240, 1), [120, 120]);
        assert_eq!(files(0, 0, 1), [0; 0]);
        assert_eq!(files(5, 0, 1), [5]);
        // One row is larger than a file.
        assert_eq!(files(2, 1000, 500), [500, 500]);
    }

    #[test]
    fn what_a_row_takes_is_learned() {
        // They take a third of what they took: the first file is too small, the others are not.
        assert_eq!(files(300, 900, 1), [34, 89, 89, 88]);
        assert_eq!(files(300, 300, 2), [200, 100, 100, 100, 100]);
    }
}
