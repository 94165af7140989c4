/*---
description: Shops that sell on the marketplace, each in the newest state.
owner: trade@marketplace.example
materialized: merge
key: [seller_id]
watermark: { column: updated_at, overlap: 1 day }
newest_by: [updated_at]
columns:
  seller_id: { description: The shop., expect: [not_null] }
  name: { description: What it is called; unique. }
  city: { description: Where it is. }
  state: { description: "Where it is, two letters." }
  commission_pct: { description: "What the marketplace keeps of a line's price, in percent.", expect: [not_null] }
  status: { description: active or suspended. }
  created_at: { description: "When it was made, UTC." }
  updated_at: { description: "When it was last changed, UTC." }
expectations:
  - { range: { column: commission_pct, min: 0, max: 100 } }
---*/
-- Delivered whole each time; what was changed since the last delivery is put in by key.
select
  seller_id,
  name,
  city,
  state,
  commission_pct,
  status,
  created_at,
  updated_at
from source.sellers
