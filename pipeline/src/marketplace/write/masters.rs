//! The tables that do not grow by the day.

use super::{CURRENCY, key};
use crate::marketplace::calendar::{HOUR_US, NOW_US};
use crate::marketplace::promotion::Reduction;
use crate::marketplace::random::{Stream, Topic};
use crate::marketplace::table::{Cell, TableWriter, Written};
use crate::marketplace::vocabulary::WAREHOUSES;
use crate::marketplace::{Market, MarketplaceError, schema};
use Cell::{Cents, Count, Flag, Id, Text, Time};
use std::path::Path;

/// Writes them all.
pub(in crate::marketplace) fn write(
    dir: &Path,
    market: &Market<'_>,
) -> Result<Vec<Written>, MarketplaceError> {
    Ok(vec![
        users(dir, market)?,
        sellers(dir, market)?,
        categories(dir, market)?,
        products(dir, market)?,
        skus(dir, market)?,
        warehouses(dir, market)?,
        inventory(dir, market)?,
        vouchers(dir, market)?,
        flash_sales(dir, market)?,
    ])
}

fn users(dir: &Path, market: &Market<'_>) -> Result<Written, MarketplaceError> {
    let mut table = TableWriter::create(dir, &schema::USERS)?;
    for (idx, user) in market.customers.users.iter().enumerate() {
        let full_name = format!("{} {}", user.first_name, user.last_name);
        let email = format!("{}.{}.{}@example.com", user.first_name, user.last_name, idx + 1);
        table.push(&[
            key(idx),
            Text(&full_name),
            Text(&email.to_ascii_lowercase()),
            Text(user.city.name),
            Text(user.city.state),
            Text("US"),
            Text(user.platform),
            Flag(user.marketing_opt_in),
            Time(user.created_us),
            Time(user.created_us),
        ])?;
    }
    table.finish()
}

fn sellers(dir: &Path, market: &Market<'_>) -> Result<Written, MarketplaceError> {
    let mut table = TableWriter::create(dir, &schema::SELLERS)?;
    for (idx, seller) in market.assortment.sellers.iter().enumerate() {
        table.push(&[
            key(idx),
            Text(&seller.name),
            Text(seller.city.name),
            Text(seller.city.state),
            Cents(seller.commission_bp),
            Text(seller.status),
            Time(seller.created_us),
            Time(seller.created_us),
        ])?;
    }
    table.finish()
}

fn categories(dir: &Path, market: &Market<'_>) -> Result<Written, MarketplaceError> {
    let mut table = TableWriter::create(dir, &schema::CATEGORIES)?;
    for (idx, category) in market.assortment.categories.iter().enumerate() {
        table.push(&[
            key(idx),
            Cell::id_or_null(category.parent_id),
            Count(category.level),
            Text(category.name),
            Text(&category.path),
        ])?;
    }
    table.finish()
}

fn products(dir: &Path, market: &Market<'_>) -> Result<Written, MarketplaceError> {
    let mut table = TableWriter::create(dir, &schema::PRODUCTS)?;
    for (idx, product) in market.assortment.products.iter().enumerate() {
        table.push(&[
            key(idx),
            key(product.seller_idx),
            Id(product.category_id),
            Text(product.brand),
            Text(&product.name),
            Cents(product.list_price_cents),
            Text(CURRENCY),
            Count(product.weight_g),
            Time(product.created_us),
            Time(product.created_us),
        ])?;
    }
    table.finish()
}

fn skus(dir: &Path, market: &Market<'_>) -> Result<Written, MarketplaceError> {
    let mut table = TableWriter::create(dir, &schema::PRODUCT_SKUS)?;
    for (idx, sku) in market.assortment.skus.iter().enumerate() {
        let product = &market.assortment.products[sku.product_idx];
        let variant_no = idx - product.first_sku_idx + 1;
        let sku_code = format!("P{:06}-{variant_no}", sku.product_idx + 1);
        table.push(&[
            key(idx),
            key(sku.product_idx),
            Text(&sku_code),
            Text(sku.variant),
            Cents(sku.price_cents),
            Cents(sku.cost_cents),
            Text(CURRENCY),
            Time(product.created_us),
            Time(product.created_us),
        ])?;
    }
    table.finish()
}

fn warehouses(dir: &Path, market: &Market<'_>) -> Result<Written, MarketplaceError> {
    let mut table = TableWriter::create(dir, &schema::WAREHOUSES)?;
    for (idx, warehouse) in WAREHOUSES.iter().enumerate() {
        table.push(&[
            key(idx),
            Text(warehouse.code),
            Text(warehouse.name),
            Text(warehouse.city),
            Text(warehouse.state),
            Count(warehouse.capacity_units * i64::from(market.plan.scale())),
            Cell::Day(warehouse.opened_on),
        ])?;
    }
    table.finish()
}

/// Each SKU lies in one to five warehouses; a few are out of stock.
fn inventory(dir: &Path, market: &Market<'_>) -> Result<Written, MarketplaceError> {
    let mut table = TableWriter::create(dir, &schema::INVENTORY)?;
    let mut stream = Stream::new(market.plan.seed(), Topic::Inventory, 0);
    for idx in 0..market.assortment.skus.len() {
        let first = stream.position(WAREHOUSES.len());
        for offset in 0..=stream.weighted(&[30, 35, 20, 10, 5]) {
            let reorder_point = stream.between(5, 60);
            let on_hand = match stream.weighted(&[4, 12, 84]) {
                0 => 0,
                1 => stream.between(1, reorder_point),
                _ => reorder_point + stream.between(1, 240),
            };
            table.push(&[
                Id(table.next_id()),
                key(idx),
                key((first + offset) % WAREHOUSES.len()),
                Count(on_hand),
                Count(on_hand * stream.between(0, 15) / 100),
                Count(reorder_point),
                Time(NOW_US - stream.between(1, 72) * HOUR_US),
            ])?;
        }
    }
    table.finish()
}

fn vouchers(dir: &Path, market: &Market<'_>) -> Result<Written, MarketplaceError> {
    let mut table = TableWriter::create(dir, &schema::VOUCHERS)?;
    for (idx, voucher) in market.promotions.vouchers.iter().enumerate() {
        let (kind, value) = match voucher.reduction {
            Reduction::Percent(percent) => ("percent", percent * 100),
            Reduction::Cents(cents) => ("amount", cents),
        };
        table.push(&[
            key(idx),
            Text(&voucher.code),
            Text(kind),
            Cents(value),
            Cents(voucher.min_order_cents),
            Text(CURRENCY),
            Time(voucher.from_us),
            Time(voucher.until_us),
        ])?;
    }
    table.finish()
}

fn flash_sales(dir: &Path, market: &Market<'_>) -> Result<Written, MarketplaceError> {
    let mut table = TableWriter::create(dir, &schema::FLASH_SALES)?;
    for (idx, flash_sale) in market.promotions.flash_sales.iter().enumerate() {
        let event = &market.calendar.sale_events()[flash_sale.event_idx];
        table.push(&[
            key(idx),
            Text(&event.name),
            key(flash_sale.product_idx),
            Cents(flash_sale.discount_pct * 100),
            Time(event.starts_us),
            Time(event.ends_us),
        ])?;
    }
    table.finish()
}
