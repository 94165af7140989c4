-- By how many percent the GMV of the newest month, up to the newest order date, is above that of the month before up to
-- the same day of the month, or its last one.
with newest as (
  select max(order_date) as day from gold.ads_daily_gmv
),
months as (
  select
    sum(case when g.order_date >= date_trunc('month', newest.day) then g.gmv end) as gmv_month,
    sum(case when g.order_date < date_trunc('month', newest.day) then g.gmv end) as gmv_month_before
  from gold.ads_daily_gmv g
  cross join newest
  where g.order_date >= date_trunc('month', newest.day)
    or (
      g.order_date >= date_trunc('month', newest.day) - interval '1 month'
      and g.order_date <= newest.day - interval '1 month'
    )
)
select
  gmv_month,
  gmv_month_before,
  round(100 * cast(gmv_month - gmv_month_before as double) / nullif(cast(gmv_month_before as double), 0), 2) as mom_pct
from months
