/*---
description: One row a payment. A message that is delivered again changes nothing but the time.
owner: treasury@payments.example
materialized: merge
key: [payment_id]
newest_by: [kafka_timestamp, ingest_ts]
sort_by: [paid_at, payment_id]
columns:
  payment_id: { description: "The till's number, or the message's where the till gives none.", expect: [not_null, unique] }
  message_id: { description: "Topic, partition and offset of the newest message.", expect: [not_null, unique] }
  order_id:
    description: The order that it is for.
    expect: [{ relationship: { to: silver.orders_clean, field: order_id }, on_failure: warn }]
  amount: { description: "What was paid, or given back." }
  status: { description: "captured, failed or refunded." }
  rescued: { description: "Null; in the quarantine a line that is no message." }
expectations:
  - { name: is_a_message, sql: rescued is null, on_failure: quarantine }
  - { not_null: order_id, on_failure: quarantine }
  - { not_null: amount, on_failure: quarantine }
  - { range: { column: amount, min: 0.01, max: 100000 }, on_failure: quarantine }
  - { accepted: { column: status, values: [captured, failed, refunded] }, on_failure: quarantine }
  - { accepted: { column: method, values: [card, paypal, transfer] }, on_failure: quarantine }
---*/
select
  coalesce(
    json_get_text(raw_value, 'payment_id'),
    topic || '-' || cast("partition" as varchar) || '-' || cast("offset" as varchar)
  ) as payment_id,
  topic || '-' || cast("partition" as varchar) || '-' || cast("offset" as varchar) as message_id,
  json_get_text(raw_value, 'order_id') as order_id,
  cast(try_cast(json_get_text(raw_value, 'amount_cents') as bigint) * cast(0.01 as decimal(3, 2)) as decimal(12, 2)) as amount,
  json_get_text(raw_value, 'method') as method,
  json_get_text(raw_value, 'status') as status,
  try_cast(json_get_text(raw_value, 'paid_at') as timestamp) at time zone 'UTC' as paid_at,
  kafka_timestamp,
  ingest_ts,
  _rescued as rescued
from bronze.payments_raw
