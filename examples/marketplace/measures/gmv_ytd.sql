-- GMV of the year of the newest order date, up to that day.
with newest as (
  select max(order_date) as day from gold.ads_daily_gmv
)
select sum(g.gmv) as gmv_ytd
from gold.ads_daily_gmv g
cross join newest
where g.order_date >= date_trunc('year', newest.day)
