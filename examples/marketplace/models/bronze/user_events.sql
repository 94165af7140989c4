/*---
description: As delivered.
---*/
select * from source.user_events
