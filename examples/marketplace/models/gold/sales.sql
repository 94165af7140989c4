/*---
description: >-
  One row a line of an order, and one row, without a product, for each order that has none: every
  order is here. `price` is what the line costs after discounts, freight comes on top.
sort_by: [order_date, order_id, line_no]
---*/
select
  o.order_id,
  i.line_no,
  o.order_date,
  o.status,
  o.platform,
  p.product,
  p.category,
  p.department,
  s.seller,
  i.quantity,
  i.unit_price,
  i.discount,
  i.price,
  i.freight,
  o.currency
from silver.orders o
left join silver.order_items i on i.order_id = o.order_id
left join silver.products p on p.product_id = i.product_id
left join silver.sellers s on s.seller_id = i.seller_id
