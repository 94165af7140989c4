/*---
description: One row a payment, with the day and the status of its order.
sort_by: [order_date, order_id, payment_number]
---*/
select
  p.order_id,
  p.payment_number,
  o.order_date,
  o.status,
  p.payment_type,
  p.installments,
  p.value
from silver.payments p
join silver.orders o on o.order_id = p.order_id
