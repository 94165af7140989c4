-- By how many percent the GMV of the newest seven days is above that of the seven days before.
with newest as (
  select max(order_date) as day from gold.ads_daily_gmv
),
weeks as (
  select
    sum(case when g.order_date > newest.day - interval '7 days' then g.gmv end) as gmv_week,
    sum(case when g.order_date <= newest.day - interval '7 days' then g.gmv end) as gmv_week_before
  from gold.ads_daily_gmv g
  cross join newest
  where g.order_date > newest.day - interval '14 days'
)
select
  gmv_week,
  gmv_week_before,
  round(100 * cast(gmv_week - gmv_week_before as double) / nullif(cast(gmv_week_before as double), 0), 2) as wow_pct
from weeks
