/*---
materialized: merge
key: [id]
newest_by: [at]
---*/
select cast(id as bigint) as id, name, cast(at as date) as at from bronze.people
