-- GMV of each platform, and its share of the whole.
with platforms as (
  select platform, sum(price) as revenue
  from gold.sales
  group by platform
)
select
  platform,
  revenue,
  round(cast(revenue as double) / nullif(cast(sum(revenue) over () as double), 0), 4) as share
from platforms
order by revenue desc, platform
