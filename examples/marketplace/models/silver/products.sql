/*---
description: One row a product with its categories. `product` is unique.
---*/
select
  p.product_id,
  p.name as product,
  p.brand,
  p.seller_id,
  c.subcategory,
  c.category,
  c.department,
  c.category_path,
  p.list_price,
  p.currency,
  p.weight_g,
  cast(p.created_at as date) as launched_on
from bronze.products p
join silver.categories c on c.category_id = p.category_id
