/*---
description: One row a review, with the day and the status of its order.
sort_by: [order_date, order_id, review_id]
---*/
select
  r.review_id,
  r.order_id,
  o.order_date,
  o.status,
  r.review_date,
  r.score,
  r.message is not null as has_message
from silver.reviews r
join silver.orders o on o.order_id = r.order_id
