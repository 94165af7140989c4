//! Clicks, and the carts that they leave.

use super::key;
use crate::marketplace::calendar::{DAY_US, NOW_US};
use crate::marketplace::clickstream::{self, Action};
use crate::marketplace::table::{Cell, TableWriter, Written};
use crate::marketplace::{Market, MarketplaceError, order, schema};
use Cell::{Count, Id, Null, Text, Time};
use std::collections::BTreeMap;
use std::path::Path;

/// Carts keep what was put in during this long.
const CART_KEEPS_US: i64 = 45 * DAY_US;

/// What lies in a cart: how many, since when, changed when.
type InCart = (i64, i64, i64);

/// Writes the two tables day by day; `step` is called after each day.
pub(in crate::marketplace) fn write(
    dir: &Path,
    market: &Market<'_>,
    step: &dyn Fn(),
) -> Result<Vec<Written>, MarketplaceError> {
    let mut events = TableWriter::create(dir, &schema::USER_EVENTS)?;
    let mut carts: BTreeMap<(usize, usize), InCart> = BTreeMap::new();
    for day in market.calendar.days() {
        let orders = order::of_day(market, day);
        for click in clickstream::of_day(market, day, &orders) {
            events.push(&[
                Id(events.next_id()),
                Id(click.session_id),
                click.user_idx.map_or(Null, key),
                Text(click.action.name()),
                key(click.product_idx),
                click.sku_idx.map_or(Null, key),
                if click.quantity > 0 { Count(click.quantity) } else { Null },
                Cell::id_or_null(click.order_id),
                Text(click.platform),
                Text(click.channel),
                Time(click.time_us),
            ])?;
            let (Some(user_idx), Some(sku_idx)) = (click.user_idx, click.sku_idx) else { continue };
            if click.time_us < NOW_US - CART_KEEPS_US {
                continue;
            }
            match click.action {
                Action::View => {}
                Action::Cart => {
                    let (quantity, _, updated_us) =
                        carts.entry((user_idx, sku_idx)).or_insert((0, click.time_us, 0));
                    *quantity += click.quantity;
                    *updated_us = click.time_us;
                }
                Action::RemoveFromCart | Action::Purchase => {
                    carts.remove(&(user_idx, sku_idx));
                }
            }
        }
        step();
    }
    let mut cart_items = TableWriter::create(dir, &schema::CART_ITEMS)?;
    for ((user_idx, sku_idx), (quantity, added_us, updated_us)) in carts {
        cart_items.push(&[
            Id(cart_items.next_id()),
            key(user_idx),
            key(sku_idx),
            Count(quantity),
            Time(added_us),
            Time(updated_us),
        ])?;
    }
    Ok(vec![events.finish()?, cart_items.finish()?])
}
