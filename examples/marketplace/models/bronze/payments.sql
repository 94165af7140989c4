/*---
description: As delivered.
---*/
select * from source.payments
