/*---
description: One row a category of level 3, with the two above it.
---*/
select
  leaf.category_id,
  leaf.name as subcategory,
  category.name as category,
  department.name as department,
  leaf.path as category_path
from bronze.categories leaf
join bronze.categories category on category.category_id = leaf.parent_id
join bronze.categories department on department.category_id = category.parent_id
where leaf.level = 3
