/*---
description: As delivered.
---*/
select * from source.warehouses
