-- GMV of the month of the newest order date, up to that day.
with newest as (
  select max(order_date) as day from gold.ads_daily_gmv
)
select sum(g.gmv) as gmv_mtd
from gold.ads_daily_gmv g
cross join newest
where g.order_date >= date_trunc('month', newest.day)
