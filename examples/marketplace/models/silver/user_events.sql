/*---
description: One row a click.
---*/
select
  event_id,
  session_id,
  user_id,
  event_type,
  product_id,
  sku_id,
  quantity,
  order_id,
  platform,
  channel,
  event_time,
  cast(event_time as date) as event_date
from bronze.user_events
