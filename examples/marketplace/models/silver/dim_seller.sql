/*---
description: One row a seller with the tier that his sales have earned him.
owner: trade@marketplace.example
sort_by: [seller_id]
columns:
  seller_id: { description: The shop., expect: [not_null, unique] }
  seller: { description: What it is called., expect: [not_null, unique] }
  city: { description: Where it is. }
  state: { description: "Where it is, two letters." }
  commission_pct: { description: "What the marketplace keeps of a line's price, in percent." }
  status: { description: active or suspended. }
  joined_on: { description: The day in UTC since which it sells. }
  kept_gmv: { description: The prices of its lines whose order was neither cancelled nor returned. }
  sales_rank: { description: "1 for the greatest kept_gmv; of two equal ones the lower seller_id is first." }
  tier: { description: "By sales_rank: Platinum is the first tenth, Gold the next three tenths, Silver the rest." }
expectations:
  - { accepted: { column: status, values: [active, suspended] }, on_failure: warn }
  - { accepted: { column: tier, values: [Platinum, Gold, Silver] } }
---*/
with sales as (
  select seller_id, sum(price) as kept_gmv
  from silver.fact_order_items
  where is_kept
  group by seller_id
),
ranked as (
  select
    b.*,
    coalesce(s.kept_gmv, cast(0 as decimal(22, 2))) as kept_gmv,
    row_number() over (order by coalesce(s.kept_gmv, cast(0 as decimal(22, 2))) desc, b.seller_id) as sales_rank,
    count(*) over () as n_sellers
  from bronze.sellers b
  left join sales s on s.seller_id = b.seller_id
)
select
  seller_id,
  name as seller,
  city,
  state,
  commission_pct,
  status,
  cast(created_at as date) as joined_on,
  kept_gmv,
  cast(sales_rank as int) as sales_rank,
  case
    when sales_rank * 10 <= n_sellers then 'Platinum'
    when sales_rank * 10 <= n_sellers * 4 then 'Gold'
    else 'Silver'
  end as tier
from ranked
