/*---
description: Lines of orders.
owner: trade@marketplace.example
materialized: merge
key: [order_item_id]
watermark: { column: created_at, overlap: 1 day }
newest_by: [created_at]
columns:
  order_item_id: { description: The line., expect: [not_null] }
  order_id: { description: Whose line it is., expect: [not_null] }
  line_no: { description: "From 1, in the order." }
  product_id: { description: What was bought., expect: [not_null] }
  sku_id: { description: Which variant of it., expect: [not_null] }
  seller_id: { description: Who sold it., expect: [not_null] }
  quantity: { description: How many. }
  unit_price: { description: What one costs. }
  flash_discount: { description: What a flash sale takes off the line. }
  voucher_discount: { description: The line's share of the order's voucher. }
  line_total: { description: quantity * unit_price - flash_discount - voucher_discount. }
  freight: { description: The line's share of the delivery. }
  currency: { description: ISO 4217. }
  created_at: { description: "When the order was placed, UTC." }
expectations:
  - { range: { column: quantity, min: 1 } }
  - { name: line_adds_up, sql: line_total = quantity * unit_price - flash_discount - voucher_discount }
---*/
-- Rows are only ever added to the file. They are put in by key and not appended, since the day before the watermark is
-- read again each time.
select
  order_item_id,
  order_id,
  line_no,
  product_id,
  sku_id,
  seller_id,
  quantity,
  unit_price,
  flash_discount,
  voucher_discount,
  line_total,
  freight,
  currency,
  created_at
from source.order_items
