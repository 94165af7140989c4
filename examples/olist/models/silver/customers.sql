/*---
description: One row an order's customer; customer_unique_id is the person behind several of them.
---*/
select
  customer_id,
  customer_unique_id,
  customer_zip_code_prefix as zip_code_prefix,
  customer_city as city,
  customer_state as state
from bronze.customers
