/*---
description: Parcels of orders, each in the newest state.
owner: logistics@marketplace.example
materialized: merge
key: [shipment_id]
watermark: { column: updated_at, overlap: 1 day }
newest_by: [updated_at]
columns:
  shipment_id: { description: The parcel., expect: [not_null] }
  order_id: { description: What is in it., expect: [not_null] }
  warehouse_id: { description: Who sends it., expect: [not_null] }
  carrier: { description: Who brings it. }
  tracking_no: { description: The carrier's number. }
  status: { description: "in_transit, delivered or returned." }
  promised_at: { description: "When it should be there, UTC." }
  shipped_at: { description: "When it left, UTC." }
  delivered_at: { description: "When it was there, UTC; null until then." }
  updated_at: { description: "When it was last changed, UTC." }
---*/
-- Delivered whole each time; what was changed since the last delivery is put in by key.
select
  shipment_id,
  order_id,
  warehouse_id,
  carrier,
  tracking_no,
  status,
  promised_at,
  shipped_at,
  delivered_at,
  updated_at
from source.shipments
