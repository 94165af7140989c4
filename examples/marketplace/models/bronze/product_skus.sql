/*---
description: Variants of products, which are what is stocked and sold, each in the newest state.
owner: trade@marketplace.example
materialized: merge
key: [sku_id]
watermark: { column: updated_at, overlap: 1 day }
newest_by: [updated_at]
columns:
  sku_id: { description: The variant., expect: [not_null] }
  product_id: { description: Whose variant it is., expect: [not_null] }
  sku_code: { description: What stands on the shelf. }
  variant: { description: "Size, colour or the like." }
  price: { description: What it costs. }
  cost: { description: What it costs the seller. }
  currency: { description: ISO 4217. }
  created_at: { description: "When it was made, UTC." }
  updated_at: { description: "When it was last changed, UTC." }
---*/
-- Delivered whole each time; what was changed since the last delivery is put in by key.
select
  sku_id,
  product_id,
  sku_code,
  variant,
  price,
  cost,
  currency,
  created_at,
  updated_at
from source.product_skus
