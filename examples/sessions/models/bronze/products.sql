/*---
description: The file of products as it was delivered.
owner: growth@sessions.example
---*/
select * from source.products
