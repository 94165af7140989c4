/*---
description: One row a payment; an order may be paid in several ways.
---*/
select
  order_id,
  cast(payment_sequential as int) as payment_number,
  payment_type,
  cast(payment_installments as int) as installments,
  cast(payment_value as decimal(12, 2)) as value
from bronze.order_payments
