/*---
description: Orders, each in the newest state.
owner: trade@marketplace.example
materialized: merge
key: [order_id]
watermark: { column: updated_at, overlap: 1 day }
newest_by: [updated_at]
columns:
  order_id: { description: The order., expect: [not_null] }
  user_id: { description: Who ordered., expect: [not_null] }
  status: { description: "Where it is: pending, processing, shipped, delivered, cancelled or returned." }
  platform: { description: What it was ordered with. }
  voucher_id: { description: The voucher that was redeemed; null for none. }
  currency: { description: ISO 4217. }
  subtotal: { description: The lines before the voucher. }
  discount: { description: What the voucher takes off. }
  freight: { description: What delivery costs. }
  total: { description: subtotal - discount + freight. }
  ship_city: { description: Where it goes. }
  ship_state: { description: "Where it goes, two letters." }
  created_at: { description: "When it was placed, UTC.", expect: [not_null] }
  updated_at: { description: "When it was last changed, UTC." }
expectations:
  - { name: total_adds_up, sql: total = subtotal - discount + freight }
---*/
-- Delivered whole each time; what was changed since the last delivery is put in by key.
select
  order_id,
  user_id,
  status,
  platform,
  voucher_id,
  currency,
  subtotal,
  discount,
  freight,
  total,
  ship_city,
  ship_state,
  created_at,
  updated_at
from source.orders
