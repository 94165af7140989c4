/*---
description: "One row an accepted event for a product that is sold, with what was known of product and customer when it arrived."
owner: growth@sessions.example
materialized: append
input: silver.accepted_events
partition_by: [event_date]
sort_by: [event_time, event_id]
columns:
  event_id: { description: The client's number of the event., expect: [not_null] }
  event_date: { description: "The day of it, UTC." }
  action: { description: "view, add, remove or purchase." }
  region: { description: "Where the customer lives; unknown for one who is not known.", expect: [not_null] }
  amount: { description: "Pieces times price of a purchase; 0 of anything else. The list's price where the client sent none." }
---*/
select
  e.event_id,
  e.session_id,
  e.event_time,
  cast(e.event_time as date) as event_date,
  e.action,
  e.customer_id,
  c.name as customer_name,
  coalesce(c.region, 'unknown') as region,
  e.product_id,
  p.name as product_name,
  p.category,
  e.quantity,
  case e.action
    when 'purchase' then cast(cast(e.quantity as decimal(10, 0)) * coalesce(e.unit_price, p.list_price) as decimal(14, 2))
    else cast(0 as decimal(14, 2))
  end as amount
from silver.accepted_events e
join silver.products p on p.product_id = e.product_id
left join silver.customers c on c.customer_id = e.customer_id
