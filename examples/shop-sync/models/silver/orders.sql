/*---
description: One row an order.
owner: sales@shop.example
sort_by: [order_date, order_id]
columns:
  order_id: { description: The shop's number., expect: [not_null, unique] }
  status: { description: "new, paid, shipped, delivered, cancelled or returned." }
  order_date: { description: "The day on which it was placed, UTC.", expect: [not_null] }
  has_revenue: { description: "Whether it is paid, shipped or delivered: only such orders have revenue." }
expectations:
  - { accepted: { column: status, values: [new, paid, shipped, delivered, cancelled, returned] }, on_failure: quarantine }
---*/
select
  cast(order_id as bigint) as order_id,
  cast(customer_id as bigint) as customer_id,
  lower(trim(status)) as status,
  ordered_at,
  cast(ordered_at as date) as order_date,
  lower(trim(status)) in ('paid', 'shipped', 'delivered') as has_revenue,
  updated_at
from bronze.orders
