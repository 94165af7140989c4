-- SKUs that must be ordered for at least one warehouse on the newest snapshot date.
select count(distinct sku_id) as skus_to_reorder
from silver.fact_inventory_snapshot
where needs_reorder
  and snapshot_date = (select max(snapshot_date) from silver.fact_inventory_snapshot)
