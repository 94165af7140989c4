//! What the rows of a table are, whatever their order, as one hash.
//!
//! A server has no cheap proof that a table is as it was. `update_time` is lost when InnoDB restarts and is
//! not part of a transaction; `checksum table` reads every row for 32 bits, and TiDB has none; a count
//! beside the greatest `updated_at` does not see an update that leaves this column alone. So the rows
//! themselves are read.

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use sha2::{Digest, Sha256};

/// The hash of rows, while they come.
///
/// Each row is hashed, and the hashes are added: neither the order of rows nor their batches matter, while
/// a row that is there twice does.
pub(crate) struct ContentHash {
    rows: RowConverter,
    sums: [u64; 4],
    n_rows: u64,
}

impl ContentHash {
    /// The hash of no rows of `schema`.
    ///
    /// # Errors
    /// When a column is of a type without an order, which no column of this source has.
    pub(crate) fn new(schema: &Schema) -> Result<ContentHash, ArrowError> {
        let field = |field: &std::sync::Arc<arrow::datatypes::Field>| {
            SortField::new(field.data_type().clone())
        };
        let rows = RowConverter::new(schema.fields().iter().map(field).collect())?;
        Ok(ContentHash { rows, sums: [0; 4], n_rows: 0 })
    }

    /// Adds the rows of `batch`.
    ///
    /// # Errors
    /// When its columns are not those of the schema.
    pub(crate) fn take(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        for row in &self.rows.convert_columns(batch.columns())? {
            let digest = Sha256::digest(row.as_ref());
            for (sum, bytes) in self.sums.iter_mut().zip(digest.chunks_exact(8)) {
                let number = bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
                *sum = sum.wrapping_add(number);
            }
        }
        self.n_rows += batch.num_rows() as u64;
        Ok(())
    }

    /// The number of rows and the sum of their hashes, as text.
    pub(crate) fn finish(&self) -> String {
        let sums: String = self.sums.iter().map(|sum| format!("{sum:016x}")).collect();
        format!("{} rows {sums}", self.n_rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Float64Array, Int64Array, StringArray};
    use arrow::datatypes::{DataType, Field};
    use std::sync::Arc;

    type Rows<'t> = [(Option<i64>, Option<&'t str>, f64)];

    fn hash(batches: &[&Rows<'_>]) -> String {
        let schema = Arc::new(Schema::new(vec![
            Field::new("a", DataType::Int64, true),
            Field::new("b", DataType::Utf8, true),
            Field::new("c", DataType::Float64, true),
        ]));
        let mut hash = ContentHash::new(&schema).unwrap();
        for rows in batches {
            let columns: Vec<arrow::array::ArrayRef> = vec![
                Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>()),
                Arc::new(rows.iter().map(|row| row.1).collect::<StringArray>()),
                Arc::new(rows.iter().map(|row| Some(row.2)).collect::<Float64Array>()),
            ];
            hash.take(&RecordBatch::try_new(Arc::clone(&schema), columns).unwrap()).unwrap();
        }
        hash.finish()
    }

    #[test]
    fn order_and_batches_do_not_matter() {
        let (one, two, three) =
            ((Some(1), Some("a"), 0.5), (Some(2), None, 0.1), (None, Some(""), 0.0));
        let whole = hash(&[&[one, two, three]]);
        assert_eq!(hash(&[&[three, one, two]]), whole);
        assert_eq!(hash(&[&[two], &[], &[one, three]]), whole);
        assert!(whole.starts_with("3 rows "), "{whole}");
    }

    #[test]
    fn every_value_matters() {
        let rows = [(Some(1), Some("a"), 0.5), (Some(2), None, 0.1)];
        let before = hash(&[&rows]);
        let check = |other: &Rows<'_>| assert_ne!(hash(&[other]), before, "{other:?}");
        check(&[]);
        check(&rows[..1]);
        check(&[rows[0], rows[1], rows[1]]);
        check(&[rows[0], (Some(2), Some(""), 0.1)]);
        check(&[rows[0], (Some(2), None, 0.1 + f64::EPSILON)]);
        check(&[(Some(1), None, 0.5), (Some(2), Some("a"), 0.1)]);
        check(&[(Some(2), Some("a"), 0.5), (Some(1), None, 0.1)]);
        // Two rows in place of two other ones that are alike.
        assert_ne!(hash(&[&[rows[0], rows[0]]]), hash(&[&[rows[1], rows[1]]]));
    }
}
