/*---
description: One row a day. A day is computed again when events of it arrive, however late.
owner: shop@events.example
materialized: incremental
by: [event_date]
sort_by: [event_date]
columns:
  event_date: { description: "The day, UTC.", expect: [not_null, unique] }
  sessions: { description: Sessions with an event on the day. }
  orders: { description: Sessions with a purchase on the day. }
  buyers: { description: Users with a purchase on the day. }
  purchases: { description: Products bought. }
  revenue: { description: The prices of what was bought. }
  average_order_value: { description: "Revenue divided by orders, to the cent; null without an order." }
expectations:
  - { name: no_more_buyers_than_orders, sql: buyers <= orders }
  - { name: no_more_orders_than_sessions, sql: orders <= sessions }
---*/
select
  event_date,
  count(distinct user_session) as sessions,
  count(*) filter (where event_type = 'view') as views,
  count(*) filter (where event_type = 'cart') as carts,
  count(*) filter (where event_type = 'purchase') as purchases,
  count(distinct user_session) filter (where event_type = 'purchase') as orders,
  count(distinct user_id) filter (where event_type = 'purchase') as buyers,
  cast(sum(revenue) as decimal(18, 2)) as revenue,
  cast(
    round(sum(revenue) / nullif(count(distinct user_session) filter (where event_type = 'purchase'), 0), 2)
    as decimal(18, 2)
  ) as average_order_value
from silver.events_cleaned
group by event_date
