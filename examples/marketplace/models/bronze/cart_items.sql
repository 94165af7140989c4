/*---
description: As delivered.
---*/
select * from source.cart_items
