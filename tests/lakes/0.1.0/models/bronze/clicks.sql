/*---
materialized: append
---*/
select * from source.clicks
