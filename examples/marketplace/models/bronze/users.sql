/*---
description: Customers, each in the newest state.
owner: crm@marketplace.example
materialized: merge
key: [user_id]
watermark: { column: updated_at, overlap: 1 day }
newest_by: [updated_at]
columns:
  user_id: { description: The customer., expect: [not_null] }
  full_name: { description: First and last name. }
  email: { description: Where he is written to. }
  city: { description: Where he lives. }
  state: { description: "Where he lives, two letters." }
  country: { description: "ISO 3166, two letters." }
  platform: { description: "What he signed up with, such as ios." }
  marketing_opt_in: { description: Whether he may be written to. }
  created_at: { description: "When it was made, UTC." }
  updated_at: { description: "When it was last changed, UTC." }
---*/
-- Delivered whole each time; what was changed since the last delivery is put in by key.
select
  user_id,
  full_name,
  email,
  city,
  state,
  country,
  platform,
  marketing_opt_in,
  created_at,
  updated_at
from source.users
