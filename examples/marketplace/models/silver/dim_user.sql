/*---
description: One row a customer with what he bought and the segment that makes him one of.
owner: crm@marketplace.example
sort_by: [user_id]
columns:
  user_id: { description: The customer., expect: [not_null, unique] }
  full_name: { description: First and last name. }
  email: { description: Where he is written to. }
  city: { description: Where he lives. }
  state: { description: "Where he lives, two letters." }
  country: { description: "ISO 3166, two letters." }
  platform: { description: "What he signed up with, such as ios." }
  marketing_opt_in: { description: Whether he may be written to. }
  signed_up_on: { description: The day in UTC. }
  first_order_date: { description: "The day of his first order, of whatever status; null before it." }
  last_kept_date: { description: "The day of his last order that was neither cancelled nor returned; null before the first." }
  n_orders: { description: His orders of every status. }
  n_kept_orders: { description: Those that were neither cancelled nor returned. }
  lifetime_value: { description: The GMV of the kept orders. }
  recency_days: { description: Days from last_kept_date to the newest order date of the lake. }
  r_score: { description: "1 to 5 by the time of the last kept order, 5 for the newest fifth; null without one." }
  f_score: { description: "1 to 5 by n_kept_orders, 5 for the most." }
  m_score: { description: "1 to 5 by lifetime_value, 5 for the greatest." }
  rfm: { description: "The three scores, such as 543." }
  segment: { description: "Champion, Loyal, Promising, New, At risk, Lost; Prospect without a kept order." }
expectations:
  - { accepted: { column: segment, values: [Champion, Loyal, New, Promising, At risk, Lost, Prospect] } }
  - { range: { column: recency_days, min: 0 } }
  - { name: kept_are_some_of_all, sql: n_kept_orders <= n_orders }
  - { name: scored_when_he_bought, sql: (rfm is null) = (n_kept_orders = 0) }
---*/
with newest as (
  select max(order_date) as order_date from silver.fact_orders
),
bought as (
  select
    user_id,
    count(*) as n_orders,
    min(order_date) as first_order_date,
    sum(case when is_kept then 1 else 0 end) as n_kept_orders,
    max(case when is_kept then created_at end) as last_kept_at,
    sum(case when is_kept then gmv end) as lifetime_value
  from silver.fact_orders
  group by user_id
),
scored as (
  select
    user_id,
    ntile(5) over (order by last_kept_at, user_id) as r_score,
    ntile(5) over (order by n_kept_orders, user_id) as f_score,
    ntile(5) over (order by lifetime_value, user_id) as m_score
  from bought
  where n_kept_orders > 0
)
select
  u.user_id,
  u.full_name,
  u.email,
  u.city,
  u.state,
  u.country,
  u.platform,
  u.marketing_opt_in,
  cast(u.created_at as date) as signed_up_on,
  b.first_order_date,
  cast(b.last_kept_at as date) as last_kept_date,
  cast(coalesce(b.n_orders, 0) as int) as n_orders,
  cast(coalesce(b.n_kept_orders, 0) as int) as n_kept_orders,
  coalesce(b.lifetime_value, cast(0 as decimal(22, 2))) as lifetime_value,
  cast(newest.order_date - cast(b.last_kept_at as date) as int) as recency_days,
  cast(s.r_score as int) as r_score,
  cast(s.f_score as int) as f_score,
  cast(s.m_score as int) as m_score,
  cast(s.r_score * 100 + s.f_score * 10 + s.m_score as varchar) as rfm,
  case
    when s.user_id is null then 'Prospect'
    when s.r_score >= 4 and s.f_score >= 4 and s.m_score >= 4 then 'Champion'
    when s.r_score >= 3 and s.f_score >= 4 then 'Loyal'
    when s.r_score >= 4 and s.f_score <= 2 then 'New'
    when s.r_score >= 3 then 'Promising'
    when s.f_score >= 3 then 'At risk'
    else 'Lost'
  end as segment
from bronze.users u
cross join newest
left join bought b on b.user_id = u.user_id
left join scored s on s.user_id = u.user_id
