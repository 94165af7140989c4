/*---
description: "One row: total revenue, order count, average order value."
owner: sales@shop.example
columns:
  total_revenue: { description: The lines of all orders that have revenue., expect: [not_null] }
  order_count: { description: Orders of every status., expect: [not_null] }
  revenue_order_count: { description: "Orders that are paid, shipped or delivered." }
  average_order_value: { description: "Total revenue divided by these, to the cent." }
---*/
with lines as (
  select cast(coalesce(sum(revenue), 0) as decimal(18, 2)) as total_revenue from gold.sales
),
orders as (
  select count(*) as order_count, count(*) filter (where has_revenue) as revenue_order_count from silver.orders
)
select
  total_revenue,
  order_count,
  revenue_order_count,
  cast(round(total_revenue / nullif(revenue_order_count, 0), 2) as decimal(18, 2)) as average_order_value
from lines cross join orders
