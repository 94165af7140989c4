/*---
description: As delivered.
---*/
select * from source.product_skus
