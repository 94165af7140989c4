/*---
description: The five products with most revenue.
owner: sales@shop.example
sort_by: [place]
columns:
  place: { description: "1 has most; of equals the lower number comes first.", expect: [unique, { range: { min: 1, max: 5 } }] }
  product_id: { description: The shop's number., expect: [not_null, unique] }
  quantity: { description: Pieces sold. }
---*/
with sums as (
  select p.product_id, p.name as product, p.category, sum(s.quantity) as quantity, cast(sum(s.revenue) as decimal(18, 2)) as revenue
  from gold.sales s
  join silver.products p on p.product_id = s.product_id
  group by p.product_id, p.name, p.category
),
placed as (
  select cast(row_number() over (order by revenue desc, product_id) as int) as place, * from sums
)
select * from placed where place <= 5
