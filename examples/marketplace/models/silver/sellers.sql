/*---
description: One row a seller. `seller` is unique.
---*/
select
  seller_id,
  name as seller,
  city,
  state,
  commission_pct,
  status,
  cast(created_at as date) as joined_on
from bronze.sellers
