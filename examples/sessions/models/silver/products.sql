/*---
description: One row a product that is sold.
owner: growth@sessions.example
sort_by: [product_id]
columns:
  product_id: { description: The shop's number., expect: [not_null, unique] }
  category: { description: The department., expect: [not_null] }
  list_price: { description: What one piece costs by the list., expect: [not_null, { range: { min: 0, max: 100000 } }] }
---*/
select product_id, name, category, cast(list_price as decimal(10, 2)) as list_price
from bronze.products
