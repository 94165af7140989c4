//! Orders and all that hangs on them.

use super::{CURRENCY, key};
use crate::marketplace::order::{self, Order};
use crate::marketplace::table::{Cell, TableWriter, Written};
use crate::marketplace::vocabulary::CARRIERS;
use crate::marketplace::{Market, MarketplaceError, schema};
use Cell::{Cents, Count, Id, Null, Text, Time};
use std::path::Path;

/// Writes the five tables day by day; `step` is called after each day.
pub(in crate::marketplace) fn write(
    dir: &Path,
    market: &Market<'_>,
    step: &dyn Fn(),
) -> Result<Vec<Written>, MarketplaceError> {
    let mut tables = OrderTables {
        orders: TableWriter::create(dir, &schema::ORDERS)?,
        items: TableWriter::create(dir, &schema::ORDER_ITEMS)?,
        payments: TableWriter::create(dir, &schema::PAYMENTS)?,
        shipments: TableWriter::create(dir, &schema::SHIPMENTS)?,
        reviews: TableWriter::create(dir, &schema::REVIEWS)?,
    };
    for day in market.calendar.days() {
        for order in order::of_day(market, day) {
            tables.push_order(market, &order)?;
            tables.push_items(market, &order)?;
            tables.push_aftermath(market, &order)?;
        }
        step();
    }
    let OrderTables { orders, items, payments, shipments, reviews } = tables;
    [orders, items, payments, shipments, reviews].into_iter().map(TableWriter::finish).collect()
}

struct OrderTables {
    orders: TableWriter,
    items: TableWriter,
    payments: TableWriter,
    shipments: TableWriter,
    reviews: TableWriter,
}

impl OrderTables {
    fn push_order(&mut self, market: &Market<'_>, order: &Order) -> Result<(), MarketplaceError> {
        let city = market.customers.users[order.user_idx].city;
        self.orders.push(&[
            Id(order.order_id),
            key(order.user_idx),
            Text(order.status),
            Text(order.platform),
            order.voucher_idx.map_or(Null, key),
            Text(CURRENCY),
            Cents(order.subtotal_cents()),
            Cents(order.discount_cents()),
            Cents(order.freight_cents()),
            Cents(order.total_cents()),
            Text(city.name),
            Text(city.state),
            Time(order.created_us),
            Time(order.updated_us),
        ])
    }

    fn push_items(&mut self, market: &Market<'_>, order: &Order) -> Result<(), MarketplaceError> {
        for (line_no, line) in (1..).zip(&order.lines) {
            self.items.push(&[
                Id(self.items.next_id()),
                Id(order.order_id),
                Count(line_no),
                key(line.product_idx),
                key(line.sku_idx),
                key(market.assortment.products[line.product_idx].seller_idx),
                Count(line.quantity),
                Cents(line.unit_price_cents),
                Cents(line.flash_discount_cents),
                Cents(line.voucher_discount_cents),
                Cents(line.total_cents()),
                Cents(line.freight_cents),
                Text(CURRENCY),
                Time(order.created_us),
            ])?;
        }
        Ok(())
    }

    fn push_aftermath(
        &mut self,
        market: &Market<'_>,
        order: &Order,
    ) -> Result<(), MarketplaceError> {
        for payment in &order.payments {
            self.payments.push(&[
                Id(self.payments.next_id()),
                Id(order.order_id),
                Text(payment.payment_type),
                Text(payment.status),
                Cents(payment.amount_cents),
                Text(CURRENCY),
                Time(payment.created_us),
                Time(payment.updated_us),
            ])?;
        }
        if let Some(shipment) = &order.shipment {
            let city = market.customers.users[order.user_idx].city;
            let tracking_no = format!("LF{:010}", order.order_id * 7 + 1_000_003);
            self.shipments.push(&[
                Id(self.shipments.next_id()),
                Id(order.order_id),
                key(city.warehouse_idx),
                Text(CARRIERS[shipment.carrier_idx]),
                Text(&tracking_no),
                Text(shipment.status),
                Time(shipment.promised_us),
                Time(shipment.shipped_us),
                Cell::time_or_null(shipment.delivered_us),
                Time(shipment.updated_us),
            ])?;
        }
        if let (Some(review), Some(line)) = (&order.review, order.lines.first()) {
            self.reviews.push(&[
                Id(self.reviews.next_id()),
                Id(order.order_id),
                key(line.product_idx),
                key(order.user_idx),
                Count(review.rating),
                review.comment.map_or(Null, Text),
                Time(review.created_us),
            ])?;
        }
        Ok(())
    }
}
