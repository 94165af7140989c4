/*---
description: What customers say of products that were delivered.
owner: crm@marketplace.example
materialized: merge
key: [review_id]
watermark: { column: created_at, overlap: 1 day }
newest_by: [created_at]
columns:
  review_id: { description: The review., expect: [not_null] }
  order_id: { description: What was delivered., expect: [not_null] }
  product_id: { description: What it is about., expect: [not_null] }
  user_id: { description: Who says it. }
  rating: { description: 1 to 5. }
  comment: { description: In his words; null for none. }
  created_at: { description: "When, UTC." }
expectations:
  - { range: { column: rating, min: 1, max: 5 } }
---*/
-- Rows are only ever added to the file. They are put in by key and not appended, since the day before the watermark is
-- read again each time.
select
  review_id,
  order_id,
  product_id,
  user_id,
  rating,
  comment,
  created_at
from source.reviews
