/*---
description: The category tree, three levels deep.
owner: trade@marketplace.example
columns:
  category_id: { description: The node., expect: [not_null, unique] }
  parent_id: { description: The node above; null at level 1. }
  level: { description: "1 to 3, from the root." }
  name: { description: What it is called below its parent. }
  path: { description: "The names from the root, joined by ' > '." }
expectations:
  - { range: { column: level, min: 1, max: 3 } }
---*/
-- Delivered whole each time and taken whole. Nothing in it says when a node was changed.
select
  category_id,
  parent_id,
  level,
  name,
  path
from source.categories
