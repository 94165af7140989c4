//! The rows of the sixteen tables.

mod clicks;
mod masters;
mod orders;

pub(super) use clicks::write as clicks;
pub(super) use masters::write as masters;
pub(super) use orders::write as orders;

use super::table::Cell;

/// The currency of every amount.
const CURRENCY: &str = "USD";

/// The key of the row at `position`.
fn key(position: usize) -> Cell<'static> {
    Cell::Id(position as u64 + 1)
}
