/*---
materialized: snapshot
key: [id]
valid_from: at
---*/
select * from silver.people
