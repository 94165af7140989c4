/*---
description: One row a line of an order that has revenue.
owner: sales@shop.example
sort_by: [order_date, order_id, item_id]
columns:
  item_id: { description: The shop's number of the line., expect: [not_null, unique] }
  product: { description: "The product's name of today; gone for one that the shop does not have any more.", expect: [not_null] }
  revenue: { description: "Quantity times the price of then, less the discount." }
---*/
select
  i.item_id,
  i.order_id,
  o.order_date,
  o.status,
  i.product_id,
  coalesce(p.name, 'gone') as product,
  coalesce(p.category, 'gone') as category,
  i.quantity,
  i.line_total as revenue
from silver.order_items i
join silver.orders o on o.order_id = i.order_id
left join silver.products p on p.product_id = i.product_id
where o.has_revenue
