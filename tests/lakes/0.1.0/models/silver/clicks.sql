/*---
materialized: append
stream: {event_time: at, watermark: 3 minutes, dedupe: id, late: silver.late_clicks}
expectations:
  - {range: {column: price, min: 0}, on_failure: quarantine}
---*/
select id, at, cast(at as date) as day, kind, price from bronze.clicks where id is not null
