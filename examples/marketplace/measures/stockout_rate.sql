-- Of the places where a SKU is stocked the share that has none available on the newest snapshot date.
select round(cast(sum(n_stocked_out) as double) / nullif(sum(n_places), 0), 4) as stockout_rate
from gold.ads_warehouse_efficiency
