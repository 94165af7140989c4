/*---
description: One row an event. A row that is delivered again replaces the earlier one.
owner: shop@events.example
materialized: merge
key: [event_time, event_type, product_id, user_id, user_session]
newest_by: [source_file, source_row]
partition_by: [event_date]
sort_by: [event_time, user_session]
columns:
  event_time: { description: "When it happened, UTC." }
  event_date: { description: "The day of it, UTC." }
  event_hour: { description: "The hour of it, 0 to 23." }
  event_type: { description: "view, cart, remove_from_cart or purchase." }
  category: { description: "The first part of the category's code, or unknown." }
  subcategory: { description: "The rest of it, or unknown." }
  brand: { description: "In lower case, or unknown." }
  price: { description: What the product cost then. }
  revenue: { description: The price of a purchase; 0 of anything else. }
  rescued: { description: "Null; in the quarantine what did not parse, as JSON." }
expectations:
  - { name: fits_the_schema, sql: rescued is null, on_failure: quarantine }
  - { not_null: event_time, on_failure: quarantine }
  - { not_null: product_id, on_failure: quarantine }
  - { not_null: user_id, on_failure: quarantine }
  - { not_null: user_session, on_failure: quarantine }
  - { not_null: price, on_failure: quarantine }
  - { accepted: { column: event_type, values: [view, cart, remove_from_cart, purchase] }, on_failure: quarantine }
  - { range: { column: price, min: 0, max: 100000 }, on_failure: quarantine }
  - { unique: [event_time, event_type, product_id, user_id, user_session] }
---*/
select
  event_time,
  cast(event_time as date) as event_date,
  cast(date_part('hour', event_time) as int) as event_hour,
  lower(trim(event_type)) as event_type,
  product_id,
  category_id,
  coalesce(nullif(split_part(category_code, '.', 1), ''), 'unknown') as category,
  coalesce(nullif(substr(category_code, strpos(category_code, '.') + 1), ''), 'unknown') as subcategory,
  coalesce(nullif(lower(trim(brand)), ''), 'unknown') as brand,
  price,
  case lower(trim(event_type)) when 'purchase' then price else cast(0 as decimal(10, 2)) end as revenue,
  user_id,
  user_session,
  _rescued as rescued,
  _file as source_file,
  _row as source_row
from bronze.events_raw
