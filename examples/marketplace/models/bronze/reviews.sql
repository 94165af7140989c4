/*---
description: As delivered.
---*/
select * from source.reviews
