/*---
description: One row a product.
owner: shop@events.example
sort_by: [revenue_rank]
columns:
  product_id: { description: The product., expect: [not_null, unique] }
  buyers: { description: Users who bought it. }
  conversion: { description: "Purchases divided by views; null without a view." }
  revenue_rank: { description: "1 has most revenue; of equals the lower id comes first.", expect: [unique] }
---*/
with per_product as (
  select
    product_id,
    max(category) as category,
    max(subcategory) as subcategory,
    max(brand) as brand,
    count(*) filter (where event_type = 'view') as views,
    count(*) filter (where event_type = 'cart') as carts,
    count(*) filter (where event_type = 'remove_from_cart') as removals,
    count(*) filter (where event_type = 'purchase') as purchases,
    count(distinct user_id) filter (where event_type = 'purchase') as buyers,
    cast(sum(revenue) as decimal(18, 2)) as revenue
  from silver.events_cleaned
  group by product_id
)
select
  *,
  cast(purchases as double) / nullif(views, 0) as conversion,
  cast(row_number() over (order by revenue desc, product_id) as int) as revenue_rank
from per_product
