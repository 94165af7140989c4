/*---
description: Warehouses.
owner: logistics@marketplace.example
columns:
  warehouse_id: { description: The warehouse., expect: [not_null, unique] }
  code: { description: What stands on parcels. }
  name: { description: What it is called. }
  city: { description: Where it is. }
  state: { description: "Where it is, two letters." }
  capacity_units: { description: How many units have room. }
  opened_on: { description: Since when it works. }
---*/
-- Delivered whole each time and taken whole. Nothing in it says when a warehouse was changed.
select
  warehouse_id,
  code,
  name,
  city,
  state,
  capacity_units,
  opened_on
from source.warehouses
