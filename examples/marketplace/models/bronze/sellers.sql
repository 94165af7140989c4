/*---
description: As delivered.
---*/
select * from source.sellers
