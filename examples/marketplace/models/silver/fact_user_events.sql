/*---
description: One row a click with its place in the session.
owner: crm@marketplace.example
materialized: incremental
by: [event_date]
partition_by: [event_month]
sort_by: [event_date, session_id, event_time, event_id]
columns:
  event_id: { description: The click., expect: [not_null] }
  session_id: { description: The visit., expect: [not_null] }
  session_seq: { description: "The click's number in the session of that day, from 1." }
  user_id: { description: The customer; null for a visitor who is not logged in. }
  event_type: { description: "view, cart, remove_from_cart or purchase." }
  product_id: { description: What it is about. }
  sku_id: { description: Which variant; null for a view. }
  quantity: { description: How many; null for a view. }
  order_id: { description: The order of a purchase. }
  platform: { description: What the visitor comes with. }
  channel: { description: Where he comes from. }
  event_time: { description: "When, UTC." }
  event_hour: { description: "The hour of the day in UTC, 0 to 23." }
  event_date: { description: The day in UTC., expect: [not_null] }
  event_month: { description: The first day of the month. }
expectations:
  - { accepted: { column: event_type, values: [view, cart, remove_from_cart, purchase] }, on_failure: quarantine }
  - { name: a_purchase_has_an_order, sql: "event_type <> 'purchase' or order_id is not null", on_failure: warn }
---*/
-- A session ends at midnight, so that a day depends on its own clicks alone. Clicks are numbered within their day by
-- session and time, and counted from the first one of their session: two passes over some hundred days are much
-- faster than one window for each of a million sessions.
with numbered as (
  select
    *,
    cast(event_time as date) as event_date,
    row_number() over (
      partition by cast(event_time as date) order by session_id, event_time, event_id
    ) as day_seq,
    lag(session_id) over (
      partition by cast(event_time as date) order by session_id, event_time, event_id
    ) as session_before
  from bronze.user_events
)
select
  event_id,
  session_id,
  cast(
    day_seq + 1 - max(case when session_before = session_id then null else day_seq end) over (
      partition by event_date order by session_id, event_time, event_id
      rows between unbounded preceding and current row
    ) as int
  ) as session_seq,
  user_id,
  event_type,
  product_id,
  sku_id,
  quantity,
  order_id,
  platform,
  channel,
  event_time,
  cast(date_part('hour', event_time) as int) as event_hour,
  event_date,
  cast(date_trunc('month', event_date) as date) as event_month
from numbered
