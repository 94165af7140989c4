//! A total in 192 bits, and the numbers that are added to it.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, PrimitiveArray};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{ArrowPrimitiveType, DataType, Decimal128Type, Int64Type, UInt64Type};
use datafusion::common::{Result, internal_err};
use std::sync::Arc;

/// `low` + `high` * 2^128. There is one way to write each number so; 128 bits hold those without a `high`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Total {
    low: i128,
    high: i32,
    /// Whether it is the total of anything. An option around it would take half as much again.
    is_any: bool,
}

impl Total {
    /// The total of one value.
    pub(super) fn one(value: i128) -> Total {
        Total { low: value, high: 0, is_any: true }
    }

    /// What [`Total::state`] gave.
    pub(super) fn of_state(low: i128, high: i32) -> Total {
        Total { low, high, is_any: true }
    }

    /// The lower 128 bits and the rest; `None` for the total of nothing.
    pub(super) fn state(self) -> Option<(i128, i32)> {
        self.is_any.then_some((self.low, self.high))
    }

    pub(super) fn add(&mut self, value: i128) {
        self.is_any = true;
        let (low, is_over) = self.low.overflowing_add(value);
        self.low = low;
        if is_over {
            self.high += if value < 0 { -1 } else { 1 };
        }
    }

    pub(super) fn subtract(&mut self, value: i128) {
        let (low, is_over) = self.low.overflowing_sub(value);
        self.low = low;
        if is_over {
            self.high += if value < 0 { 1 } else { -1 };
        }
    }

    /// Adds a total of something.
    pub(super) fn merge(&mut self, other: Total) {
        self.add(other.low);
        self.high += other.high;
    }

    /// The total when it has a place in `of`, which is a type that is summed here.
    fn within(self, of: &DataType) -> Option<i128> {
        let total = (self.high == 0).then_some(self.low)?;
        let is_within = match of {
            DataType::Int64 => i64::try_from(total).is_ok(),
            DataType::UInt64 => u64::try_from(total).is_ok(),
            DataType::Decimal128(precision, _) => {
                total.unsigned_abs() < 10_u128.pow(u32::from(*precision))
            }
            _ => false,
        };
        is_within.then_some(total)
    }
}

/// Hands each value of `column` whose row is `kept`, all when that is `None`, to `take` with its row.
pub(super) fn each(
    column: &ArrayRef,
    kept: Option<&NullBuffer>,
    mut take: impl FnMut(usize, i128),
) -> Result<()> {
    match column.data_type() {
        DataType::Int64 => each_of(column.as_primitive::<Int64Type>(), kept, &mut take),
        DataType::UInt64 => each_of(column.as_primitive::<UInt64Type>(), kept, &mut take),
        DataType::Decimal128(..) => {
            each_of(column.as_primitive::<Decimal128Type>(), kept, &mut take)
        }
        other => return internal_err!("sum was given {other}"),
    }
    Ok(())
}

fn each_of<T: ArrowPrimitiveType<Native: Into<i128>>>(
    column: &PrimitiveArray<T>,
    kept: Option<&NullBuffer>,
    take: &mut impl FnMut(usize, i128),
) {
    let values = column.values();
    match kept {
        None => values.iter().enumerate().for_each(|(row, value)| take(row, (*value).into())),
        Some(kept) => kept.valid_indices().for_each(|row| take(row, column.value(row).into())),
    }
}

/// The rows of `column` that count: those with a value that `filter` lets pass.
pub(super) fn kept(column: &ArrayRef, filter: Option<&BooleanArray>) -> Option<NullBuffer> {
    crate::filter::kept(column, filter).filter(|kept| kept.null_count() > 0)
}

/// `totals` as values of type `of`, null for those of nothing; `None` when one has no place in it.
pub(super) fn column(totals: &[Total], of: &DataType) -> Option<Result<ArrayRef>> {
    let within = |total: &Total| match total.is_any {
        true => total.within(of).map(Some),
        false => Some(None),
    };
    let values = totals.iter().map(within).collect::<Option<Vec<Option<i128>>>>()?;
    let values = PrimitiveArray::<Decimal128Type>::from_iter(values);
    Some(match of {
        DataType::Decimal128(..) => Ok(Arc::new(values.with_data_type(of.clone()))),
        of => cast(&values.with_data_type(super::LOW), of).map_err(Into::into),
    })
}
