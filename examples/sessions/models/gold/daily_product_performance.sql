/*---
description: One row a day and product that something was done with. A day is computed again when events of it arrive.
owner: growth@sessions.example
materialized: incremental
by: [event_date]
partition_by: [event_date]
sort_by: [category, revenue_rank]
columns:
  event_date: { description: "The day, UTC." }
  views: { description: Times that it was looked at. }
  adds: { description: Times that it was put into a cart. }
  purchases: { description: Times that it was bought. }
  revenue: { description: What was paid. }
  revenue_rank: { description: "1 has most revenue of the category on the day; of equals the lower number comes first.", expect: [{ range: { min: 1, max: 1000000 } }] }
expectations:
  - { unique: [event_date, product_id] }
  - { unique: [event_date, category, revenue_rank] }
---*/
with per_day as (
  select
    event_date,
    category,
    product_id,
    max(product_name) as product_name,
    count(*) filter (where action = 'view') as views,
    count(*) filter (where action = 'add') as adds,
    count(*) filter (where action = 'purchase') as purchases,
    cast(sum(amount) as decimal(18, 2)) as revenue
  from silver.sessionized_activity
  group by event_date, category, product_id
)
select
  event_date,
  category,
  product_id,
  product_name,
  views,
  adds,
  purchases,
  revenue,
  cast(row_number() over (partition by event_date, category order by revenue desc, product_id) as int) as revenue_rank
from per_day
