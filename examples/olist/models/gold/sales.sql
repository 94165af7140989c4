/*---
description: >-
  One row an item of an order, and one row, without an item, for each order that has none: every
  order is here. Dates are days in Sao Paulo.
sort_by: [order_date, order_id, item_number]
---*/
select
  o.order_id,
  i.item_number,
  o.order_date,
  o.status,
  p.product,
  i.product_id,
  p.category,
  s.seller,
  i.seller_id,
  s.state as seller_state,
  c.state as customer_state,
  i.price,
  i.freight
from silver.orders o
left join silver.order_items i on i.order_id = o.order_id
left join silver.products p on p.product_id = i.product_id
left join silver.sellers s on s.seller_id = i.seller_id
left join silver.customers c on c.customer_id = o.customer_id
