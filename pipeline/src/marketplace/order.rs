//! The orders of one day, with everything that became of them by the end of the last day.

use super::Market;
use super::calendar::{DAY_US, Day, HOUR_US, NOW_US, SECOND_US};
use super::customers::PLATFORMS;
use super::random::{Stream, Topic};
use super::vocabulary::COMMENTS;

/// Subtotals from here on ship for free.
const FREE_FREIGHT_CENTS: i64 = 9900;

/// An order.
pub(super) struct Order {
    pub(super) order_id: u64,
    pub(super) user_idx: usize,
    pub(super) platform: &'static str,
    pub(super) status: &'static str,
    pub(super) voucher_idx: Option<usize>,
    pub(super) created_us: i64,
    pub(super) updated_us: i64,
    pub(super) lines: Vec<Line>,
    pub(super) payments: Vec<Payment>,
    pub(super) shipment: Option<Shipment>,
    pub(super) review: Option<Review>,
}

impl Order {
    /// The sum of the lines before the voucher.
    pub(super) fn subtotal_cents(&self) -> i64 {
        self.lines.iter().map(Line::before_voucher_cents).sum()
    }

    /// What the voucher takes off.
    pub(super) fn discount_cents(&self) -> i64 {
        self.lines.iter().map(|line| line.voucher_discount_cents).sum()
    }

    /// What the parcel costs.
    pub(super) fn freight_cents(&self) -> i64 {
        self.lines.iter().map(|line| line.freight_cents).sum()
    }

    /// What the customer pays.
    pub(super) fn total_cents(&self) -> i64 {
        self.subtotal_cents() - self.discount_cents() + self.freight_cents()
    }
}

/// A line of an order.
pub(super) struct Line {
    pub(super) product_idx: usize,
    pub(super) sku_idx: usize,
    pub(super) quantity: i64,
    pub(super) unit_price_cents: i64,
    pub(super) flash_discount_cents: i64,
    pub(super) voucher_discount_cents: i64,
    pub(super) freight_cents: i64,
}

impl Line {
    fn before_voucher_cents(&self) -> i64 {
        self.quantity * self.unit_price_cents - self.flash_discount_cents
    }

    /// What the line costs without freight.
    pub(super) fn total_cents(&self) -> i64 {
        self.before_voucher_cents() - self.voucher_discount_cents
    }
}

/// A payment or an attempt.
pub(super) struct Payment {
    pub(super) payment_type: &'static str,
    pub(super) status: &'static str,
    pub(super) amount_cents: i64,
    pub(super) created_us: i64,
    pub(super) updated_us: i64,
}

/// A parcel.
pub(super) struct Shipment {
    pub(super) status: &'static str,
    pub(super) promised_us: i64,
    pub(super) shipped_us: i64,
    pub(super) delivered_us: Option<i64>,
    pub(super) updated_us: i64,
    /// A position among the carriers.
    pub(super) carrier_idx: usize,
}

/// What the customer says of the first line.
pub(super) struct Review {
    pub(super) rating: i64,
    pub(super) comment: Option<&'static str>,
    pub(super) created_us: i64,
}

/// The orders of `day`, by time. Every call gives the same.
pub(super) fn of_day(market: &Market<'_>, day: &Day) -> Vec<Order> {
    let mut stream = Stream::new(market.plan.seed(), Topic::Orders, day.day.unsigned_abs().into());
    let mut times: Vec<i64> =
        (0..day.n_orders).map(|_| market.calendar.instant(day.start_us(), &mut stream)).collect();
    times.sort_unstable();
    times
        .into_iter()
        .zip(day.first_order_id..)
        .map(|(created_us, order_id)| order(market, day, order_id, created_us, &mut stream))
        .collect()
}

fn order(
    market: &Market<'_>,
    day: &Day,
    order_id: u64,
    created_us: i64,
    stream: &mut Stream,
) -> Order {
    let user_idx = market.customers.draw(created_us, stream);
    let user = &market.customers.users[user_idx];
    let platform = match stream.permille(820) {
        true => user.platform,
        false => PLATFORMS[stream.weighted(&[30, 30, 34, 6])],
    };
    let mut lines = lines(market, day, created_us, stream);
    let voucher_idx = redeem(market, created_us, &mut lines, stream);
    freight(market, &mut lines);
    let mut order = Order {
        order_id,
        user_idx,
        platform,
        status: "pending",
        voucher_idx,
        created_us,
        updated_us: created_us,
        lines,
        payments: Vec::new(),
        shipment: None,
        review: None,
    };
    live(market, day, &mut order, stream);
    order
}

fn lines(market: &Market<'_>, day: &Day, time_us: i64, stream: &mut Stream) -> Vec<Line> {
    let assortment = &market.assortment;
    let flash_sales = market.promotions.running(time_us);
    let n_lines = 1 + stream.weighted(&[62, 22, 10, 4, 2]);
    let mut lines: Vec<Line> = Vec::with_capacity(n_lines);
    for _ in 0..n_lines {
        let flash_sale = if !flash_sales.is_empty() && stream.permille(400) {
            let n = flash_sales.len();
            flash_sales.get(stream.position(n).min(stream.position(n)))
        } else {
            None
        };
        let product_idx = match flash_sale {
            Some(flash_sale) => flash_sale.product_idx,
            None => assortment.draw_product(time_us, day.month0, stream),
        };
        let sku_idx = assortment.draw_sku(product_idx, stream);
        let quantity = 1 + stream.weighted(&[84, 12, 4]) as i64;
        if lines.iter().any(|line| line.sku_idx == sku_idx) {
            continue;
        }
        // Who finds a product in a flash sale by himself gets the lower price, too.
        let flash_sale =
            flash_sale.or_else(|| flash_sales.iter().find(|sale| sale.product_idx == product_idx));
        let unit_price_cents = assortment.skus[sku_idx].price_cents;
        let discount_pct = flash_sale.map_or(0, |flash_sale| flash_sale.discount_pct);
        lines.push(Line {
            product_idx,
            sku_idx,
            quantity,
            unit_price_cents,
            flash_discount_cents: quantity * unit_price_cents * discount_pct / 100,
            voucher_discount_cents: 0,
            freight_cents: 0,
        });
    }
    lines
}

/// Redeems a voucher now and then and shares its discount among the lines, to the cent.
fn redeem(
    market: &Market<'_>,
    time_us: i64,
    lines: &mut [Line],
    stream: &mut Stream,
) -> Option<usize> {
    if !stream.permille(220) {
        return None;
    }
    let subtotal_cents: i64 = lines.iter().map(Line::before_voucher_cents).sum();
    let voucher_idx = stream.position(market.promotions.vouchers.len());
    let holding = |idx: usize| {
        let voucher = &market.promotions.vouchers[idx];
        voucher.discount_cents(subtotal_cents, time_us).map(|discount_cents| (idx, discount_cents))
    };
    // Of all codes those that hold are few: the one drawn, else the newest.
    let n = market.promotions.vouchers.len();
    let (voucher_idx, discount_cents) =
        holding(voucher_idx).or_else(|| (0..n).rev().find_map(holding))?;
    let mut left_cents = discount_cents;
    let n_lines = lines.len();
    for (idx, line) in lines.iter_mut().enumerate() {
        let share = discount_cents * line.before_voucher_cents() / subtotal_cents.max(1);
        line.voucher_discount_cents = if idx + 1 == n_lines { left_cents } else { share };
        left_cents -= line.voucher_discount_cents;
    }
    Some(voucher_idx)
}

/// Freight by weight; large orders ship for free.
fn freight(market: &Market<'_>, lines: &mut [Line]) {
    let total_cents: i64 = lines.iter().map(Line::total_cents).sum();
    if total_cents >= FREE_FREIGHT_CENTS {
        return;
    }
    for (idx, line) in lines.iter_mut().enumerate() {
        let weight_g = market.assortment.products[line.product_idx].weight_g * line.quantity;
        let parcel_cents = if idx == 0 { 395 } else { 95 };
        line.freight_cents = parcel_cents + weight_g * 9 / 100;
    }
}

/// Draws what happens to the order, and keeps what has happened by the end of the last day.
fn live(market: &Market<'_>, day: &Day, order: &mut Order, stream: &mut Stream) {
    let types = ["credit_card", "paypal", "debit_card", "apple_pay", "bank_transfer"];
    let payment_type = types[stream.weighted(&[46, 22, 16, 9, 7])];
    let paid_us = order.created_us
        + match payment_type {
            "bank_transfer" => stream.between(5, 47) * HOUR_US,
            _ => stream.between(20, 900) * SECOND_US,
        };
    let cancelled_us = stream
        .permille(45)
        .then(|| order.created_us + stream.between(20, 2300) * 60 * SECOND_US)
        .filter(|&cancelled_us| cancelled_us < NOW_US);
    let peak_pct = if day.is_peak() { 140 } else { 100 };
    let packing_us = stream.between(5 * 60, 50 * 60) * 60 * SECOND_US;
    let shipped_us = paid_us + packing_us * peak_pct / 100;
    let late_us = if stream.permille(60) { stream.between(3, 9) * DAY_US } else { 0 };
    let delivered_us = shipped_us + stream.between(20, 130) * HOUR_US * peak_pct / 100 + late_us;
    let is_fashion = order
        .lines
        .iter()
        .any(|line| market.assortment.products[line.product_idx].root.name == "Fashion");
    let returned_us = stream
        .permille(if is_fashion { 115 } else { 45 })
        .then(|| delivered_us + stream.between(2 * 24, 18 * 24) * HOUR_US)
        .filter(|&returned_us| returned_us < NOW_US);
    let carrier_idx = stream.weighted(&[40, 30, 20, 10]);

    (order.status, order.updated_us) = match (cancelled_us, returned_us) {
        (Some(cancelled_us), _) => ("cancelled", cancelled_us),
        (None, Some(returned_us)) => ("returned", returned_us),
        _ if delivered_us < NOW_US => ("delivered", delivered_us),
        _ if shipped_us < NOW_US => ("shipped", shipped_us),
        _ if paid_us < NOW_US => ("processing", paid_us),
        _ => ("pending", order.created_us),
    };
    pay(order, payment_type, paid_us, stream);
    if matches!(order.status, "shipped" | "delivered" | "returned") {
        order.shipment = Some(Shipment {
            status: match order.status {
                "shipped" => "in_transit",
                status => status,
            },
            promised_us: order.created_us + 7 * DAY_US,
            shipped_us,
            delivered_us: Some(delivered_us).filter(|&delivered_us| delivered_us < NOW_US),
            updated_us: order.updated_us,
            carrier_idx,
        });
        order.review = review(delivered_us, late_us, stream);
    }
}

/// What was paid and how. Whatever did not fail adds up to the total.
fn pay(order: &mut Order, payment_type: &'static str, paid_us: i64, stream: &mut Stream) {
    let status = match order.status {
        "cancelled" if paid_us > order.updated_us => "voided",
        "cancelled" | "returned" => "refunded",
        "pending" => "pending",
        _ => "captured",
    };
    let updated_us = match status {
        "captured" => paid_us,
        _ => order.updated_us,
    };
    let total_cents = order.total_cents();
    let created_us = order.created_us;
    let payment = |payment_type, amount_cents| Payment {
        payment_type,
        status,
        amount_cents,
        created_us,
        updated_us,
    };
    if stream.permille(30) {
        let failed_us = created_us + 15 * SECOND_US;
        let status = "failed";
        order.payments.push(Payment {
            status,
            updated_us: failed_us,
            ..payment(payment_type, total_cents)
        });
    }
    let gift_cents = match stream.permille(60) {
        true => total_cents * stream.between(10, 60) / 100,
        false => 0,
    };
    if gift_cents > 0 {
        order.payments.push(payment("gift_card", gift_cents));
    }
    order.payments.push(payment(payment_type, total_cents - gift_cents));
}

fn review(delivered_us: i64, late_us: i64, stream: &mut Stream) -> Option<Review> {
    let created_us = delivered_us + stream.between(6, 240) * HOUR_US;
    if !stream.permille(400) || created_us >= NOW_US {
        return None;
    }
    let stars: [u64; 5] = if late_us > 0 { [24, 20, 24, 18, 14] } else { [3, 4, 11, 29, 53] };
    let star_idx = stream.weighted(&stars);
    let comment = stream.permille(600).then(|| stream.pick(&COMMENTS[star_idx]));
    Some(Review { rating: star_idx as i64 + 1, comment, created_us })
}
