/*---
description: "One row a customer, as of his newest line, with the region that he lives in."
owner: growth@sessions.example
sort_by: [customer_id]
columns:
  customer_id: { description: The shop's number., expect: [not_null, unique] }
  state: { description: "What stands behind the last comma of the location, or null." }
  region:
    description: "One of the four regions of the United States' census, elsewhere, or unknown without a location."
    expect: [not_null, { accepted: [northeast, midwest, south, west, elsewhere, unknown] }]
---*/
with lines as (
  select
    customer_id,
    name,
    location,
    nullif(trim(split_part(location, ',', -1)), '') as state,
    cast(signed_up as date) as signed_up,
    row_number() over (partition by customer_id order by updated_at desc, location) as newest
  from bronze.customers
)
select
  customer_id,
  name,
  location,
  state,
  case
    when state is null then 'unknown'
    when state in ('CT', 'ME', 'MA', 'NH', 'RI', 'VT', 'NJ', 'NY', 'PA') then 'northeast'
    when state in ('IL', 'IN', 'MI', 'OH', 'WI', 'IA', 'KS', 'MN', 'MO', 'NE', 'ND', 'SD') then 'midwest'
    when state in (
      'DE', 'FL', 'GA', 'MD', 'NC', 'SC', 'VA', 'DC', 'WV', 'AL', 'KY', 'MS', 'TN', 'AR', 'LA', 'OK', 'TX'
    ) then 'south'
    when state in ('AZ', 'CO', 'ID', 'MT', 'NV', 'NM', 'UT', 'WY', 'AK', 'CA', 'HI', 'OR', 'WA') then 'west'
    else 'elsewhere'
  end as region,
  signed_up
from lines
where newest = 1
