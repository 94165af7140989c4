-- The share of all orders that were delivered and kept.
select round(cast(sum(n_completed) as double) / nullif(sum(n_orders), 0), 4) as completion_rate
from gold.ads_daily_gmv
