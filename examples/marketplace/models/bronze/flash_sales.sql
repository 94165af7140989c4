/*---
description: Products that are cheaper for some hours.
owner: trade@marketplace.example
columns:
  flash_sale_id: { description: A product in a sale., expect: [not_null, unique] }
  event: { description: What the sale is called. }
  product_id: { description: What is cheaper., expect: [not_null] }
  discount_pct: { description: "How much cheaper, in percent." }
  starts_at: { description: "When the sale begins, UTC." }
  ends_at: { description: "When it ends, UTC." }
---*/
-- Delivered whole each time and taken whole. Nothing in it says when a sale was changed.
select
  flash_sale_id,
  event,
  product_id,
  discount_pct,
  starts_at,
  ends_at
from source.flash_sales
