/*---
description: One row a product with its categories and its price tier.
owner: trade@marketplace.example
sort_by: [product_id]
columns:
  product_id: { description: The product., expect: [not_null, unique] }
  product: { description: What it is called., expect: [not_null, unique] }
  brand: { description: Whose make it is. }
  seller_id: { description: Who sells it., expect: [not_null] }
  category_id: { description: "Its category, of level 3." }
  subcategory: { description: The category of level 3. }
  category: { description: The category of level 2. }
  department: { description: The category of level 1. }
  category_path: { description: "The names of the three levels, joined by ' > '." }
  list_price: { description: What the first variant costs without any discount., expect: [not_null] }
  price_tier: { description: "By list price: Budget below 25, Standard below 100, Premium below 300, Luxury." }
  currency: { description: ISO 4217. }
  weight_g: { description: Grams. }
  n_skus: { description: Variants. }
  launched_on: { description: "The day in UTC on which it came." }
expectations:
  - { range: { column: list_price, min: 0.01 } }
  - { accepted: { column: price_tier, values: [Budget, Standard, Premium, Luxury] } }
  - { name: path_is_of_its_parts, sql: "category_path = department || ' > ' || category || ' > ' || subcategory", on_failure: warn }
---*/
with categories as (
  select
    leaf.category_id,
    leaf.name as subcategory,
    category.name as category,
    department.name as department,
    leaf.path as category_path
  from bronze.categories leaf
  join bronze.categories category on category.category_id = leaf.parent_id
  join bronze.categories department on department.category_id = category.parent_id
  where leaf.level = 3
),
skus as (
  select product_id, count(*) as n_skus from bronze.product_skus group by product_id
)
select
  p.product_id,
  p.name as product,
  p.brand,
  p.seller_id,
  p.category_id,
  c.subcategory,
  c.category,
  c.department,
  c.category_path,
  p.list_price,
  case
    when p.list_price < 25 then 'Budget'
    when p.list_price < 100 then 'Standard'
    when p.list_price < 300 then 'Premium'
    else 'Luxury'
  end as price_tier,
  p.currency,
  p.weight_g,
  cast(coalesce(s.n_skus, 0) as int) as n_skus,
  cast(p.created_at as date) as launched_on
from bronze.products p
join categories c on c.category_id = p.category_id
left join skus s on s.product_id = p.product_id
