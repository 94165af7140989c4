/*---
description: As delivered.
---*/
select * from source.orders
