//! One question of one panel.

use crate::Selection;
use catalog::Name;
use serde::{Deserialize, Serialize};

/// Measures of one table, grouped, filtered, ordered and limited.
///
/// The reply has the groups' columns first, in the order of `group_by`, then the measures' columns,
/// in the order of `measures`; each column bears the name of its dimension or measure. With a limit,
/// a last column `n_groups` (Int64) says in each row how many groups there were before the limit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct QuerySpec {
    /// At least one, all of one table.
    pub measures: Vec<Name>,
    /// Empty: one row for the whole.
    pub group_by: Vec<GroupBy>,
    /// Which rows count.
    pub selection: Selection,
    /// How the groups are ordered.
    pub order: Order,
    /// How many groups are answered at most.
    pub limit: Option<u32>,
}

/// A dimension to group by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GroupBy {
    /// The dimension.
    pub dimension: Name,
    /// For dates: the first day of the day, week or month. `None` groups by the value itself.
    pub grain: Option<Grain>,
}

/// The width of a time bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    /// One day.
    Day,
    /// Seven days from Monday, as in ISO 8601.
    Week,
    /// A month of the calendar.
    Month,
}

impl Grain {
    /// The finest grain that gives at most about 200 buckets for `n_days`.
    pub fn for_days(n_days: i32) -> Grain {
        match n_days {
            ..=400 => Grain::Day,
            401..=1400 => Grain::Week,
            _ => Grain::Month,
        }
    }
}

/// The order of the groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// By the groups' own values, ascending, nulls last.
    Group,
    /// By the first measure, largest first, nulls last, then by the groups' values.
    LargestFirst,
}
