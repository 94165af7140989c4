/*---
description: One row an order. A message that is delivered again changes nothing but the time.
owner: treasury@payments.example
materialized: merge
key: [order_id]
newest_by: [kafka_timestamp, ingest_ts]
sort_by: [created_at, order_id]
columns:
  order_id: { description: The shop's number., expect: [unique] }
  message_id: { description: "Topic, partition and offset of the newest message.", expect: [not_null, unique] }
  amount: { description: What is to be paid. }
  created_at: { description: "When it was placed, UTC." }
  ingest_ts: { description: "When the consumer had the message, UTC." }
  rescued: { description: "Null; in the quarantine a line that is no message." }
expectations:
  - { name: is_a_message, sql: rescued is null, on_failure: quarantine }
  - { not_null: order_id, on_failure: quarantine }
  - { not_null: amount, on_failure: quarantine }
  - { not_null: created_at, on_failure: quarantine }
  - { range: { column: amount, min: 0.01, max: 100000 }, on_failure: quarantine }
  - { accepted: { column: currency, values: [EUR] }, on_failure: quarantine }
  - { not_null: customer_id, on_failure: warn }
---*/
select
  json_get_text(raw_value, 'order_id') as order_id,
  topic || '-' || cast("partition" as varchar) || '-' || cast("offset" as varchar) as message_id,
  try_cast(json_get_text(raw_value, 'customer.id') as bigint) as customer_id,
  json_get_text(raw_value, 'customer.country') as country,
  cast(try_cast(json_get_text(raw_value, 'amount_cents') as bigint) * cast(0.01 as decimal(3, 2)) as decimal(12, 2)) as amount,
  json_get_text(raw_value, 'currency') as currency,
  try_cast(json_get_text(raw_value, 'n_items') as int) as n_items,
  try_cast(json_get_text(raw_value, 'created_at') as timestamp) at time zone 'UTC' as created_at,
  kafka_timestamp,
  ingest_ts,
  _rescued as rescued
from bronze.orders_raw
