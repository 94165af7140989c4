//! An answer over time as an unbroken row of buckets.

use crate::answer::Answer;
use crate::decimal::{Decimal, Number};
use catalog::{Measure, Name, OverNoRows};
use query::{Condition, Date, DateRange, Grain};
use std::collections::HashMap;

/// So many buckets are drawn at most, empty ones too. Only a date far from all others, such as
/// 9999-12-31, makes more.
const MAX_BUCKETS: usize = 2_000;

/// Rows that are further than this from the next ones are not drawn where there would be too many
/// buckets, in days.
const FAR_DAYS: i64 = 3_653;

/// What a measure is in a bucket of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// This number.
    Number(Number),
    /// There are rows, and no value: an average of nulls, a sum of unknown prices.
    Null,
    /// There are no rows; the measure is zero then, such as a count.
    NoRowsZero,
    /// There are no rows; the measure has no value then, such as an average.
    NoRows,
}

impl Reading {
    /// The exact number that is drawn; `None` is a gap.
    pub fn drawn(self) -> Option<Decimal> {
        match self {
            Reading::Number(number) => number.exact(),
            Reading::NoRowsZero => Some(Decimal::new(0, 0)),
            Reading::Null | Reading::NoRows => None,
        }
    }
}

/// One bucket of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// Its first day.
    pub date: Date,
    /// The measure in it.
    pub reading: Reading,
    /// How many of its days are shown, fewer than `n_days` at the ends of the range.
    pub n_days_shown: i32,
    /// How many days it has.
    pub n_days: i32,
}

/// The buckets of a chart over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Ascending, without a gap.
    pub buckets: Vec<Bucket>,
    /// How wide each is.
    pub grain: Grain,
    /// Buckets with rows that lie too far from the others to be drawn beside them.
    pub n_far: usize,
}

impl Default for Series {
    fn default() -> Series {
        Series { buckets: Vec::new(), grain: Grain::Day, n_far: 0 }
    }
}

/// Every bucket of the question's range that the measure's table can have rows in: `extent` are the
/// days that it has. Nothing is said of days before its first and after its last row.
///
/// Empty when `answer` is not grouped by `time`. Of buckets that would be too many to draw, those
/// stay that lie near the latest rows not after `until`.
pub fn series(
    answer: &Answer,
    time: &Name,
    measure: &Measure,
    extent: DateRange,
    until: Date,
) -> Series {
    let grain = answer.spec.group_by.first().and_then(|group| group.grain).unwrap_or(Grain::Day);
    let Some(Condition::Within(range)) =
        answer.spec.selection.get(time).map(|clause| clause.condition.clone())
    else {
        return Series { grain, ..Series::default() };
    };
    let mut shown =
        DateRange { first: range.first.max(extent.first), last: range.last.min(extent.last) };
    let readings: HashMap<Date, Reading> = answer
        .days()
        .iter()
        .zip(answer.numbers())
        .filter_map(|(day, number)| Some(((*day)?, number.map_or(Reading::Null, Reading::Number))))
        .collect();
    let mut n_far = 0;
    if n_buckets(shown, grain) > MAX_BUCKETS as i64 {
        let near = near(readings.keys().copied().collect(), until, grain);
        let is_near = |date: &&Date| near.first <= **date && **date <= near.last;
        n_far = readings.len() - readings.keys().filter(is_near).count();
        shown = DateRange {
            first: shown.first.max(near.first),
            last: shown.last.min(next_after(near.last, grain).plus_days(-1)),
        };
    }
    let missing = match measure.over_no_rows {
        OverNoRows::Zero => Reading::NoRowsZero,
        OverNoRows::Nothing => Reading::NoRows,
    };
    let mut buckets = Vec::new();
    let mut date = grain.first_day(shown.first);
    while date <= shown.last && shown.n_days() > 0 && buckets.len() < MAX_BUCKETS {
        let next = next_after(date, grain);
        let whole = DateRange { first: date, last: next.plus_days(-1) };
        let part =
            DateRange { first: whole.first.max(shown.first), last: whole.last.min(shown.last) };
        buckets.push(Bucket {
            date,
            reading: readings.get(&date).copied().unwrap_or(missing),
            n_days_shown: part.n_days(),
            n_days: whole.n_days(),
        });
        if next <= date {
            break;
        }
        date = next;
    }
    Series { buckets, grain, n_far }
}

/// About how many buckets the days of `range` fill.
fn n_buckets(range: DateRange, grain: Grain) -> i64 {
    let n_days = i64::from(range.last.days()) - i64::from(range.first.days()) + 1;
    match grain {
        Grain::Day => n_days,
        Grain::Week => n_days / 7,
        Grain::Month => n_days / 30,
    }
}

/// From the first to the last of the buckets that are not far from the latest one up to `until`, or
/// from the first one of all. At most as many as are drawn.
fn near(mut dates: Vec<Date>, until: Date, grain: Grain) -> DateRange {
    dates.sort();
    let n_until = dates.partition_point(|date| *date <= until).max(1);
    let (before, after) = dates.split_at(n_until.min(dates.len()));
    let anchor = before.last().copied().unwrap_or(until);
    let is_near = |a: Date, b: Date| i64::from(b.days()) - i64::from(a.days()) <= FAR_DAYS;
    let mut near = DateRange { first: anchor, last: anchor };
    for date in before.iter().rev() {
        let longer = DateRange { first: *date, ..near };
        if !is_near(*date, near.first) || n_buckets(longer, grain) >= MAX_BUCKETS as i64 {
            break;
        }
        near = longer;
    }
    for date in after {
        let longer = DateRange { last: *date, ..near };
        if !is_near(near.last, *date) || n_buckets(longer, grain) >= MAX_BUCKETS as i64 {
            break;
        }
        near = longer;
    }
    near
}

/// The first day of the bucket after the one that starts on `start`; `start` where there is none.
fn next_after(start: Date, grain: Grain) -> Date {
    match grain {
        Grain::Day => start.plus_days(1),
        Grain::Week => start.plus_days(7),
        // No month has more than 31 days, so this lies in the next one.
        Grain::Month => Grain::Month.first_day(start.plus_days(31)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Column, Values};
    use protocol::ReadFacts;
    use query::{Clause, GroupBy, Order, QuerySpec, Selection};

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    fn measure(over_no_rows: OverNoRows) -> Measure {
        Measure {
            name: name("m"),
            label: "M".into(),
            expr: "m(x)".into(),
            format: catalog::NumberFormat::Count,
            description: String::new(),
            better: catalog::Better::Up,
            additivity: None,
            over_no_rows,
        }
    }

    fn range(first: &str, last: &str) -> DateRange {
        DateRange { first: first.parse().unwrap(), last: last.parse().unwrap() }
    }

    fn answer(grain: Grain, days: DateRange, rows: &[(&str, Option<i128>)]) -> Answer {
        let clause = Clause { dimension: name("day"), condition: Condition::Within(days) };
        let spec = QuerySpec {
            measures: vec![name("m")],
            group_by: vec![GroupBy { dimension: name("day"), grain: Some(grain) }],
            selection: Selection::of([clause]),
            order: Order::Group,
            limit: None,
        };
        let days = rows.iter().map(|(day, _)| Some(day.parse().unwrap())).collect();
        let number = |units: i128| Number::Exact(Decimal::new(units, 0));
        let numbers = rows.iter().map(|(_, units)| units.map(number)).collect();
        let columns = vec![
            Column { name: "day".into(), values: Values::Day(days) },
            Column { name: "m".into(), values: Values::Number(numbers) },
        ];
        Answer { spec, columns, n_rows: rows.len(), facts: ReadFacts::default() }
    }

    fn written(series: &Series) -> String {
        let text: Vec<String> = series
            .buckets
            .iter()
            .map(|bucket| {
                let reading = match bucket.reading {
                    Reading::Number(number) => number.to_string(),
                    Reading::Null => "null".to_owned(),
                    Reading::NoRowsZero => "zero".to_owned(),
                    Reading::NoRows => "none".to_owned(),
                };
                format!("{}={reading}({}/{})", bucket.date, bucket.n_days_shown, bucket.n_days)
            })
            .collect();
        text.join(" ")
    }

    #[test]
    fn gaps_are_told_apart_and_ends_are_marked() {
        use OverNoRows::{Nothing, Zero};
        let check = |grain: Grain,
                     over_no_rows,
                     days: (&str, &str),
                     rows: &[(&str, Option<i128>)],
                     expected: &str| {
            let answer = answer(grain, range(days.0, days.1), rows);
            let (extent, until) =
                (range("2018-01-03", "2018-12-31"), "2018-12-31".parse().unwrap());
            let series = series(&answer, &name("day"), &measure(over_no_rows), extent, until);
            assert_eq!((written(&series).as_str(), series.n_far), (expected, 0));
        };
        let (march, rows) = (
            ("2018-02-26", "2018-03-01"),
            [("2018-02-26", Some(5)), ("2018-02-28", None), ("2018-03-01", Some(0))],
        );
        check(
            Grain::Day,
            Zero,
            march,
            &rows,
            "2018-02-26=5(1/1) 2018-02-27=zero(1/1) 2018-02-28=null(1/1) 2018-03-01=0(1/1)",
        );
        check(
            Grain::Day,
            Nothing,
            march,
            &rows,
            "2018-02-26=5(1/1) 2018-02-27=none(1/1) 2018-02-28=null(1/1) 2018-03-01=0(1/1)",
        );
        check(
            Grain::Week,
            Zero,
            ("2018-02-28", "2018-03-06"),
            &[("2018-02-26", Some(3))],
            "2018-02-26=3(5/7) 2018-03-05=zero(2/7)",
        );
        check(
            Grain::Month,
            Zero,
            ("2017-01-01", "2018-02-28"),
            &[],
            "2018-01-01=zero(29/31) 2018-02-01=zero(28/28)",
        );
        // Of days that the table does not have, nothing is said: not even zero.
        check(Grain::Day, Zero, ("2019-01-01", "2019-01-02"), &[], "");
        check(Grain::Day, Zero, ("2018-12-31", "2019-01-02"), &[], "2018-12-31=zero(1/1)");
    }

    #[test]
    fn what_is_far_from_all_else_is_counted_and_not_drawn() {
        let check = |extent: (&str, &str),
                     until: &str,
                     rows: &[&str],
                     expected: &str,
                     n_far: usize| {
            let days = range(extent.0, extent.1);
            let rows: Vec<(&str, Option<i128>)> = rows.iter().map(|day| (*day, Some(1))).collect();
            let answer = answer(Grain::Month, days, &rows);
            let measure = measure(OverNoRows::Zero);
            let series = series(&answer, &name("day"), &measure, days, until.parse().unwrap());
            assert_eq!((written(&series).as_str(), series.n_far), (expected, n_far), "{rows:?}");
        };
        let two = "2024-01-01=1(27/31) 2024-02-01=zero(29/29) 2024-03-01=1(31/31)";
        let rows = ["2024-01-01", "2024-03-01", "9999-12-01"];
        check(("2024-01-05", "9999-12-31"), "2024-03-09", &rows, two, 1);
        check(("2024-01-05", "9999-12-31"), "2026-12-01", &rows, two, 1);
        let rows = ["-5877640-06-01", "2024-01-01", "2024-03-01", "+5881580-07-01"];
        let two = "2024-01-01=1(31/31) 2024-02-01=zero(29/29) 2024-03-01=1(31/31)";
        check(("-5877641-06-23", "+5881580-07-11"), "2026-12-01", &rows, two, 2);
        // A day before the first row of all, and no rows at all.
        let rows = ["9999-12-01"];
        check(("1970-01-01", "9999-12-31"), "1969-01-01", &rows, "9999-12-01=1(31/31)", 0);
        let none = "2024-01-01=zero(31/31)";
        check(("1970-01-01", "9999-12-31"), "2024-01-01", &[], none, 0);
    }

    #[test]
    fn days_at_the_end_of_the_calendar_are_no_endless_row() {
        for grain in [Grain::Day, Grain::Week, Grain::Month] {
            for (first, last) in [(i32::MIN, i32::MIN + 9), (i32::MAX - 9, i32::MAX)] {
                let days = DateRange { first: Date::from_days(first), last: Date::from_days(last) };
                let measure = measure(OverNoRows::Zero);
                let series =
                    series(&answer(grain, days, &[]), &name("day"), &measure, days, days.last);
                assert!((1..=10).contains(&series.buckets.len()), "{grain:?} {series:?}");
            }
        }
    }
}
