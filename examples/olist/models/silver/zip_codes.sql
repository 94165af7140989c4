/*---
description: One row a prefix of a zip code, at the middle of the places that were delivered for it.
---*/
select
  geolocation_zip_code_prefix as zip_code_prefix,
  min(geolocation_state) as state,
  round(avg(cast(geolocation_lat as double)), 6) as latitude,
  round(avg(cast(geolocation_lng as double)), 6) as longitude,
  count(*) as n_places
from bronze.geolocation
group by geolocation_zip_code_prefix
