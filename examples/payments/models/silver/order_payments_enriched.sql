/*---
description: One row an order, with what was paid for it.
owner: treasury@payments.example
sort_by: [minute_bucket, order_id]
columns:
  order_id: { description: The shop's number., expect: [not_null, unique] }
  minute_bucket: { description: "The minute in which it was placed, UTC.", expect: [not_null] }
  amount: { description: What is to be paid. }
  paid_amount: { description: "What was captured less what was given back." }
  n_payments: { description: "Payments of every status." }
  fully_paid: { description: Whether no less was paid than is to be. }
  last_paid_at: { description: "The time of the newest payment; null without one." }
  ingest_ts: { description: "When the newest message about the order or its payments came, UTC." }
expectations:
  - { range: { column: paid_amount, min: 0, max: 200000 }, on_failure: warn }
  - { name: paid_as_flagged, sql: fully_paid = (paid_amount >= amount) }
---*/
with paid as (
  select
    order_id,
    cast(
      sum(case status when 'captured' then amount when 'refunded' then -amount else cast(0 as decimal(12, 2)) end)
      as decimal(18, 2)
    ) as paid_amount,
    count(*) as n_payments,
    max(paid_at) as last_paid_at,
    max(ingest_ts) as ingest_ts
  from silver.payments_clean
  group by order_id
)
select
  o.order_id,
  o.customer_id,
  o.country,
  o.currency,
  o.created_at,
  date_trunc('minute', o.created_at) as minute_bucket,
  o.amount,
  coalesce(p.paid_amount, cast(0 as decimal(18, 2))) as paid_amount,
  coalesce(p.n_payments, 0) as n_payments,
  coalesce(p.paid_amount, cast(0 as decimal(18, 2))) >= o.amount as fully_paid,
  p.last_paid_at,
  greatest(o.ingest_ts, coalesce(p.ingest_ts, o.ingest_ts)) as ingest_ts
from silver.orders_clean o
left join paid p on p.order_id = o.order_id
