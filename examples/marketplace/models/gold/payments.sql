/*---
description: One row a payment that did not fail, with the day and the status of its order.
sort_by: [order_date, order_id, payment_id]
---*/
select
  p.order_id,
  p.payment_id,
  o.order_date,
  o.status,
  p.payment_type,
  p.payment_status,
  p.value,
  p.currency
from silver.payments p
join silver.orders o on o.order_id = p.order_id
