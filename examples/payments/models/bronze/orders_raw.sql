/*---
description: Every message about orders as it was delivered, also those that came twice.
owner: treasury@payments.example
materialized: append
sort_by: [kafka_timestamp]
freshness: { column: _ingested_at, warn_after: 1 hour, fail_after: 7 days }
columns:
  raw_key: { description: The order's number. }
  raw_value: { description: "The message, JSON as text." }
  partition: { description: The topic's partition. }
  offset: { description: The place in the partition. }
  kafka_timestamp: { description: "When it was sent, UTC." }
  ingest_ts: { description: "When the consumer had it, UTC." }
  _rescued: { description: "A line that is no message, as JSON." }
---*/
select * from source.orders
