//! Ticks of a time axis: days, weeks from Monday, months and years, as many as have room.

use query::{Date, DateRange, Grain};

/// A tick of a time axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeTick {
    /// Where it stands.
    pub date: Date,
    /// `12 Mar`, `Mar` or `2018`; the first tick of a further year names the year.
    pub label: String,
}

/// The distance between two ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Days(i32),
    /// From Mondays.
    Weeks(i32),
    /// From Januaries.
    Months(i32),
    /// From years that divide.
    Years(i32),
}

/// Finest first, except that months go before four weeks. What does not divide evenly (two days) starts at the first day.
const STEPS: [Step; 19] = [
    Step::Days(1),
    Step::Days(2),
    Step::Days(3),
    Step::Weeks(1),
    Step::Weeks(2),
    Step::Months(1),
    Step::Weeks(4),
    Step::Months(2),
    Step::Months(3),
    Step::Months(6),
    Step::Years(1),
    Step::Years(2),
    Step::Years(5),
    Step::Years(10),
    Step::Years(20),
    Step::Years(50),
    Step::Years(100),
    Step::Years(500),
    Step::Years(1000),
];

/// The finest ticks whose labels have room in `width_px`, ascending, all inside of `range`.
///
/// Never finer than `grain`. `label_px` gives the width of a label; between two of them stay at
/// least 32 px, and there are at most eight. Empty when the range is empty or nothing has room.
pub fn time_ticks(
    range: DateRange,
    grain: Grain,
    width_px: f64,
    label_px: &dyn Fn(&str) -> f64,
) -> Vec<TimeTick> {
    const GAP_PX: f64 = 32.0;
    const MOST_TICKS: usize = 8;
    // Fewer than three ticks are taken only when no other step has more.
    const ENOUGH_TICKS: usize = 3;
    let n_days = f64::from(range.n_days());
    if n_days < 1.0 {
        return Vec::new();
    }
    let mut best = Vec::new();
    for step in STEPS.into_iter().filter(|step| !step.is_finer_than(grain)) {
        let n_ticks = n_days / step.days();
        if n_ticks * GAP_PX > width_px {
            continue;
        }
        let ticks = label(step.dates(range), step);
        let day_px = width_px / (n_days - 1.0).max(1.0);
        let has_room = ticks.windows(2).all(|pair| {
            let n_days = f64::from(pair[1].date.days()) - f64::from(pair[0].date.days());
            let labels_px = (label_px(&pair[0].label) + label_px(&pair[1].label)) / 2.0;
            n_days * day_px >= labels_px + GAP_PX
        });
        if has_room && ticks.len() <= MOST_TICKS && ticks.len() > best.len() {
            best = ticks;
            if best.len() >= ENOUGH_TICKS {
                break;
            }
        }
    }
    best
}

impl Step {
    /// About how many days it spans.
    fn days(self) -> f64 {
        match self {
            Step::Days(n) => f64::from(n),
            Step::Weeks(n) => 7.0 * f64::from(n),
            Step::Months(n) => 30.4 * f64::from(n),
            Step::Years(n) => 365.0 * f64::from(n),
        }
    }

    fn is_finer_than(self, grain: Grain) -> bool {
        match grain {
            Grain::Day => false,
            Grain::Week => matches!(self, Step::Days(_)),
            Grain::Month => matches!(self, Step::Days(_) | Step::Weeks(_)),
        }
    }

    fn dates(self, range: DateRange) -> Vec<Date> {
        let days = |first: Date, step: i32| {
            let mut dates = Vec::new();
            let mut next = Some(first);
            while let Some(date) = next.filter(|date| *date <= range.last) {
                dates.push(date);
                next = date.days().checked_add(step).map(Date::from_days);
            }
            dates
        };
        match self {
            Step::Days(n) => days(range.first, n),
            Step::Weeks(n) => {
                let to_monday = (7 - range.first.weekday() as i32) % 7;
                days(range.first.plus_days(to_monday), 7 * n)
            }
            Step::Months(n) => months(range, n),
            Step::Years(n) => months(range, n.saturating_mul(12)),
        }
    }
}

/// First days of each `n`-th month, counted from year 0; none outside of the years 0 to 10000.
fn months(range: DateRange, n: i32) -> Vec<Date> {
    let month_of = |date: Date| {
        let (year, month, day) = date.ymd();
        (i64::from(year) * 12 + i64::from(month) - 1, day)
    };
    let (first, first_day) = month_of(range.first);
    let first = if first_day > 1 { first + 1 } else { first };
    let (last, _) = month_of(range.last);
    let n = i64::from(n);
    let start = (first + n - 1).div_euclid(n) * n;
    (start.max(0)..=last.min(12 * 10_000))
        .step_by(n as usize)
        .filter_map(|month| {
            Date::from_ymd(month.div_euclid(12) as i32, month.rem_euclid(12) as u32 + 1, 1).ok()
        })
        .collect()
}

fn label(dates: Vec<Date>, step: Step) -> Vec<TimeTick> {
    let mut year_before: Option<i32> = None;
    let n_years = match (dates.first(), dates.last()) {
        (Some(first), Some(last)) => last.ymd().0 - first.ymd().0 + 1,
        _ => 0,
    };
    dates
        .into_iter()
        .map(|date| {
            let (year, month, day) = date.ymd();
            let month_name = month_name(month);
            let names_year = match year_before {
                Some(before) => before != year,
                None => n_years > 1 || matches!(step, Step::Months(_)),
            };
            year_before = Some(year);
            let label = match step {
                Step::Years(_) => year.to_string(),
                Step::Months(_) if names_year && month == 1 => year.to_string(),
                Step::Months(_) if names_year => format!("{month_name} {year}"),
                Step::Months(_) => month_name.to_owned(),
                Step::Days(_) | Step::Weeks(_) if names_year => {
                    format!("{day} {month_name} {year}")
                }
                Step::Days(_) | Step::Weeks(_) => format!("{day} {month_name}"),
            };
            TimeTick { date, label }
        })
        .collect()
}

fn month_name(month: u32) -> &'static str {
    const NAMES: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    NAMES.get((month as usize).wrapping_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(first: &str, last: &str, grain: Grain, width_px: f64) -> String {
        let range = DateRange { first: first.parse().unwrap(), last: last.parse().unwrap() };
        let ticks = time_ticks(range, grain, width_px, &|text| text.len() as f64 * 6.0);
        ticks.iter().map(|tick| tick.label.as_str()).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn the_finest_ticks_that_have_room() {
        let check = |first: &str, last: &str, grain: Grain, width_px: f64, expected: &str| {
            assert_eq!(labels(first, last, grain, width_px), expected, "{first} {last}");
        };
        use Grain::{Day, Month, Week};
        check(
            "2018-03-05",
            "2018-03-11",
            Day,
            600.0,
            "5 Mar, 6 Mar, 7 Mar, 8 Mar, 9 Mar, 10 Mar, 11 Mar",
        );
        check("2018-03-05", "2018-03-11", Day, 250.0, "5 Mar, 7 Mar, 9 Mar, 11 Mar");
        check("2018-03-01", "2018-03-30", Day, 600.0, "5 Mar, 12 Mar, 19 Mar, 26 Mar");
        check("2018-01-01", "2018-03-31", Day, 300.0, "2018, Feb, Mar");
        check("2017-10-02", "2017-12-31", Day, 240.0, "2 Oct, 30 Oct, 27 Nov, 25 Dec");
        check("2017-11-15", "2018-03-15", Day, 400.0, "Dec 2017, 2018, Feb, Mar");
        check("2017-12-18", "2018-01-14", Week, 900.0, "18 Dec 2017, 25 Dec, 1 Jan 2018, 8 Jan");
        check(
            "2016-10-01",
            "2018-09-01",
            Month,
            900.0,
            "Oct 2016, 2017, Apr, Jul, Oct, 2018, Apr, Jul",
        );
        check("2016-10-01", "2018-09-01", Month, 300.0, "2017, Jul, 2018, Jul");
        check("1990-01-01", "2020-01-01", Month, 300.0, "1990, 2000, 2010, 2020");
        check("2018-03-05", "2018-03-05", Day, 300.0, "5 Mar");
        check("2018-03-05", "2018-03-04", Day, 300.0, "");
        check("2018-03-05", "2018-03-11", Day, 0.0, "");
    }

    #[test]
    fn dates_beyond_the_calendar_end() {
        let range = DateRange { first: Date::from_days(i32::MIN), last: Date::from_days(i32::MAX) };
        assert!(time_ticks(range, Grain::Day, 800.0, &|_| 30.0).len() < 40);
        let last =
            DateRange { first: Date::from_days(i32::MAX - 3), last: Date::from_days(i32::MAX) };
        assert_eq!(time_ticks(last, Grain::Day, 800.0, &|_| 30.0).len(), 4);
    }

    proptest! {
        #[test]
        fn ticks_lie_in_the_range_and_do_not_touch(
            first in -20_000..40_000_i32,
            n_days in 2..20_000_i32,
            width_px in 100.0..3_000.0_f64,
        ) {
            let range = DateRange {
                first: Date::from_days(first),
                last: Date::from_days(first + n_days - 1),
            };
            let label_px = |text: &str| text.len() as f64 * 6.0;
            let ticks = time_ticks(range, Grain::Day, width_px, &label_px);
            let day_px = width_px / f64::from(n_days - 1);
            prop_assert!(ticks.iter().all(|t| range.first <= t.date && t.date <= range.last));
            for pair in ticks.windows(2) {
                let distance_px = f64::from(pair[1].date.days() - pair[0].date.days()) * day_px;
                let labels_px = (label_px(&pair[0].label) + label_px(&pair[1].label)) / 2.0;
                prop_assert!(distance_px >= labels_px + 32.0 - 1e-9, "{:?}", pair);
            }
        }
    }
}
