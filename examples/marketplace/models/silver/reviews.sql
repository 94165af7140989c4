/*---
description: One row a review of a product that was delivered.
owner: crm@marketplace.example
sort_by: [review_date, review_id]
columns:
  review_id: { description: The review., expect: [not_null] }
  order_id: { description: What was delivered. }
  product_id: { description: What it is about., expect: [not_null] }
  user_id: { description: Who says it. }
  rating: { description: 1 to 5. }
  has_comment: { description: Whether he says it in words too. }
  review_date: { description: The day in UTC. }
expectations:
  - { range: { column: rating, min: 1, max: 5 }, on_failure: quarantine }
---*/
select
  review_id,
  order_id,
  product_id,
  user_id,
  rating,
  comment is not null as has_comment,
  cast(created_at as date) as review_date
from bronze.reviews
