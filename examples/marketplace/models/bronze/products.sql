/*---
description: Products, each in the newest state.
owner: trade@marketplace.example
materialized: merge
key: [product_id]
watermark: { column: updated_at, overlap: 1 day }
newest_by: [updated_at]
columns:
  product_id: { description: The product., expect: [not_null] }
  seller_id: { description: Who sells it., expect: [not_null] }
  category_id: { description: "Its category, of level 3.", expect: [not_null] }
  brand: { description: Whose make it is. }
  name: { description: What it is called; unique. }
  list_price: { description: What the first variant costs without any discount. }
  currency: { description: ISO 4217. }
  weight_g: { description: Grams. }
  created_at: { description: "When it was made, UTC." }
  updated_at: { description: "When it was last changed, UTC." }
---*/
-- Delivered whole each time; what was changed since the last delivery is put in by key.
select
  product_id,
  seller_id,
  category_id,
  brand,
  name,
  list_price,
  currency,
  weight_g,
  created_at,
  updated_at
from source.products
