/*---
description: As delivered.
---*/
select * from source.order_items
