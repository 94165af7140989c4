/*---
description: "The stream in the order of arrival, each event once, without those that come more than 3 minutes behind the newest."
owner: growth@sessions.example
materialized: append
input: bronze.user_events
stream: { event_time: event_time, watermark: 3 minutes, dedupe: event_id, late: silver.late_events }
columns:
  event_id: { description: The client's number of the event. }
  action: { description: "view, add, remove or purchase." }
  quantity: { description: "Pieces; 1 where the client does not say." }
  rescued: { description: "What the schema did not take, as JSON; also of rows that count." }
expectations:
  - { not_null: event_id, on_failure: quarantine }
  - { not_null: event_time, on_failure: quarantine }
  - { not_null: action, on_failure: quarantine }
  - { name: quantity_parses, sql: "json_get_text(rescued, 'quantity') is null", on_failure: quarantine }
  - { range: { column: quantity, min: 1, max: 1000 }, on_failure: quarantine }
---*/
select
  event_id,
  session_id,
  customer_id,
  product_id,
  case event_type
    when 'product_view' then 'view'
    when 'add_to_cart' then 'add'
    when 'remove_from_cart' then 'remove'
    when 'purchase' then 'purchase'
  end as action,
  event_time,
  coalesce(quantity, 1) as quantity,
  unit_price,
  _rescued as rescued,
  _file as source_file,
  _row as source_row
from bronze.user_events
