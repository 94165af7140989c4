-- Average order value: GMV divided by the number of orders of every status.
select cast(sum(gmv) / nullif(sum(n_orders), 0) as decimal(14, 2)) as aov
from gold.ads_daily_gmv
