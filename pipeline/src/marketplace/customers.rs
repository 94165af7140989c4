//! Who buys.

use super::calendar::{Calendar, DAY_US};
use super::random::{Odds, Stream, Topic};
use super::vocabulary::{CITIES, City, FIRST_NAMES, LAST_NAMES};
use super::{FIRST_DAY, Plan};

/// Where visitors come from.
pub(super) const PLATFORMS: [&str; 4] = ["web", "ios", "android", "partner"];

/// A customer. Its position is its id less one; earlier ones signed up earlier.
pub(super) struct User {
    pub(super) first_name: &'static str,
    pub(super) last_name: &'static str,
    pub(super) city: &'static City,
    pub(super) platform: &'static str,
    pub(super) marketing_opt_in: bool,
    pub(super) created_us: i64,
    /// Who has more buys more.
    loyalty: u32,
}

/// Every customer.
pub(super) struct Customers {
    pub(super) users: Vec<User>,
}

impl Customers {
    pub(super) fn new(plan: &Plan, calendar: &Calendar) -> Customers {
        let mut stream = Stream::new(plan.seed(), Topic::Users, 0);
        let n_users = plan.n(500);
        // A third was there before the first day; the others came as the shop grew.
        let n_before = n_users * 35 / 100;
        let days = calendar.busy_days();
        let mut sign_ups: Vec<i64> = (0..n_users)
            .map(|idx| {
                let day = if idx < n_before {
                    FIRST_DAY - stream.between(1, 800) as i32
                } else {
                    calendar.days()[days.draw(&mut stream)].day
                };
                calendar.instant(i64::from(day) * DAY_US, &mut stream)
            })
            .collect();
        sign_ups.sort_unstable();
        let city_odds = Odds::new(CITIES.iter().map(|city| city.share));
        let users = sign_ups
            .into_iter()
            .map(|created_us| User {
                first_name: stream.pick(&FIRST_NAMES),
                last_name: stream.pick(&LAST_NAMES),
                city: &CITIES[city_odds.draw(&mut stream)],
                platform: PLATFORMS[stream.weighted(&[36, 28, 32, 4])],
                marketing_opt_in: stream.permille(420),
                created_us,
                loyalty: stream.below(1 << 32) as u32,
            })
            .collect();
        Customers { users }
    }

    /// The position of a customer who has signed up by `time_us`; loyal ones come more often.
    pub(super) fn draw(&self, time_us: i64, stream: &mut Stream) -> usize {
        let n_users = self.users.partition_point(|user| user.created_us <= time_us);
        (0..3)
            .map(|_| stream.position(n_users))
            .max_by_key(|&idx| self.users[idx].loyalty)
            .unwrap_or(0)
    }
}
