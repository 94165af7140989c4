/*---
description: One row a warehouse.
owner: logistics@marketplace.example
sort_by: [warehouse_id]
columns:
  warehouse_id: { description: The warehouse., expect: [not_null, unique] }
  warehouse: { description: Its code; what stands on parcels., expect: [not_null, unique] }
  name: { description: What it is called. }
  city: { description: Where it is. }
  state: { description: "Where it is, two letters." }
  capacity_units: { description: How many units have room. }
  opened_on: { description: Since when it works. }
expectations:
  - { range: { column: capacity_units, min: 1 } }
---*/
select
  warehouse_id,
  code as warehouse,
  name,
  city,
  state,
  capacity_units,
  opened_on
from bronze.warehouses
