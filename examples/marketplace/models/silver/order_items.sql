/*---
description: >-
  One row a line of an order. `price` is what the line costs: quantity times unit price, less the
  discount of a flash sale, less the line's share of a voucher; freight comes on top.
---*/
select
  i.order_item_id,
  i.order_id,
  i.line_no,
  i.product_id,
  i.sku_id,
  i.seller_id,
  i.quantity,
  i.unit_price,
  i.flash_discount + i.voucher_discount as discount,
  i.line_total as price,
  i.freight,
  cast(i.quantity * s.cost as decimal(12, 2)) as cost,
  i.currency
from bronze.order_items i
join bronze.product_skus s on s.sku_id = i.sku_id
