/*---
description: The sixty minutes that end with the newest one of the table, not with the clock's.
owner: treasury@payments.example
materialized: view
---*/
select minute_bucket, orders, gmv, paid_orders, paid_amount, processed_ts
from gold.fct_sales_minute
where minute_bucket > (select max(minute_bucket) from gold.fct_sales_minute) - interval '60 minutes'
