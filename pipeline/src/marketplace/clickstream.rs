//! The clicks of one day: sessions that end in one of its orders, and sessions that do not.

use super::Market;
use super::calendar::{DAY_US, Day, SECOND_US};
use super::customers::PLATFORMS;
use super::order::Order;
use super::random::{Stream, Topic};

/// Where visitors come from.
const CHANNELS: [&str; 6] = ["search", "direct", "social", "email", "ads", "affiliate"];

/// How often each channel is the one.
const CHANNEL_ODDS: [u64; 6] = [34, 26, 14, 10, 12, 4];

/// What a visitor does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    View,
    Cart,
    RemoveFromCart,
    Purchase,
}

impl Action {
    pub(super) fn name(self) -> &'static str {
        match self {
            Action::View => "view",
            Action::Cart => "cart",
            Action::RemoveFromCart => "remove_from_cart",
            Action::Purchase => "purchase",
        }
    }
}

/// A click.
pub(super) struct Click {
    pub(super) time_us: i64,
    pub(super) session_id: u64,
    pub(super) user_idx: Option<usize>,
    pub(super) action: Action,
    pub(super) product_idx: usize,
    /// Views are of a product; everything else is of a SKU.
    pub(super) sku_idx: Option<usize>,
    pub(super) quantity: i64,
    pub(super) order_id: Option<u64>,
    pub(super) platform: &'static str,
    pub(super) channel: &'static str,
}

/// The clicks of `day` by time, exactly as many as the calendar says.
pub(super) fn of_day(market: &Market<'_>, day: &Day, orders: &[Order]) -> Vec<Click> {
    let n_clicks = day.n_events as usize;
    let mut visits = Visits {
        market,
        day,
        stream: Stream::new(market.plan.seed(), Topic::Clicks, day.day.unsigned_abs().into()),
        clicks: Vec::with_capacity(n_clicks),
        next_session_id: u64::from(day.day.unsigned_abs()) * 10_000_000,
    };
    for order in orders {
        // Of the buyers about one in eight lets the shop follow his clicks.
        if visits.stream.permille(125) {
            visits.buy(order, n_clicks - visits.clicks.len());
        }
    }
    while visits.clicks.len() < n_clicks {
        visits.browse(n_clicks - visits.clicks.len());
    }
    let mut clicks = visits.clicks;
    clicks.sort_by_key(|click| (click.time_us, click.session_id));
    clicks
}

struct Visits<'m, 'p> {
    market: &'m Market<'p>,
    day: &'m Day,
    stream: Stream,
    clicks: Vec<Click>,
    next_session_id: u64,
}

impl Visits<'_, '_> {
    /// A session that ends in `order`; none when it has more than `n_left` clicks.
    fn buy(&mut self, order: &Order, n_left: usize) {
        let first = self.clicks.len();
        let blank = Click {
            time_us: 0,
            session_id: self.next_session_id,
            user_idx: Some(order.user_idx),
            action: Action::View,
            product_idx: 0,
            sku_idx: None,
            quantity: 0,
            order_id: None,
            platform: order.platform,
            channel: CHANNELS[self.stream.weighted(&CHANNEL_ODDS)],
        };
        for line in &order.lines {
            for _ in 0..self.stream.below(3) {
                let product_idx = self.product();
                self.clicks.push(Click { product_idx, ..blank });
            }
            let product_idx = line.product_idx;
            self.clicks.push(Click { product_idx, ..blank });
            let (sku_idx, quantity) = (Some(line.sku_idx), line.quantity);
            let action = Action::Cart;
            self.clicks.push(Click { action, product_idx, sku_idx, quantity, ..blank });
        }
        let n_before = self.clicks.len() - first;
        if n_before + order.lines.len() > n_left {
            self.clicks.truncate(first);
            return;
        }
        let start_us = (order.created_us - self.stream.between(180, 2700) * SECOND_US)
            .max(self.day.start_us());
        let step_us = (order.created_us - start_us) / (n_before as i64 + 1);
        for (idx, click) in self.clicks[first..].iter_mut().enumerate() {
            click.time_us = start_us + step_us * idx as i64;
        }
        for line in &order.lines {
            self.clicks.push(Click {
                time_us: order.created_us,
                action: Action::Purchase,
                product_idx: line.product_idx,
                sku_idx: Some(line.sku_idx),
                quantity: line.quantity,
                order_id: Some(order.order_id),
                ..blank
            });
        }
        self.next_session_id += 1;
    }

    /// A session without an order, of at most `n_left` clicks.
    fn browse(&mut self, n_left: usize) {
        let market = self.market;
        let mut time_us = market.calendar.instant(self.day.start_us(), &mut self.stream);
        let user_idx =
            self.stream.permille(450).then(|| market.customers.draw(time_us, &mut self.stream));
        let platform = match user_idx {
            Some(user_idx) => market.customers.users[user_idx].platform,
            None => PLATFORMS[self.stream.weighted(&[48, 22, 28, 2])],
        };
        let mut click = Click {
            time_us,
            session_id: self.next_session_id,
            user_idx,
            action: Action::View,
            product_idx: self.product(),
            sku_idx: None,
            quantity: 0,
            order_id: None,
            platform,
            channel: CHANNELS[self.stream.weighted(&CHANNEL_ODDS)],
        };
        self.next_session_id += 1;
        let day_end_us = self.day.start_us() + DAY_US - 1;
        for _ in 0..n_left {
            self.clicks.push(Click { ..click });
            if self.stream.permille(270) {
                break;
            }
            time_us += self.stream.between(8, 150) * SECOND_US;
            click.time_us = time_us.min(day_end_us);
            let after = match click.action {
                Action::View => self.stream.weighted(&[84, 16, 0]),
                Action::Cart => self.stream.weighted(&[78, 0, 22]),
                Action::RemoveFromCart | Action::Purchase => 0,
            };
            match after {
                1 => {
                    let sku_idx = market.assortment.draw_sku(click.product_idx, &mut self.stream);
                    click.action = Action::Cart;
                    click.sku_idx = Some(sku_idx);
                    click.quantity = 1 + self.stream.weighted(&[84, 12, 4]) as i64;
                }
                2 => click.action = Action::RemoveFromCart,
                _ => {
                    click.action = Action::View;
                    (click.sku_idx, click.quantity) = (None, 0);
                    if !self.stream.permille(200) {
                        click.product_idx = self.product();
                    }
                }
            }
        }
    }

    fn product(&mut self) -> usize {
        // What is looked at was on sale when the day began, so that no click precedes a launch.
        let assortment = &self.market.assortment;
        assortment.draw_product(self.day.start_us(), self.day.month0, &mut self.stream)
    }
}
