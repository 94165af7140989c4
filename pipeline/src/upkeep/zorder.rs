//! Where a row lies on a Z-order curve.
//!
//! Each column is cut into ranges that hold about as many rows each, by a sample; a row's place is the
//! numbers of its ranges with their bits interleaved. Cut by rows and not by values, columns of any type
//! and of any spread weigh the same.
//!
//! Source: G. M. Morton, "A Computer Oriented Geodetic Data Base", 1966.

use arrow::array::{ArrayRef, RecordBatch, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::common::DataFusionError;
use datafusion::dataframe::DataFrame;
use datafusion::logical_expr::{ColumnarValue, Expr, Volatility, create_udf};
use futures::TryStreamExt;
use std::sync::Arc;

/// Rows that the ranges are found by.
const N_SAMPLED: u64 = 64 * 1024;

/// Bits of the number of a range, as far as they fit.
const N_BITS: u32 = 10;

/// Bits of a place.
const N_PLACE_BITS: u32 = u64::BITS;

/// The ranges of the columns of a curve.
#[derive(Debug)]
pub(super) struct Curve {
    columns: Vec<Cuts>,
}

/// Where one column is cut, ascending: a value's range is numbered by the cuts that are not greater.
#[derive(Debug)]
struct Cuts {
    converter: RowConverter,
    cuts: Vec<OwnedRow>,
    /// How far a number is moved up, so that a column of few values weighs as much as the others.
    shift: u32,
}

impl Curve {
    /// The curve through the columns of `rows`, of which there are about `n_rows`.
    ///
    /// # Errors
    /// What the engine says.
    pub(super) async fn sample(rows: DataFrame, n_rows: u64) -> Result<Curve, DataFusionError> {
        let schema: SchemaRef = Arc::new(rows.schema().as_arrow().clone());
        let step = usize::try_from((n_rows / N_SAMPLED).max(1)).unwrap_or(usize::MAX);
        let mut stream = rows.execute_stream().await?;
        let mut samples = Vec::new();
        let mut next = 0;
        while let Some(batch) = stream.try_next().await? {
            let picked: Vec<u64> =
                (next..batch.num_rows()).step_by(step).map(|idx| idx as u64).collect();
            let n_passed = next + picked.len() * step;
            next = n_passed.saturating_sub(batch.num_rows());
            samples.push(pick(&batch, picked)?);
        }
        let sample = arrow::compute::concat_batches(&schema, &samples)?;
        Ok(Curve::through(&sample)?)
    }

    fn through(sample: &RecordBatch) -> Result<Curve, ArrowError> {
        let n_bits = n_bits(sample.num_columns());
        let columns = sample.columns().iter().map(|column| Cuts::of(column, n_bits));
        Ok(Curve { columns: columns.collect::<Result<_, _>>()? })
    }

    /// The expression that puts a row at its place, given `columns` of the types `types`.
    pub(super) fn place(self, columns: Vec<Expr>, types: Vec<DataType>) -> Expr {
        let place = move |values: &[ColumnarValue]| {
            let columns = ColumnarValue::values_to_arrays(values)?;
            let places: ArrayRef = Arc::new(UInt64Array::from(self.places(&columns)?));
            Ok(ColumnarValue::Array(places))
        };
        let kind = DataType::UInt64;
        create_udf("zorder_place", types, kind, Volatility::Immutable, Arc::new(place))
            .call(columns)
    }

    fn places(&self, columns: &[ArrayRef]) -> Result<Vec<u64>, ArrowError> {
        let mut ranges = Vec::with_capacity(columns.len());
        for (cuts, column) in self.columns.iter().zip(columns) {
            ranges.push(cuts.ranges(column)?);
        }
        let n_rows = columns.first().map_or(0, |column| column.len());
        let n_bits = n_bits(ranges.len());
        let place = |row_idx: usize| {
            let of_row = ranges.iter().filter_map(|of_column| of_column.get(row_idx).copied());
            interleaved(of_row, n_bits)
        };
        Ok((0..n_rows).map(place).collect())
    }
}

impl Cuts {
    /// Cuts the values of `column` into as many ranges as `n_bits` can number, or fewer.
    fn of(column: &ArrayRef, n_bits: u32) -> Result<Cuts, ArrowError> {
        let n_ranges = 1_usize << n_bits;
        let converter = RowConverter::new(vec![SortField::new(column.data_type().clone())])?;
        let rows = converter.convert_columns(std::slice::from_ref(column))?;
        let mut sorted: Vec<_> = rows.iter().collect();
        sorted.sort_unstable();
        let cut_at = |range_idx: usize| sorted.get(range_idx * sorted.len() / n_ranges);
        let mut cuts: Vec<OwnedRow> =
            (1..n_ranges).filter_map(cut_at).map(|row| row.owned()).collect();
        cuts.dedup();
        // Nothing is below the least value.
        if cuts.first().map(OwnedRow::row) == sorted.first().copied() {
            cuts.drain(..1.min(cuts.len()));
        }
        let shift = n_bits - n_bits.min(usize::BITS - cuts.len().leading_zeros());
        Ok(Cuts { converter, cuts, shift })
    }

    /// The number of the range of each value.
    fn ranges(&self, column: &ArrayRef) -> Result<Vec<u64>, ArrowError> {
        let rows = self.converter.convert_columns(std::slice::from_ref(column))?;
        let range = |row| (self.cuts.partition_point(|cut| cut.row() <= row) as u64) << self.shift;
        Ok(rows.iter().map(range).collect())
    }
}

/// Bits of the number of a range, of which there are `n_columns` in a place.
fn n_bits(n_columns: usize) -> u32 {
    (N_PLACE_BITS / u32::try_from(n_columns).unwrap_or(u32::MAX).max(1)).min(N_BITS)
}

fn pick(batch: &RecordBatch, picked: Vec<u64>) -> Result<RecordBatch, ArrowError> {
    let picked = UInt64Array::from(picked);
    let columns = batch.columns().iter().map(|column| take(column, &picked, None));
    RecordBatch::try_new(batch.schema(), columns.collect::<Result<_, _>>()?)
}

/// The lowest `n_bits` bits of `numbers`: the highest of each, in their order, then the next.
fn interleaved(numbers: impl Iterator<Item = u64> + Clone, n_bits: u32) -> u64 {
    let mut place = 0;
    for bit in (0..n_bits).rev() {
        for number in numbers.clone() {
            place = (place << 1) | ((number >> bit) & 1);
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringArray};
    use arrow::datatypes::{Field, Schema};

    #[test]
    fn bits_are_interleaved() {
        let check = |numbers: &[u64], n_bits, expected| {
            assert_eq!(interleaved(numbers.iter().copied(), n_bits), expected, "{numbers:?}");
        };
        check(&[0b11, 0b00], 2, 0b1010);
        check(&[0b01, 0b10], 2, 0b0110);
        check(&[0b101], 3, 0b101);
        check(&[1, 1, 1], 1, 0b111);
        check(&[], 10, 0);
    }

    fn batch(numbers: Vec<Option<i64>>, words: Vec<Option<&str>>) -> RecordBatch {
        let schema = Schema::new(vec![
            Field::new("n", DataType::Int64, true),
            Field::new("w", DataType::Utf8, true),
        ]);
        let columns: Vec<ArrayRef> =
            vec![Arc::new(Int64Array::from(numbers)), Arc::new(StringArray::from(words))];
        RecordBatch::try_new(Arc::new(schema), columns).unwrap()
    }

    #[test]
    fn a_column_is_cut_by_rows_and_not_by_values() {
        // Nine of ten numbers are small, one is enormous.
        let numbers: Vec<Option<i64>> =
            (0..1000).map(|n| Some(if n < 900 { n } else { n * 1_000_000_000 })).collect();
        let column: ArrayRef = Arc::new(Int64Array::from(numbers));
        let cuts = Cuts::of(&column, 3).unwrap();
        let ranges = cuts.ranges(&column).unwrap();
        for range in 0..8 {
            assert_eq!(ranges.iter().filter(|found| **found == range).count(), 125, "{range}");
        }
        // What the sample did not have falls into a range, too.
        let others: ArrayRef = Arc::new(Int64Array::from(vec![Some(-5), None, Some(i64::MAX)]));
        assert_eq!(cuts.ranges(&others).unwrap(), [0, 0, 7]);
    }

    #[test]
    fn a_column_of_few_values_decides_as_much_as_the_others() {
        let column: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "b", "c", "c", "c", "d"]));
        let cuts = Cuts::of(&column, 10).unwrap();
        let ranges = cuts.ranges(&column).unwrap();
        assert_eq!(ranges, [0, 256, 256, 512, 512, 512, 768]);
        let column: ArrayRef = Arc::new(StringArray::from(vec!["a", "a"]));
        assert_eq!(Cuts::of(&column, 10).unwrap().ranges(&column).unwrap(), [0, 0]);
    }

    #[test]
    fn rows_that_are_near_in_both_columns_lie_near() {
        let words: Vec<String> = (0..64).map(|n| format!("w{n:02}")).collect();
        let cells: Vec<(i64, usize)> = (0..64).flat_map(|n| (0..64).map(move |w| (n, w))).collect();
        let numbers = cells.iter().map(|(n, _)| Some(*n)).collect();
        let sample = batch(numbers, cells.iter().map(|(_, w)| Some(words[*w].as_str())).collect());
        let places = Curve::through(&sample).unwrap().places(sample.columns()).unwrap();
        let mut order: Vec<usize> = (0..cells.len()).collect();
        order.sort_by_key(|row| places[*row]);
        // A sixteenth of the rows in this order is a square, and so a quarter of each column.
        for part in order.chunks(cells.len() / 16) {
            let numbers: Vec<i64> = part.iter().map(|row| cells[*row].0).collect();
            let words: Vec<usize> = part.iter().map(|row| cells[*row].1).collect();
            assert_eq!(numbers.iter().max().unwrap() - numbers.iter().min().unwrap(), 15);
            assert_eq!(words.iter().max().unwrap() - words.iter().min().unwrap(), 15);
        }
    }

    #[tokio::test]
    async fn a_sample_is_spread_over_all_rows() {
        let ctx = datafusion::prelude::SessionContext::new();
        let n_rows = 4 * N_SAMPLED as usize;
        let numbers = (0..n_rows).map(|n| Some(n as i64)).collect();
        let whole = batch(numbers, vec![Some("same"); n_rows]);
        let rows = ctx.read_batch(whole.clone()).unwrap();
        let curve = Curve::sample(rows, n_rows as u64).await.unwrap();
        assert_eq!(curve.columns[0].cuts.len(), (1 << N_BITS) - 1);
        assert_eq!(curve.columns[1].cuts.len(), 0);
        let places = curve.places(whole.columns()).unwrap();
        assert!(places.is_sorted(), "the one column that differs decides");
    }

    #[tokio::test]
    async fn nothing_has_no_cuts() {
        let ctx = datafusion::prelude::SessionContext::new();
        let rows = ctx.read_batch(batch(Vec::new(), Vec::new())).unwrap();
        let curve = Curve::sample(rows, 0).await.unwrap();
        let two = batch(vec![Some(1), None], vec![None, Some("x")]);
        assert_eq!(curve.places(two.columns()).unwrap(), [0, 0]);
    }
}
