/*---
description: As delivered.
---*/
select * from source.shipments
