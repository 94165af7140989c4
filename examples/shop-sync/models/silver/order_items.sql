/*---
description: One row a line of an order.
owner: sales@shop.example
sort_by: [order_id, item_id]
columns:
  item_id: { description: The shop's number., expect: [not_null, unique] }
  line_total: { description: "Quantity times the price of then, less the discount." }
expectations:
  - { range: { column: quantity, min: 1, max: 1000 }, on_failure: quarantine }
  - { range: { column: line_total, min: 0, max: 1000000 }, on_failure: quarantine }
  - { relationship: { column: order_id, to: silver.orders, field: order_id }, on_failure: quarantine }
  - { relationship: { column: product_id, to: silver.products, field: product_id }, on_failure: warn }
---*/
select
  cast(item_id as bigint) as item_id,
  cast(order_id as bigint) as order_id,
  cast(product_id as bigint) as product_id,
  cast(quantity as int) as quantity,
  unit_price,
  discount,
  cast(cast(quantity as decimal(10, 0)) * unit_price - discount as decimal(14, 2)) as line_total,
  updated_at
from bronze.order_items
