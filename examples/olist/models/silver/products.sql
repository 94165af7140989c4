/*---
description: >-
  One row a product. Its category is English, or Portuguese where no translation was delivered, or
  null. Its label is what people read: the category and the shortest start of the id, eight digits or
  more, that no other product of the category shares.
---*/
with named as (
  select
    p.*,
    replace(coalesce(c.product_category_name_english, p.product_category_name), '_', ' ') as category
  from bronze.products p
  left join bronze.category_names c on c.product_category_name = p.product_category_name
),
counted as (
  select
    *,
    count(*) over (partition by category, substr(product_id, 1, 8)) as n_alike
  from named
)
select
  product_id,
  coalesce(category, 'no category') || ' · '
    || case when n_alike = 1 then substr(product_id, 1, 8) else product_id end as product,
  category,
  cast(product_name_lenght as int) as name_length,
  cast(product_description_lenght as int) as description_length,
  cast(product_photos_qty as int) as n_photos,
  cast(product_weight_g as int) as weight_g,
  cast(product_length_cm as int) as length_cm,
  cast(product_height_cm as int) as height_cm,
  cast(product_width_cm as int) as width_cm
from counted
