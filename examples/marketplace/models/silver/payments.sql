/*---
description: One row a payment that did not fail; an order may be paid in several ways.
---*/
select
  payment_id,
  order_id,
  payment_type,
  status as payment_status,
  amount as value,
  currency,
  created_at
from bronze.payments
where status <> 'failed'
