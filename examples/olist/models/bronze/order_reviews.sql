/*---
description: >-
  As delivered: every column is text.
---*/
select * from source.order_reviews
