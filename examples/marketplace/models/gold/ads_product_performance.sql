/*---
description: One row a product, also for those that nobody has bought.
owner: trade@marketplace.example
sort_by: [gmv_rank]
columns:
  product_id: { description: The product., expect: [not_null, unique] }
  product: { description: What it is called. }
  brand: { description: Whose make it is. }
  seller: { description: Who sells it. }
  department: { description: Its category of level 1. }
  category: { description: Its category of level 2. }
  subcategory: { description: Its category of level 3. }
  price_tier: { description: "Budget, Standard, Premium or Luxury." }
  n_orders: { description: Orders of every status with it. }
  units: { description: Units ordered. }
  gmv: { description: The prices of its lines., expect: [not_null] }
  kept_gmv: { description: Those of orders that were neither cancelled nor returned. }
  gross_margin: { description: gmv less what the units cost the seller. }
  margin_pct: { description: gross_margin in percent of gmv; null without sales. }
  returned_units: { description: Units of orders that were returned. }
  return_rate: { description: returned_units divided by units; null without sales. }
  n_views: { description: How often it was looked at. }
  n_carts: { description: How often it was put into a cart. }
  cart_rate: { description: n_carts divided by n_views; null when nobody looked. }
  n_reviews: { description: Reviews of it. }
  avg_rating: { description: Their mean; null without one. }
  first_sold_on: { description: The day of its first order. }
  last_sold_on: { description: The day of its last order. }
  gmv_rank: { description: "1 for the greatest gmv; of two equal ones the lower product_id is first.", expect: [unique] }
  category_rank: { description: "The same within its category of level 2." }
expectations:
  - { range: { column: return_rate, min: 0, max: 1 } }
  - { range: { column: avg_rating, min: 1, max: 5 } }
---*/
with sold as (
  select
    product_id,
    count(distinct order_id) as n_orders,
    sum(quantity) as units,
    sum(price) as gmv,
    sum(case when is_kept then price end) as kept_gmv,
    sum(gross_margin) as gross_margin,
    sum(case when status = 'returned' then quantity else 0 end) as returned_units,
    min(order_date) as first_sold_on,
    max(order_date) as last_sold_on
  from silver.fact_order_items
  group by product_id
),
looked_at as (
  select
    product_id,
    sum(case when event_type = 'view' then 1 else 0 end) as n_views,
    sum(case when event_type = 'cart' then 1 else 0 end) as n_carts
  from silver.fact_user_events
  group by product_id
),
reviewed as (
  select product_id, count(*) as n_reviews, sum(rating) as rating_total
  from silver.reviews
  group by product_id
),
products as (
  select
    p.product_id,
    p.product,
    p.brand,
    s.seller,
    p.department,
    p.category,
    p.subcategory,
    p.price_tier,
    coalesce(i.n_orders, 0) as n_orders,
    coalesce(i.units, 0) as units,
    coalesce(i.gmv, cast(0 as decimal(22, 2))) as gmv,
    coalesce(i.kept_gmv, cast(0 as decimal(22, 2))) as kept_gmv,
    coalesce(i.gross_margin, cast(0 as decimal(22, 2))) as gross_margin,
    100 * cast(i.gross_margin as double) / nullif(cast(i.gmv as double), 0) as margin_pct,
    coalesce(i.returned_units, 0) as returned_units,
    cast(i.returned_units as double) / i.units as return_rate,
    coalesce(e.n_views, 0) as n_views,
    coalesce(e.n_carts, 0) as n_carts,
    cast(e.n_carts as double) / nullif(e.n_views, 0) as cart_rate,
    coalesce(r.n_reviews, 0) as n_reviews,
    cast(r.rating_total as double) / r.n_reviews as avg_rating,
    i.first_sold_on,
    i.last_sold_on
  from silver.dim_product p
  left join silver.dim_seller s on s.seller_id = p.seller_id
  left join sold i on i.product_id = p.product_id
  left join looked_at e on e.product_id = p.product_id
  left join reviewed r on r.product_id = p.product_id
)
select
  *,
  cast(row_number() over (order by gmv desc, product_id) as int) as gmv_rank,
  cast(row_number() over (partition by department, category order by gmv desc, product_id) as int) as category_rank
from products
