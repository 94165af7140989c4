/*---
description: Every row of every file, as it was delivered, with the place that it came from.
owner: shop@events.example
materialized: append
partition_by: [event_type]
freshness: { column: _ingested_at, warn_after: 1 day, fail_after: 7 days }
columns:
  event_time: { description: "When it happened, UTC; null when the field does not parse." }
  event_type: { description: As it is written. }
  price: { description: "What the product cost then; null when the field does not parse exactly." }
  _rescued: { description: "What did not fit the columns, as JSON." }
  _file: { description: The file. }
  _row: { description: "Which of the file's rows, from 1." }
  _ingested_at: { description: When the build took the file in. }
---*/
select * from source.events
