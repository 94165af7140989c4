/*---
description: As delivered.
---*/
select * from source.categories
