/*---
description: One row a user.
owner: shop@events.example
sort_by: [user_id]
columns:
  user_id: { description: The user., expect: [not_null, unique] }
  favourite_category: { description: "The category of most of his events; of equals the first by name." }
  average_price: { description: "Revenue divided by purchases, to the cent; null without a purchase." }
  segment:
    description: "repeat_buyer (purchases in two sessions or more), buyer, carter (never bought), browser (never used the cart)."
    expect: [{ accepted: [repeat_buyer, buyer, carter, browser] }]
---*/
with per_category as (
  select user_id, category, row_number() over (partition by user_id order by count(*) desc, category) as place
  from silver.events_cleaned
  group by user_id, category
),
per_user as (
  select
    user_id,
    min(event_date) as first_seen,
    max(event_date) as last_seen,
    count(distinct event_date) as active_days,
    count(distinct user_session) as sessions,
    count(*) filter (where event_type = 'view') as views,
    count(*) filter (where event_type = 'cart') as carts,
    count(*) filter (where event_type = 'purchase') as purchases,
    count(distinct user_session) filter (where event_type = 'purchase') as orders,
    cast(sum(revenue) as decimal(18, 2)) as revenue
  from silver.events_cleaned
  group by user_id
)
select
  u.user_id,
  u.first_seen,
  u.last_seen,
  u.active_days,
  u.sessions,
  u.views,
  u.carts,
  u.purchases,
  u.orders,
  u.revenue,
  cast(round(u.revenue / nullif(u.purchases, 0), 2) as decimal(18, 2)) as average_price,
  c.category as favourite_category,
  case
    when u.orders >= 2 then 'repeat_buyer'
    when u.orders = 1 then 'buyer'
    when u.carts > 0 then 'carter'
    else 'browser'
  end as segment
from per_user u
join per_category c on c.user_id = u.user_id and c.place = 1
