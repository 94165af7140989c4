/*---
description: One row a customer with a purchase.
owner: growth@sessions.example
sort_by: [customer_id]
columns:
  customer_id: { description: "The shop's number, also of customers who are not in its file.", expect: [not_null, unique] }
  total_value: { description: What he paid. }
  purchases: { description: Times that he bought something. }
  distinct_products: { description: "How many products he bought, approximately." }
  last_purchase: { description: "When he bought last, UTC." }
---*/
select
  customer_id,
  max(customer_name) as customer_name,
  max(region) as region,
  cast(sum(amount) as decimal(18, 2)) as total_value,
  count(*) as purchases,
  cast(approx_distinct(product_id) as bigint) as distinct_products,
  max(event_time) as last_purchase
from silver.sessionized_activity
where action = 'purchase' and customer_id is not null
group by customer_id
