/*---
description: Every count of a SKU's stock in a warehouse.
owner: logistics@marketplace.example
materialized: merge
key: [inventory_id, updated_at]
watermark: { column: updated_at, overlap: 1 day }
columns:
  inventory_id: { description: A SKU in a warehouse., expect: [not_null] }
  sku_id: { description: What is stocked., expect: [not_null] }
  warehouse_id: { description: Where., expect: [not_null] }
  on_hand: { description: Units that lie there. }
  reserved: { description: Units of them that are promised to an order. }
  reorder_point: { description: "When no more than so many are free, more are ordered." }
  updated_at: { description: "When it was counted, UTC.", expect: [not_null] }
expectations:
  - { range: { column: on_hand, min: 0 } }
  - { name: reserved_is_there, sql: reserved between 0 and on_hand }
---*/
-- The file has the last count only. A newer count does not take the place of an older one here: what lay there on an
-- earlier day is asked for by silver.fact_inventory_snapshot.
select
  inventory_id,
  sku_id,
  warehouse_id,
  on_hand,
  reserved,
  reorder_point,
  updated_at
from source.inventory
