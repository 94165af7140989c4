/*---
description: As delivered.
---*/
select * from source.users
