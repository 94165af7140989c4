/*---
description: Clicks.
owner: crm@marketplace.example
materialized: merge
key: [event_id]
watermark: { column: event_time, overlap: 1 day }
newest_by: [event_time]
columns:
  event_id: { description: The click., expect: [not_null] }
  session_id: { description: The visit., expect: [not_null] }
  user_id: { description: The customer; null for a visitor who is not logged in. }
  event_type: { description: "view, cart, remove_from_cart or purchase." }
  product_id: { description: What it is about., expect: [not_null] }
  sku_id: { description: Which variant; null for a view. }
  quantity: { description: How many; null for a view. }
  order_id: { description: The order of a purchase. }
  platform: { description: What the visitor comes with. }
  channel: { description: Where he comes from. }
  event_time: { description: "When, UTC.", expect: [not_null] }
---*/
-- Rows are only ever added to the file. They are put in by key and not appended, since the day before the watermark is
-- read again each time.
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
  event_time
from source.user_events
