/*---
description: As delivered.
---*/
select * from source.inventory
