//! Vouchers and flash sales.

use super::assortment::Assortment;
use super::calendar::{Calendar, DAY_US, NOW_US};
use super::random::{Stream, Topic};
use super::{FIRST_DAY, Plan};

/// What a voucher takes off.
#[derive(Clone, Copy)]
pub(super) enum Reduction {
    Percent(i64),
    Cents(i64),
}

/// A voucher. Its position is its id less one.
pub(super) struct Voucher {
    pub(super) code: String,
    pub(super) reduction: Reduction,
    pub(super) min_order_cents: i64,
    pub(super) from_us: i64,
    pub(super) until_us: i64,
}

impl Voucher {
    /// What it takes off an order of `subtotal_cents` at `time_us`; `None` when it does not hold.
    pub(super) fn discount_cents(&self, subtotal_cents: i64, time_us: i64) -> Option<i64> {
        let holds = (self.from_us..self.until_us).contains(&time_us)
            && subtotal_cents >= self.min_order_cents;
        holds.then_some(match self.reduction {
            Reduction::Percent(percent) => subtotal_cents * percent / 100,
            Reduction::Cents(cents) => cents,
        })
    }
}

/// A product that is cheaper for some hours. Its position is its id less one.
pub(super) struct FlashSale {
    /// The position of the sale in the calendar.
    pub(super) event_idx: usize,
    pub(super) product_idx: usize,
    pub(super) discount_pct: i64,
}

/// Every voucher and flash sale.
pub(super) struct Promotions {
    pub(super) vouchers: Vec<Voucher>,
    pub(super) flash_sales: Vec<FlashSale>,
    /// Of each sale of the calendar: when it starts and ends, and its part of `flash_sales`.
    events: Vec<(i64, i64, std::ops::Range<usize>)>,
}

impl Promotions {
    pub(super) fn new(plan: &Plan, calendar: &Calendar, assortment: &Assortment) -> Promotions {
        let mut stream = Stream::new(plan.seed(), Topic::Promotions, 0);
        let n_products = assortment.products.len();
        let mut flash_sales = Vec::new();
        let mut events = Vec::new();
        for (event_idx, event) in calendar.sale_events().iter().enumerate() {
            let first = flash_sales.len();
            let mut product_idxs: Vec<usize> =
                (0..8 + n_products / 40).map(|_| stream.position(n_products)).collect();
            product_idxs.sort_unstable();
            product_idxs.dedup();
            product_idxs.retain(|&idx| assortment.products[idx].created_us <= event.starts_us);
            stream.shuffle(&mut product_idxs);
            let (low, high) = event.discount_pct;
            for product_idx in product_idxs {
                let discount_pct = stream.between(low / 5, high / 5) * 5;
                flash_sales.push(FlashSale { event_idx, product_idx, discount_pct });
            }
            events.push((event.starts_us, event.ends_us, first..flash_sales.len()));
        }
        Promotions { vouchers: vouchers(), flash_sales, events }
    }

    /// The flash sales that run at `time_us`.
    pub(super) fn running(&self, time_us: i64) -> &[FlashSale] {
        let upto = self.events.partition_point(|(starts_us, ..)| *starts_us <= time_us);
        self.events[..upto]
            .iter()
            .rev()
            .take(3)
            .find(|(_, ends_us, _)| time_us < *ends_us)
            .map_or(&[], |(.., range)| &self.flash_sales[range.clone()])
    }
}

/// Two that always hold, one of each month, and those of a few big days.
fn vouchers() -> Vec<Voucher> {
    let first_us = i64::from(FIRST_DAY) * DAY_US;
    let always = |code: &str, reduction, min_order_cents| Voucher {
        code: code.to_owned(),
        reduction,
        min_order_cents,
        from_us: first_us,
        until_us: NOW_US,
    };
    let mut vouchers = vec![
        always("WELCOME5", Reduction::Cents(500), 2500),
        always("BIGBASKET20", Reduction::Cents(2000), 15_000),
    ];
    let months = [
        ("JAN", 31),
        ("FEB", 28),
        ("MAR", 31),
        ("APR", 30),
        ("MAY", 31),
        ("JUN", 30),
        ("JUL", 31),
        ("AUG", 31),
        ("SEP", 30),
        ("OCT", 31),
        ("NOV", 30),
        ("DEC", 31),
    ];
    let mut from_us = first_us;
    for year in [24, 25] {
        for (month, n_days) in months {
            let n_days = if (year, month) == (24, "FEB") { 29 } else { n_days };
            let until_us = from_us + n_days * DAY_US;
            let percent = match month {
                "NOV" => 15,
                "DEC" | "JUN" => 12,
                _ => 8,
            };
            vouchers.push(Voucher {
                code: format!("{month}{year}"),
                reduction: Reduction::Percent(percent),
                min_order_cents: 4000,
                from_us,
                until_us,
            });
            from_us = until_us;
        }
    }
    vouchers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voucher_holds_within_its_month_and_from_its_minimum() {
        let vouchers = vouchers();
        let june = vouchers.iter().find(|voucher| voucher.code == "JUN25").unwrap();
        let check = |cents, time_us, expected| {
            assert_eq!(june.discount_cents(cents, time_us), expected);
        };
        check(10_000, june.from_us, Some(1200));
        check(3999, june.from_us, None);
        check(10_000, june.from_us - 1, None);
        check(10_000, june.until_us, None);
        assert_eq!(vouchers.last().unwrap().until_us, NOW_US);
    }
}
