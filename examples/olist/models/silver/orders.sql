/*---
description: One row an order. Times are wall-clock times in Sao Paulo, as the files have them.
---*/
select
  order_id,
  customer_id,
  order_status as status,
  cast(cast(order_purchase_timestamp as timestamp) as date) as order_date,
  cast(order_purchase_timestamp as timestamp) as purchased_at,
  cast(order_approved_at as timestamp) as approved_at,
  cast(order_delivered_carrier_date as timestamp) as handed_to_carrier_at,
  cast(order_delivered_customer_date as timestamp) as delivered_at,
  cast(cast(order_estimated_delivery_date as timestamp) as date) as estimated_delivery_date
from bronze.orders
