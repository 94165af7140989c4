/*---
description: >-
  One row a day from that of the first order to that of the newest one, also for days on which nothing was ordered.
owner: trade@marketplace.example
sort_by: [order_date]
columns:
  order_date: { description: The day in UTC., expect: [not_null, unique] }
  gmv: { description: The prices of all lines that were ordered., expect: [not_null] }
  gmv_7_days: { description: The GMV of this day and the six before it. }
  kept_gmv: { description: The GMV of orders that were neither cancelled nor returned. }
  n_orders: { description: Orders of every status. }
  n_completed: { description: Orders that were delivered and kept. }
  n_cancelled: { description: Orders that were cancelled. }
  n_returned: { description: Orders that were returned. }
  n_units: { description: Units ordered. }
  aov: { description: "gmv divided by n_orders, rounded to the cent; null on a day without orders." }
  discount: { description: What vouchers took off. }
  freight: { description: What was asked for delivery. }
  gross_margin: { description: Prices less what the units cost the sellers. }
  commission: { description: What the marketplace keeps. }
  n_buyers: { description: Customers who ordered. }
  n_new_buyers: { description: Those of them whose first order was on this day. }
  n_sessions: { description: Visits. }
  n_views: { description: Views of a product. }
  n_carts: { description: How often something was put into a cart. }
  n_bought_sessions: { description: Visits with a purchase. }
  conversion_rate: { description: n_bought_sessions divided by n_sessions; null on a day without visits. }
  approx_visitors: { description: "Customers who were logged in; approximate, off by about a percent." }
expectations:
  - { range: { column: gmv, min: 0 } }
  - { name: kept_is_some_of_all, sql: kept_gmv <= gmv }
  - { name: new_are_some_of_all, sql: n_new_buyers <= n_buyers }
---*/
with orders as (
  select
    order_date,
    sum(gmv) as gmv,
    sum(case when is_kept then gmv end) as kept_gmv,
    count(*) as n_orders,
    sum(case when is_completed then 1 else 0 end) as n_completed,
    sum(case when status = 'cancelled' then 1 else 0 end) as n_cancelled,
    sum(case when status = 'returned' then 1 else 0 end) as n_returned,
    sum(n_units) as n_units,
    sum(discount) as discount,
    sum(freight) as freight,
    sum(gross_margin) as gross_margin,
    sum(commission) as commission,
    count(distinct user_id) as n_buyers
  from silver.fact_orders
  group by order_date
),
newcomers as (
  select first_order_date, count(*) as n_new_buyers
  from silver.dim_user
  where first_order_date is not null
  group by first_order_date
),
visits as (
  select
    event_date,
    sum(case when session_seq = 1 then 1 else 0 end) as n_sessions,
    sum(case when event_type = 'view' then 1 else 0 end) as n_views,
    sum(case when event_type = 'cart' then 1 else 0 end) as n_carts,
    count(distinct case when event_type = 'purchase' then session_id end) as n_bought_sessions,
    approx_distinct(user_id) as approx_visitors
  from silver.fact_user_events
  group by event_date
),
days as (
  select day
  from silver.dim_date
  where day >= (select min(order_date) from silver.fact_orders)
    and day <= (select max(order_date) from silver.fact_orders)
)
select
  d.day as order_date,
  coalesce(o.gmv, cast(0 as decimal(22, 2))) as gmv,
  sum(coalesce(o.gmv, cast(0 as decimal(22, 2)))) over (
    order by d.day rows between 6 preceding and current row
  ) as gmv_7_days,
  coalesce(o.kept_gmv, cast(0 as decimal(22, 2))) as kept_gmv,
  coalesce(o.n_orders, 0) as n_orders,
  coalesce(o.n_completed, 0) as n_completed,
  coalesce(o.n_cancelled, 0) as n_cancelled,
  coalesce(o.n_returned, 0) as n_returned,
  coalesce(o.n_units, 0) as n_units,
  cast(o.gmv / o.n_orders as decimal(14, 2)) as aov,
  coalesce(o.discount, cast(0 as decimal(22, 2))) as discount,
  coalesce(o.freight, cast(0 as decimal(22, 2))) as freight,
  coalesce(o.gross_margin, cast(0 as decimal(22, 2))) as gross_margin,
  coalesce(o.commission, cast(0 as decimal(22, 2))) as commission,
  coalesce(o.n_buyers, 0) as n_buyers,
  coalesce(n.n_new_buyers, 0) as n_new_buyers,
  coalesce(v.n_sessions, 0) as n_sessions,
  coalesce(v.n_views, 0) as n_views,
  coalesce(v.n_carts, 0) as n_carts,
  coalesce(v.n_bought_sessions, 0) as n_bought_sessions,
  cast(v.n_bought_sessions as double) / v.n_sessions as conversion_rate,
  cast(coalesce(v.approx_visitors, 0) as bigint) as approx_visitors
from days d
left join orders o on o.order_date = d.day
left join newcomers n on n.first_order_date = d.day
left join visits v on v.event_date = d.day
