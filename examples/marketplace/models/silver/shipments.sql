/*---
description: One row a parcel, with the warehouse that sent it. `is_late` is null until it is delivered.
---*/
select
  s.shipment_id,
  s.order_id,
  w.code as warehouse,
  s.carrier,
  s.status,
  s.promised_at,
  s.shipped_at,
  s.delivered_at,
  s.delivered_at > s.promised_at as is_late
from bronze.shipments s
join bronze.warehouses w on w.warehouse_id = s.warehouse_id
