/*---
materialized: merge
input: bronze.clicks
key: [id]
newest_by: [at]
deleted: gone
---*/
select id, at, kind, gone from bronze.clicks where id is not null
