/*---
description: >-
  One row a review of an order. One review_id may stand at several orders. In a few rows a comment
  with commas runs into the columns after it; their dates are null, their scores are right.
---*/
select
  review_id,
  order_id,
  cast(review_score as int) as score,
  review_comment_title as title,
  review_comment_message as message,
  cast(try_cast(review_creation_date as timestamp) as date) as review_date,
  try_cast(review_answer_timestamp as timestamp) as answered_at
from bronze.order_reviews
