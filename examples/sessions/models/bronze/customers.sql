/*---
description: The file of customers as it was delivered.
owner: growth@sessions.example
---*/
select * from source.customers
