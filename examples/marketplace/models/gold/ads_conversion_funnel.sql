/*---
description: One row a day and channel with how far its sessions came on the way from a view over a cart to a purchase.
owner: crm@marketplace.example
materialized: incremental
by: [event_date]
sort_by: [event_date, channel]
columns:
  event_date: { description: The day in UTC., expect: [not_null] }
  channel: { description: Where the visitors came from. }
  n_sessions: { description: Sessions. }
  n_viewed: { description: Those in which a product was looked at. }
  n_carted: { description: Those in which something was put into a cart within half an hour after a view. }
  n_bought: { description: Those in which something was bought after that within half an hour after the view. }
  cart_rate: { description: n_carted divided by n_viewed; null when nobody looked. }
  purchase_rate: { description: n_bought divided by n_carted; null when nobody filled a cart. }
  conversion_rate: { description: n_bought divided by n_sessions. }
expectations:
  - { unique: [event_date, channel] }
  - { name: a_funnel_narrows, sql: n_bought <= n_carted and n_carted <= n_viewed and n_viewed <= n_sessions }
---*/
-- A session has one channel and ends at midnight, so that a day depends on its own clicks alone.
with sessions as (
  select
    event_date,
    channel,
    session_id,
    window_funnel(
      interval '30 minutes',
      event_time,
      event_type = 'view',
      event_type = 'cart',
      event_type = 'purchase'
    ) as n_steps
  from silver.fact_user_events
  group by event_date, channel, session_id
),
days as (
  select
    event_date,
    channel,
    count(*) as n_sessions,
    sum(case when n_steps >= 1 then 1 else 0 end) as n_viewed,
    sum(case when n_steps >= 2 then 1 else 0 end) as n_carted,
    sum(case when n_steps >= 3 then 1 else 0 end) as n_bought
  from sessions
  group by event_date, channel
)
select
  event_date,
  channel,
  n_sessions,
  n_viewed,
  n_carted,
  n_bought,
  cast(n_carted as double) / nullif(n_viewed, 0) as cart_rate,
  cast(n_bought as double) / nullif(n_carted, 0) as purchase_rate,
  cast(n_bought as double) / n_sessions as conversion_rate
from days
