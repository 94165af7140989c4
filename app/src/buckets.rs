//! An answer over time as an unbroken row of buckets.

use crate::answer::Answer;
use crate::decimal::Decimal;
use catalog::{Measure, Name};
use query::{Condition, Date, DateRange, Grain};
use std::collections::HashMap;

/// One bucket of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// Its first day.
    pub date: Date,
    /// The measure in it; `None` where it has no value, such as an average over no rows.
    pub value: Option<Decimal>,
    /// How many of its days are shown, fewer than `n_days` at the ends of the range.
    pub n_days_shown: i32,
    /// How many days it has.
    pub n_days: i32,
}

/// Every bucket of the question's range that the lake can have rows in, ascending, and the grain.
///
/// A bucket that the answer lacks is zero for a measure that [`counts_rows`], else without value.
/// Empty when `answer` is not grouped by `time`.
pub fn buckets(
    answer: &Answer,
    time: &Name,
    measure: &Measure,
    extent: DateRange,
) -> (Vec<Bucket>, Grain) {
    let grain = answer.spec.group_by.first().and_then(|group| group.grain).unwrap_or(Grain::Day);
    let Some(Condition::Within(range)) =
        answer.spec.selection.get(time).map(|clause| clause.condition.clone())
    else {
        return (Vec::new(), grain);
    };
    let shown =
        DateRange { first: range.first.max(extent.first), last: range.last.min(extent.last) };
    let values: HashMap<Date, Decimal> = answer
        .days()
        .iter()
        .zip(answer.numbers())
        .filter_map(|(day, value)| day.zip(*value))
        .collect();
    let missing = counts_rows(measure).then_some(Decimal::new(0, 0));
    let mut buckets = Vec::new();
    let mut date = start_of(shown.first, grain);
    while date <= shown.last && shown.n_days() > 0 {
        let next = next_after(date, grain);
        let whole = DateRange { first: date, last: next.plus_days(-1) };
        let part =
            DateRange { first: whole.first.max(shown.first), last: whole.last.min(shown.last) };
        buckets.push(Bucket {
            date,
            value: values.get(&date).copied().or(missing),
            n_days_shown: part.n_days(),
            n_days: whole.n_days(),
        });
        date = next;
    }
    (buckets, grain)
}

/// Whether the measure over no rows at all is zero, and over several parts their sum: the whole
/// expression is one `sum` or `count`. An average or a ratio has no value there.
///
/// A `count(distinct ...)` over several parts is their sum only as long as no two parts share a
/// counted value, as is so for the status of an order.
pub fn counts_rows(measure: &Measure) -> bool {
    let expr = measure.expr.trim().to_ascii_lowercase();
    let Some(rest) = expr.strip_prefix("sum").or_else(|| expr.strip_prefix("count")) else {
        return false;
    };
    let Some(inside) = rest.trim_start().strip_prefix('(').and_then(|rest| rest.strip_suffix(')'))
    else {
        return false;
    };
    // The parenthesis that ends the expression is the one that the call opened.
    let mut depth = 0i32;
    inside.chars().all(|c| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth >= 0
    })
}

/// The first day of the bucket that `date` lies in.
fn start_of(date: Date, grain: Grain) -> Date {
    match grain {
        Grain::Day => date,
        Grain::Week => date.plus_days(-(date.weekday() as i32)),
        Grain::Month => {
            let (_, _, day) = date.ymd();
            date.plus_days(1 - day as i32)
        }
    }
}

/// The first day of the bucket after the one that starts on `start`.
fn next_after(start: Date, grain: Grain) -> Date {
    match grain {
        Grain::Day => start.plus_days(1),
        Grain::Week => start.plus_days(7),
        // No month has more than 31 days, so this lies in the next one.
        Grain::Month => start_of(start.plus_days(31), Grain::Month),
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

    fn measure(expr: &str) -> Measure {
        Measure {
            name: name("m"),
            label: "M".into(),
            expr: expr.into(),
            format: catalog::NumberFormat::Count,
            description: String::new(),
            better: catalog::Better::Up,
            additivity: None,
            over_no_rows: catalog::OverNoRows::Nothing,
        }
    }

    fn range(first: &str, last: &str) -> DateRange {
        DateRange { first: first.parse().unwrap(), last: last.parse().unwrap() }
    }

    fn answer(grain: Grain, days: DateRange, rows: &[(&str, i128)]) -> Answer {
        let clause = Clause { dimension: name("day"), condition: Condition::Within(days) };
        let spec = QuerySpec {
            measures: vec![name("m")],
            group_by: vec![GroupBy { dimension: name("day"), grain: Some(grain) }],
            selection: Selection::of([clause]),
            order: Order::Group,
            limit: None,
        };
        let days = rows.iter().map(|(day, _)| Some(day.parse().unwrap())).collect();
        let numbers = rows.iter().map(|(_, units)| Some(Decimal::new(*units, 0))).collect();
        let columns = vec![
            Column { name: "day".into(), values: Values::Day(days) },
            Column { name: "m".into(), values: Values::Number(numbers) },
        ];
        Answer { spec, columns, n_rows: rows.len(), facts: ReadFacts::default() }
    }

    fn check(grain: Grain, expr: &str, days: DateRange, rows: &[(&str, i128)], expected: &str) {
        let extent = range("2018-01-03", "2018-12-31");
        let (buckets, _) =
            buckets(&answer(grain, days, rows), &name("day"), &measure(expr), extent);
        let text: Vec<String> = buckets
            .iter()
            .map(|bucket| {
                let value = bucket.value.map_or("-".to_owned(), |value| value.to_string());
                format!("{}={value}({}/{})", bucket.date, bucket.n_days_shown, bucket.n_days)
            })
            .collect();
        assert_eq!(text.join(" "), expected);
    }

    #[test]
    fn gaps_are_filled_and_ends_are_marked() {
        let rows = [("2018-02-27", 5), ("2018-03-01", 7)];
        check(
            Grain::Day,
            "sum(price)",
            range("2018-02-27", "2018-03-01"),
            &rows,
            "2018-02-27=5(1/1) 2018-02-28=0(1/1) 2018-03-01=7(1/1)",
        );
        check(
            Grain::Day,
            "sum(price) / count(*)",
            range("2018-02-27", "2018-03-01"),
            &rows,
            "2018-02-27=5(1/1) 2018-02-28=-(1/1) 2018-03-01=7(1/1)",
        );
        check(
            Grain::Week,
            "count(*)",
            range("2018-02-28", "2018-03-06"),
            &[("2018-02-26", 3)],
            "2018-02-26=3(5/7) 2018-03-05=0(2/7)",
        );
        check(
            Grain::Month,
            "count(*)",
            range("2017-01-01", "2018-02-28"),
            &[],
            "2018-01-01=0(29/31) 2018-02-01=0(28/28)",
        );
        check(Grain::Day, "count(*)", range("2019-01-01", "2019-01-02"), &[], "");
    }

    #[test]
    fn a_sum_or_count_is_told_from_a_ratio() {
        let check = |expr: &str, expected: bool| {
            assert_eq!(counts_rows(&measure(expr)), expected, "{expr}");
        };
        check("sum(price)", true);
        check(" COUNT (distinct order_id) ", true);
        check("sum(price * (1 - discount))", true);
        check("sum(price) / count(*)", false);
        check("sum(price) / (count(*))", false);
        check("avg(price)", false);
        check("summary(price)", false);
        check("sum", false);
    }
}
