/*---
description: >-
  One row a month and category of level 2, from the month of the first order to that of the newest one, also for
  months in which nothing of it was ordered. The newest month may not be over.
owner: trade@marketplace.example
sort_by: [order_month, department, category]
columns:
  order_month: { description: The first day of the month., expect: [not_null] }
  department: { description: The category of level 1. }
  category: { description: The category of level 2. }
  gmv: { description: The prices of the lines that were ordered., expect: [not_null] }
  kept_gmv: { description: Those of orders that were neither cancelled nor returned. }
  n_orders: { description: Orders of every status with a product of it. }
  units: { description: Units ordered. }
  gross_margin: { description: gmv less what the units cost the sellers. }
  margin_pct: { description: gross_margin in percent of gmv; null without sales. }
  gmv_share: { description: gmv divided by that of all categories in the month. }
  month_rank: { description: "1 for the greatest gmv of the month; of two equal ones the first by department and category." }
  mom_pct: { description: By how many percent gmv is above that of the month before; null when that is 0 or not known. }
  yoy_pct: { description: The same against the month a year before. }
expectations:
  - { unique: [order_month, department, category] }
  - { range: { column: gmv_share, min: 0, max: 1 } }
---*/
with sold as (
  select
    date_trunc('month', i.order_date) as order_month,
    p.department,
    p.category,
    sum(i.price) as gmv,
    sum(case when i.is_kept then i.price end) as kept_gmv,
    count(distinct i.order_id) as n_orders,
    sum(i.quantity) as units,
    sum(i.gross_margin) as gross_margin
  from silver.fact_order_items i
  join silver.dim_product p on p.product_id = i.product_id
  group by 1, 2, 3
),
months as (
  select distinct month_start as order_month
  from silver.dim_date
  where day >= (select min(order_date) from silver.fact_orders)
    and day <= (select max(order_date) from silver.fact_orders)
),
categories as (
  select distinct department, category from silver.dim_product
),
trend as (
  select
    m.order_month,
    c.department,
    c.category,
    coalesce(s.gmv, cast(0 as decimal(22, 2))) as gmv,
    coalesce(s.kept_gmv, cast(0 as decimal(22, 2))) as kept_gmv,
    coalesce(s.n_orders, 0) as n_orders,
    coalesce(s.units, 0) as units,
    coalesce(s.gross_margin, cast(0 as decimal(22, 2))) as gross_margin
  from months m
  cross join categories c
  left join sold s
    on cast(s.order_month as date) = m.order_month and s.department = c.department and s.category = c.category
),
compared as (
  select
    *,
    lag(gmv, 1) over (partition by department, category order by order_month) as month_before,
    lag(gmv, 12) over (partition by department, category order by order_month) as year_before,
    sum(gmv) over (partition by order_month) as month_gmv,
    row_number() over (partition by order_month order by gmv desc, department, category) as month_rank
  from trend
)
select
  order_month,
  department,
  category,
  gmv,
  kept_gmv,
  n_orders,
  units,
  gross_margin,
  100 * cast(gross_margin as double) / nullif(cast(gmv as double), 0) as margin_pct,
  cast(gmv as double) / nullif(cast(month_gmv as double), 0) as gmv_share,
  cast(month_rank as int) as month_rank,
  100 * cast(gmv - month_before as double) / nullif(cast(month_before as double), 0) as mom_pct,
  100 * cast(gmv - year_before as double) / nullif(cast(year_before as double), 0) as yoy_pct
from compared
