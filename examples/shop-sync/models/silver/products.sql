/*---
description: One row a product.
owner: sales@shop.example
sort_by: [product_id]
columns:
  product_id: { description: The shop's number., expect: [not_null, unique] }
  category: { description: "Its category, or none.", expect: [not_null] }
  list_price: { description: What one piece costs today., expect: [{ range: { min: 0, max: 100000 } }] }
---*/
select
  cast(product_id as bigint) as product_id,
  sku,
  name,
  coalesce(category, 'none') as category,
  list_price
from bronze.products
