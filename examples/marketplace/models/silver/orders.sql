/*---
description: One row an order. `order_date` is the day in UTC.
---*/
select
  order_id,
  user_id,
  cast(created_at as date) as order_date,
  status,
  platform,
  voucher_id,
  currency,
  subtotal,
  discount,
  freight,
  total,
  ship_city,
  ship_state,
  created_at,
  updated_at
from bronze.orders
