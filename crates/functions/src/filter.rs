//! Which rows of a batch an aggregate takes.

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::buffer::NullBuffer;

/// The rows with a value in `column` that `filter` lets pass, where null does not; `None` when that is
/// all of them.
pub(crate) fn kept(column: &ArrayRef, filter: Option<&BooleanArray>) -> Option<NullBuffer> {
    let passing = filter.map(|filter| match filter.nulls() {
        Some(nulls) => NullBuffer::new(filter.values() & nulls.inner()),
        None => NullBuffer::new(filter.values().clone()),
    });
    NullBuffer::union(passing.as_ref(), column.logical_nulls().as_ref())
}
