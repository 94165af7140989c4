/*---
description: One row a customer.
---*/
select
  user_id,
  full_name,
  email,
  city,
  state,
  country,
  platform,
  marketing_opt_in,
  cast(created_at as date) as signed_up_on
from bronze.users
