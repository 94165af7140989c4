/*---
description: Every line of the stream as it arrived. A field that the schema lacks is kept in `_rescued`, and so is what does not parse.
owner: growth@sessions.example
materialized: append
freshness: { column: _ingested_at, warn_after: 1 hour, fail_after: 7 days }
columns:
  event_time: { description: "When it happened, UTC, by the user's clock." }
  unit_price: { description: "What one piece was sold for; null when the client did not send it." }
  _file: { description: The part of the stream. }
  _row: { description: "Which of the part's lines, from 1." }
---*/
select * from source.user_events
