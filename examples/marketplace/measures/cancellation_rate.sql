-- The share of all orders that were cancelled.
select round(cast(sum(n_cancelled) as double) / nullif(sum(n_orders), 0), 4) as cancellation_rate
from gold.ads_daily_gmv
