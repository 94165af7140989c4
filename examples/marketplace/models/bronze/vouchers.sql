/*---
description: As delivered.
---*/
select * from source.vouchers
