/*---
materialized: incremental
by: [day]
partition_by: [day]
---*/
select day, count(*) as n, sum(price) as revenue from silver.clicks group by day
