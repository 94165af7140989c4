/*---
description: As delivered.
---*/
select * from source.products
