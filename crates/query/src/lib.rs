//! Typed questions: what a panel asks, and what the page has selected. No SQL text, no execution.

mod clause;
mod date;
mod spec;

pub use clause::{Clause, Condition, Selection};
pub use date::{Date, DateError, DateRange};
pub use spec::{Grain, GroupBy, N_GROUPS, Order, QuerySpec};
