/*---
description: One row a customer who has an order that was neither cancelled nor returned.
owner: crm@marketplace.example
sort_by: [value_rank]
columns:
  user_id: { description: The customer., expect: [not_null, unique] }
  segment: { description: "Champion, Loyal, New, Promising, At risk or Lost.", expect: [not_null] }
  state: { description: "Where he lives, two letters." }
  platform: { description: "What he signed up with, such as ios." }
  signed_up_on: { description: The day in UTC. }
  last_kept_date: { description: The day of his last kept order. }
  recency_days: { description: Days from it to the newest order date of the lake. }
  frequency: { description: His kept orders. }
  monetary: { description: Their GMV. }
  avg_order_value: { description: "monetary divided by frequency, rounded to the cent." }
  r_score: { description: "1 to 5, 5 for the newest fifth." }
  f_score: { description: "1 to 5, 5 for the most orders." }
  m_score: { description: "1 to 5, 5 for the greatest value." }
  rfm: { description: "The three scores, such as 543." }
  value_rank: { description: "1 for the greatest monetary; of two equal ones the lower user_id is first.", expect: [unique] }
  value_share: { description: monetary divided by that of all. }
expectations:
  - { range: { column: r_score, min: 1, max: 5 } }
  - { range: { column: frequency, min: 1 } }
  - { range: { column: value_share, min: 0, max: 1 } }
---*/
select
  user_id,
  segment,
  state,
  platform,
  signed_up_on,
  last_kept_date,
  recency_days,
  n_kept_orders as frequency,
  lifetime_value as monetary,
  cast(lifetime_value / n_kept_orders as decimal(14, 2)) as avg_order_value,
  r_score,
  f_score,
  m_score,
  rfm,
  cast(row_number() over (order by lifetime_value desc, user_id) as int) as value_rank,
  cast(lifetime_value as double) / nullif(cast(sum(lifetime_value) over () as double), 0) as value_share
from silver.dim_user
where n_kept_orders > 0
