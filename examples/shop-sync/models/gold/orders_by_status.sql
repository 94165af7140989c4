/*---
description: One row a status.
owner: sales@shop.example
sort_by: [status]
columns:
  status: { description: "new, paid, shipped, delivered, cancelled or returned.", expect: [not_null, unique] }
  orders: { description: Orders of the status. }
  of_orders: { description: Part of all orders., expect: [{ range: { min: 0, max: 1 } }] }
  value: { description: "The lines of these orders, whether they have revenue or not." }
---*/
with lines as (
  select order_id, sum(line_total) as value from silver.order_items group by order_id
)
select
  o.status,
  count(*) as orders,
  cast(count(*) as double) / sum(count(*)) over () as of_orders,
  cast(coalesce(sum(l.value), 0) as decimal(18, 2)) as value
from silver.orders o
left join lines l on l.order_id = o.order_id
group by o.status
