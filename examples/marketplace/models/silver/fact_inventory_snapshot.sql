/*---
description: >-
  One row a day, SKU and warehouse: what was there by the last count up to the end of the day, from the day of the
  first count to the day of the newest count of all.
owner: logistics@marketplace.example
sort_by: [snapshot_date, warehouse, sku_id]
columns:
  snapshot_date: { description: The day in UTC., expect: [not_null] }
  sku_id: { description: What is stocked., expect: [not_null] }
  product_id: { description: Whose variant it is. }
  warehouse: { description: The code of the warehouse. }
  on_hand: { description: Units that lie there. }
  reserved: { description: Units of them that are promised to an order. }
  available: { description: on_hand - reserved. }
  reorder_point: { description: "When no more than so many are available, more are ordered." }
  needs_reorder: { description: Whether no more than reorder_point are available. }
  is_stocked_out: { description: Whether none is available. }
  stock_value: { description: What the units on hand cost. }
  counted_at: { description: "When they were counted, UTC." }
expectations:
  - { range: { column: available, min: 0 } }
---*/
-- A count holds from its day to the day before the next one of the same place. Of several on one day the last one holds.
-- One window over all counts is much faster than one for each place.
with counts as (
  select
    inventory_id,
    sku_id,
    warehouse_id,
    on_hand,
    reserved,
    reorder_point,
    updated_at as counted_at,
    cast(updated_at as date) as first_day,
    lead(inventory_id) over (order by inventory_id, updated_at) as next_id,
    lead(cast(updated_at as date)) over (order by inventory_id, updated_at) as next_day
  from bronze.inventory
),
days as (
  select day
  from silver.dim_date
  where day >= (select min(cast(updated_at as date)) from bronze.inventory)
    and day <= (select max(cast(updated_at as date)) from bronze.inventory)
)
select
  d.day as snapshot_date,
  c.sku_id,
  k.product_id,
  w.warehouse,
  c.on_hand,
  c.reserved,
  c.on_hand - c.reserved as available,
  c.reorder_point,
  c.on_hand - c.reserved <= c.reorder_point as needs_reorder,
  c.on_hand - c.reserved <= 0 as is_stocked_out,
  cast(c.on_hand * k.cost as decimal(14, 2)) as stock_value,
  c.counted_at
from counts c
join days d
  on d.day >= c.first_day
  and (c.next_id is null or c.next_id <> c.inventory_id or d.day < c.next_day)
join bronze.product_skus k on k.sku_id = c.sku_id
join silver.dim_warehouse w on w.warehouse_id = c.warehouse_id
