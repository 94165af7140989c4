/*---
description: One row a minute in which an order was placed. A minute is computed again when something about its orders arrives.
owner: treasury@payments.example
materialized: incremental
by: [minute_bucket]
sort_by: [minute_bucket]
columns:
  minute_bucket: { description: "The minute, UTC.", expect: [not_null, unique] }
  sale_date: { description: "The day of it, UTC." }
  orders: { description: Orders placed., expect: [{ range: { min: 1, max: 1000000 } }] }
  gmv: { description: "What is to be paid for them, whether it was or not." }
  paid_orders: { description: Those that are fully paid. }
  paid_amount: { description: What was paid for them. }
  processed_ts: { description: "When the newest message that the row is made of came, UTC.", expect: [not_null] }
expectations:
  - { name: no_more_paid_than_placed, sql: paid_orders <= orders }
  - { name: gmv_is_positive, sql: gmv > 0 }
---*/
select
  minute_bucket,
  cast(minute_bucket as date) as sale_date,
  count(*) as orders,
  cast(sum(amount) as decimal(18, 2)) as gmv,
  count(*) filter (where fully_paid) as paid_orders,
  cast(sum(paid_amount) as decimal(18, 2)) as paid_amount,
  max(ingest_ts) as processed_ts
from silver.order_payments_enriched
group by minute_bucket
