/*---
description: One row a seller, with what he sold in all.
sort_by: [revenue, seller_id]
---*/
select
  s.seller_id,
  s.seller,
  s.city,
  s.state,
  count(i.product_id) as n_items,
  count(distinct i.order_id) as n_orders,
  coalesce(sum(i.price), cast(0 as decimal(22, 2))) as revenue,
  min(o.order_date) as first_order_date,
  max(o.order_date) as last_order_date
from silver.sellers s
left join silver.order_items i on i.seller_id = s.seller_id
left join silver.orders o on o.order_id = i.order_id
group by s.seller_id, s.seller, s.city, s.state
