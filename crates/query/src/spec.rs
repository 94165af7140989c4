//! One question of one panel.

use crate::{Date, Selection};
use catalog::Name;
use serde::{Deserialize, Serialize};

/// The column of an answer that says how many groups there were before the limit. No [`Name`] has a
/// space in it, so no dimension and no measure is called so.
pub const N_GROUPS: &str = "number of groups";

/// Measures of one table, grouped, filtered, ordered and limited.
///
/// The reply has the groups' columns first, in the order of `group_by`, then the measures' columns,
/// in the order of `measures`; each column bears the name of its dimension or measure. With a limit,
/// a last column [`N_GROUPS`] (Int64) says in each row how many groups there were before the limit.
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
    /// The first day of the bucket that `day` lies in; the first day there is where that would be
    /// before it.
    pub fn first_day(self, day: Date) -> Date {
        match self {
            Grain::Day => day,
            Grain::Week => day.plus_days(-(day.weekday() as i32)),
            Grain::Month => {
                let (_, _, day_of_month) = day.ymd();
                day.plus_days(1 - day_of_month as i32)
            }
        }
    }

    /// The grain of a chart over `n_days`: up to 400 days each its own bucket, then up to 200
    /// weeks, then months, however many.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_begins_on_a_monday_or_on_the_first() {
        let check = |day: &str, monday: &str, first: &str| {
            let day: Date = day.parse().unwrap();
            assert_eq!(Grain::Day.first_day(day), day);
            assert_eq!(Grain::Week.first_day(day).to_string(), monday);
            assert_eq!(Grain::Month.first_day(day).to_string(), first);
        };
        check("2018-09-03", "2018-09-03", "2018-09-01");
        check("2018-09-02", "2018-08-27", "2018-09-01");
        check("2000-02-29", "2000-02-28", "2000-02-01");
        check("1969-12-31", "1969-12-29", "1969-12-01");
        check("9999-12-31", "9999-12-27", "9999-12-01");
        check("0001-01-01", "0001-01-01", "0001-01-01");
        check("1582-10-15", "1582-10-11", "1582-10-01");
        assert_eq!(Grain::Month.first_day(Date::from_days(i32::MIN)), Date::from_days(i32::MIN));
    }

    #[test]
    fn no_name_is_that_of_the_number_of_groups() {
        assert!(Name::new(N_GROUPS).is_err());
    }
}
