/*---
description: One row an item of an order.
---*/
select
  order_id,
  cast(order_item_id as int) as item_number,
  product_id,
  seller_id,
  cast(shipping_limit_date as timestamp) as shipping_limit_at,
  cast(price as decimal(12, 2)) as price,
  cast(freight_value as decimal(12, 2)) as freight
from bronze.order_items
