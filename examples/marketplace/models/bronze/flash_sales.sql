/*---
description: As delivered.
---*/
select * from source.flash_sales
