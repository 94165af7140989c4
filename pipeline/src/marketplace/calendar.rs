//! How busy each day and hour is, and when the sales are.

use super::random::{Odds, Stream, Topic};
use super::{FIRST_DAY, LAST_DAY, Plan};
use chrono::{Datelike, NaiveDate, Weekday};

/// Microseconds of a second.
pub(super) const SECOND_US: i64 = 1_000_000;
/// Microseconds of an hour.
pub(super) const HOUR_US: i64 = 3600 * SECOND_US;
/// Microseconds of a day.
pub(super) const DAY_US: i64 = 24 * HOUR_US;
/// What lies after this instant has not happened: the end of the last day.
pub(super) const NOW_US: i64 = (LAST_DAY as i64 + 1) * DAY_US;

/// Busyness of the days of the week from Monday, in percent.
const WEEKDAYS: [u64; 7] = [100, 96, 94, 97, 106, 126, 121];

/// Busyness in the middle of the months from January, in percent.
const MONTHS: [u64; 12] = [88, 90, 95, 98, 101, 98, 93, 92, 99, 106, 118, 132];

/// Busyness of the hours of a day.
const HOURS: [u64; 24] =
    [14, 8, 5, 4, 4, 6, 12, 22, 34, 44, 50, 54, 56, 52, 48, 48, 50, 56, 64, 74, 80, 72, 50, 28];

/// A day of the calendar.
pub(super) struct Day {
    /// Days since 1970-01-01.
    pub(super) day: i32,
    /// From 0 for January.
    pub(super) month0: usize,
    /// How many orders are placed.
    pub(super) n_orders: u64,
    /// How many events are recorded.
    pub(super) n_events: u64,
    /// The number of the first order of the day, from 1.
    pub(super) first_order_id: u64,
}

impl Day {
    /// Midnight at its start.
    pub(super) fn start_us(&self) -> i64 {
        i64::from(self.day) * DAY_US
    }

    /// Deliveries take longer before Christmas.
    pub(super) fn is_peak(&self) -> bool {
        self.month0 >= 10
    }
}

/// A sale of some hours.
pub(super) struct SaleEvent {
    pub(super) name: String,
    pub(super) starts_us: i64,
    pub(super) ends_us: i64,
    /// The lowest and the highest discount, in percent.
    pub(super) discount_pct: (i64, i64),
    /// How busy the day is, in percent of what it would be.
    busyness: u64,
}

/// The days and sales of a marketplace.
pub(super) struct Calendar {
    days: Vec<Day>,
    sale_events: Vec<SaleEvent>,
    weights: Vec<u64>,
    hours: Odds,
}

impl Calendar {
    pub(super) fn new(plan: &Plan) -> Calendar {
        let sale_events = sale_events();
        let mut noise = Stream::new(plan.seed(), Topic::Season, 0);
        let mut weights = Vec::new();
        let mut visits = Vec::new();
        let dates = (FIRST_DAY..=LAST_DAY).filter_map(|day| Some((day, date(day)?)));
        for (day, date) in dates.clone() {
            let usual = usual_weight(day, date) * (90 + noise.below(21)) / 100;
            let busyness = busyness(day, date, &sale_events);
            weights.push(usual * busyness / 100);
            // Visitors come to look at sales, too, but buyers come more.
            visits.push(usual * (100 + busyness) / 200);
        }
        let mut n_orders = vec![0_u64; weights.len()];
        let mut stream = Stream::new(plan.seed(), Topic::OrderDays, 0);
        let odds = Odds::new(weights.iter().copied());
        (0..plan.n(2000)).for_each(|_| n_orders[odds.draw(&mut stream)] += 1);
        let n_events = Odds::new(visits).share(plan.n(10_000));

        let mut next_order_id = 1;
        let days = dates
            .zip(n_orders.iter().zip(n_events))
            .map(|((day, date), (&n_orders, n_events))| {
                let first_order_id = next_order_id;
                next_order_id += n_orders;
                Day { day, month0: date.month0() as usize, n_orders, n_events, first_order_id }
            })
            .collect();
        Calendar { days, sale_events, weights, hours: Odds::new(HOURS) }
    }

    /// Every day, in order.
    pub(super) fn days(&self) -> &[Day] {
        &self.days
    }

    /// Every sale, in order.
    pub(super) fn sale_events(&self) -> &[SaleEvent] {
        &self.sale_events
    }

    /// The days, each as likely as it is busy.
    pub(super) fn busy_days(&self) -> Odds {
        Odds::new(self.weights.iter().copied())
    }

    /// An instant of the day that starts at `start_us`; evenings are the busiest.
    pub(super) fn instant(&self, start_us: i64, stream: &mut Stream) -> i64 {
        let hour = self.hours.draw(stream) as i64;
        start_us
            + hour * HOUR_US
            + stream.between(0, 3599) * SECOND_US
            + stream.between(0, 999) * 1000
    }
}

fn date(day: i32) -> Option<NaiveDate> {
    NaiveDate::from_epoch_days(day)
}

/// The day of that date.
fn day(year: i32, month: u32, day: u32) -> Option<i32> {
    NaiveDate::from_ymd_opt(year, month, day).map(|date| date.to_epoch_days())
}

/// Growth, month and day of the week.
fn usual_weight(day: i32, date: NaiveDate) -> u64 {
    let elapsed = u64::from((day - FIRST_DAY).unsigned_abs());
    let growth = 1000 + 1100 * elapsed / u64::from((LAST_DAY - FIRST_DAY).unsigned_abs());
    growth * month_pct(date) * WEEKDAYS[date.weekday().num_days_from_monday() as usize]
}

/// The busyness of the months, without steps from one to the next.
fn month_pct(date: NaiveDate) -> u64 {
    let month = date.month0() as usize;
    let day = u64::from(date.day());
    let (before, after, share) = if day < 15 {
        (MONTHS[(month + 11) % 12], MONTHS[month], day + 15)
    } else {
        (MONTHS[month], MONTHS[(month + 1) % 12], day - 15)
    };
    (before * (30 - share.min(30)) + after * share.min(30)) / 30
}

/// What sales and holidays make of a day, in percent.
fn busyness(day: i32, date: NaiveDate, sale_events: &[SaleEvent]) -> u64 {
    let start_us = i64::from(day) * DAY_US;
    let sale = sale_events
        .iter()
        .filter(|sale| sale.starts_us < start_us + DAY_US && sale.ends_us > start_us)
        .map(|sale| sale.busyness)
        .max();
    let holiday = match (date.month(), date.day()) {
        (12, 10..=19) => 120,
        (12, 21..=23) => 85,
        (12, 24..=25) => 42,
        (1, 1) => 58,
        (7, 4) => 72,
        _ => 100,
    };
    sale.unwrap_or(100) * holiday / 100
}

/// The sales of both years: a few big days, and a flash sale on the first Friday of each month.
fn sale_events() -> Vec<SaleEvent> {
    let mut events = Vec::new();
    for year in [2024, 2025] {
        let thanksgiving = nth_weekday(year, 11, Weekday::Thu, 4);
        let whole_days = [
            ("Spring Sale", day(year, 3, 20), 2, 160, (10, 30)),
            ("Mid-Year Sale", day(year, 6, 18), 2, 175, (15, 35)),
            ("Back to School", day(year, 8, 22), 2, 150, (10, 25)),
            ("11.11", day(year, 11, 11), 1, 260, (20, 45)),
            ("Black Friday", thanksgiving.map(|day| day + 1), 1, 330, (20, 50)),
            ("Cyber Monday", thanksgiving.map(|day| day + 4), 1, 260, (20, 45)),
            ("12.12", day(year, 12, 12), 1, 165, (15, 35)),
        ];
        for (name, first_day, n_days, busyness, discount_pct) in whole_days {
            let Some(first_day) = first_day else { continue };
            let starts_us = i64::from(first_day) * DAY_US;
            let ends_us = starts_us + n_days * DAY_US;
            let name = format!("{name} {year}");
            events.push(SaleEvent { name, starts_us, ends_us, discount_pct, busyness });
        }
        for month in 1..=12 {
            let Some(friday) = nth_weekday(year, month, Weekday::Fri, 1) else { continue };
            let starts_us = i64::from(friday) * DAY_US + 10 * HOUR_US;
            events.push(SaleEvent {
                name: format!("Flash Friday {year}-{month:02}"),
                starts_us,
                ends_us: starts_us + 12 * HOUR_US,
                discount_pct: (10, 30),
                busyness: 140,
            });
        }
    }
    events.sort_by_key(|event| event.starts_us);
    events
}

fn nth_weekday(year: i32, month: u32, weekday: Weekday, n: u8) -> Option<i32> {
    NaiveDate::from_weekday_of_month_opt(year, month, weekday, n).map(|date| date.to_epoch_days())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sales_lie_on_their_days() {
        let check = |name: &str, expected: (i32, u32, u32)| {
            let event = sale_events().into_iter().find(|event| event.name == name).unwrap();
            let date = date((event.starts_us / DAY_US) as i32).unwrap();
            assert_eq!((date.year(), date.month(), date.day()), expected, "{name}");
        };
        check("Black Friday 2024", (2024, 11, 29));
        check("Black Friday 2025", (2025, 11, 28));
        check("Cyber Monday 2025", (2025, 12, 1));
        check("Flash Friday 2025-08", (2025, 8, 1));
    }

    #[test]
    fn the_counts_of_the_days_add_up() {
        let calendar = Calendar::new(&Plan::new(3, 1).unwrap());
        let days = calendar.days();
        assert_eq!(days.len(), 731);
        assert_eq!(days.iter().map(|day| day.n_orders).sum::<u64>(), 6000);
        assert_eq!(days.iter().map(|day| day.n_events).sum::<u64>(), 30_000);
        let last = days.last().unwrap();
        assert_eq!(last.first_order_id + last.n_orders, 6001);
    }
}
