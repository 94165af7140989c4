//! The sixteen source tables and their columns.

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use std::sync::Arc;

/// A source table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Its name; its file is `<name>.parquet`.
    pub name: &'static str,
    /// One sentence on what a row is.
    pub description: &'static str,
    /// Its columns, in order. As in most exports, all of them may be null for the reader.
    pub columns: &'static [Column],
}

impl Source {
    /// The schema of the file.
    pub fn arrow(&self) -> SchemaRef {
        let fields = self.columns.iter().map(|c| Field::new(c.name, c.kind.arrow(), true));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }
}

/// A column of a source table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A key: `Int64`, from 1.
    Id,
    /// A small number: `Int32`.
    Count,
    /// An amount in the row's currency: `Decimal128(12, 2)`.
    Money,
    /// A percentage: `Decimal128(5, 2)`.
    Percent,
    /// Text: `Utf8`.
    Text,
    /// An instant: UTC microseconds.
    Time,
    /// A day: `Date32`.
    Day,
    /// Yes or no.
    Flag,
}

impl Kind {
    /// The type of the column in the file.
    pub fn arrow(self) -> DataType {
        match self {
            Kind::Id => DataType::Int64,
            Kind::Count => DataType::Int32,
            Kind::Money => DataType::Decimal128(12, 2),
            Kind::Percent => DataType::Decimal128(5, 2),
            Kind::Text => DataType::Utf8,
            Kind::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Kind::Day => DataType::Date32,
            Kind::Flag => DataType::Boolean,
        }
    }
}

/// Every source table, masters first.
pub const SOURCES: [Source; 16] = [
    USERS,
    SELLERS,
    CATEGORIES,
    PRODUCTS,
    PRODUCT_SKUS,
    WAREHOUSES,
    INVENTORY,
    VOUCHERS,
    FLASH_SALES,
    ORDERS,
    ORDER_ITEMS,
    PAYMENTS,
    SHIPMENTS,
    REVIEWS,
    USER_EVENTS,
    CART_ITEMS,
];

macro_rules! source {
    ($constant:ident, $name:literal, $description:literal, { $($column:ident: $kind:ident),* $(,)? }) => {
        pub(super) const $constant: Source = Source {
            name: $name,
            description: $description,
            columns: &[$(Column { name: stringify!($column), kind: Kind::$kind }),*],
        };
    };
}

source!(USERS, "users", "A customer.", {
    user_id: Id, full_name: Text, email: Text, city: Text, state: Text, country: Text,
    platform: Text, marketing_opt_in: Flag, created_at: Time, updated_at: Time,
});
source!(SELLERS, "sellers", "A shop that sells on the marketplace.", {
    seller_id: Id, name: Text, city: Text, state: Text, commission_pct: Percent, status: Text,
    created_at: Time, updated_at: Time,
});
source!(CATEGORIES, "categories", "A node of the category tree; level 1 is the root.", {
    category_id: Id, parent_id: Id, level: Count, name: Text, path: Text,
});
source!(PRODUCTS, "products", "A product of one seller in one category of level 3.", {
    product_id: Id, seller_id: Id, category_id: Id, brand: Text, name: Text, list_price: Money,
    currency: Text, weight_g: Count, created_at: Time, updated_at: Time,
});
source!(PRODUCT_SKUS, "product_skus", "A variant of a product: what is stocked and sold.", {
    sku_id: Id, product_id: Id, sku_code: Text, variant: Text, price: Money, cost: Money,
    currency: Text, created_at: Time, updated_at: Time,
});
source!(WAREHOUSES, "warehouses", "A warehouse.", {
    warehouse_id: Id, code: Text, name: Text, city: Text, state: Text, capacity_units: Count,
    opened_on: Day,
});
source!(INVENTORY, "inventory", "The stock of a SKU in a warehouse on the last day.", {
    inventory_id: Id, sku_id: Id, warehouse_id: Id, on_hand: Count, reserved: Count,
    reorder_point: Count, updated_at: Time,
});
source!(VOUCHERS, "vouchers", "A code that lowers an order's price; `value` is a percentage or an amount.", {
    voucher_id: Id, code: Text, kind: Text, value: Money, min_order: Money, currency: Text,
    valid_from: Time, valid_until: Time,
});
source!(FLASH_SALES, "flash_sales", "A product that is cheaper for some hours.", {
    flash_sale_id: Id, event: Text, product_id: Id, discount_pct: Percent, starts_at: Time,
    ends_at: Time,
});
source!(ORDERS, "orders", "An order: `total` is `subtotal` - `discount` + `freight`.", {
    order_id: Id, user_id: Id, status: Text, platform: Text, voucher_id: Id, currency: Text,
    subtotal: Money, discount: Money, freight: Money, total: Money, ship_city: Text,
    ship_state: Text, created_at: Time, updated_at: Time,
});
source!(ORDER_ITEMS, "order_items", "A line of an order: `line_total` is `quantity` * `unit_price` - `flash_discount` - `voucher_discount`.", {
    order_item_id: Id, order_id: Id, line_no: Count, product_id: Id, sku_id: Id, seller_id: Id,
    quantity: Count, unit_price: Money, flash_discount: Money, voucher_discount: Money,
    line_total: Money, freight: Money, currency: Text, created_at: Time,
});
source!(PAYMENTS, "payments", "A payment or an attempt; those that did not fail add up to the order's total.", {
    payment_id: Id, order_id: Id, payment_type: Text, status: Text, amount: Money, currency: Text,
    created_at: Time, updated_at: Time,
});
source!(SHIPMENTS, "shipments", "The parcel of an order.", {
    shipment_id: Id, order_id: Id, warehouse_id: Id, carrier: Text, tracking_no: Text,
    status: Text, promised_at: Time, shipped_at: Time, delivered_at: Time, updated_at: Time,
});
source!(REVIEWS, "reviews", "What a customer says of a product that was delivered.", {
    review_id: Id, order_id: Id, product_id: Id, user_id: Id, rating: Count, comment: Text,
    created_at: Time,
});
source!(USER_EVENTS, "user_events", "A click: view, cart, remove_from_cart or purchase; `user_id` is null for a visitor who is not logged in.", {
    event_id: Id, session_id: Id, user_id: Id, event_type: Text, product_id: Id, sku_id: Id,
    quantity: Count, order_id: Id, platform: Text, channel: Text, event_time: Time,
});
source!(CART_ITEMS, "cart_items", "A SKU that lies in a customer's cart at the end of the last day.", {
    cart_item_id: Id, user_id: Id, sku_id: Id, quantity: Count, added_at: Time, updated_at: Time,
});
