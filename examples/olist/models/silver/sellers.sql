/*---
description: One row a seller.
---*/
with counted as (
  select *, count(*) over (partition by seller_city, substr(seller_id, 1, 8)) as n_alike
  from bronze.sellers
)
select
  seller_id,
  seller_city || ' · '
    || case when n_alike = 1 then substr(seller_id, 1, 8) else seller_id end as seller,
  seller_zip_code_prefix as zip_code_prefix,
  seller_city as city,
  seller_state as state
from counted
