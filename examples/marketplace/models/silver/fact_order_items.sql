/*---
description: One row a line of an order with what it costs, what it earns, and what became of its order.
owner: trade@marketplace.example
sort_by: [order_date, order_id, line_no]
columns:
  order_item_id: { description: The line., expect: [not_null] }
  order_id: { description: Whose line it is., expect: [not_null] }
  line_no: { description: "From 1, in the order." }
  order_date: { description: The day in UTC on which the order was placed., expect: [not_null] }
  user_id: { description: Who ordered. }
  status: { description: Where the order is. }
  platform: { description: What it was ordered with. }
  product_id: { description: What was bought. }
  sku_id: { description: Which variant of it. }
  seller_id: { description: Who sold it. }
  quantity: { description: How many. }
  unit_price: { description: What one costs. }
  discount: { description: What a flash sale and the order's voucher take off the line. }
  price: { description: "What the line costs: quantity * unit_price - discount; freight comes on top. GMV is its sum." }
  freight: { description: The line's share of the delivery. }
  cost: { description: What the units cost the seller. }
  gross_margin: { description: price - cost. }
  margin_pct: { description: "gross_margin in percent of price, rounded to two decimals; null when price is 0." }
  commission: { description: "What the marketplace keeps: price times the seller's rate, rounded to the cent; 0 when the order was cancelled or returned." }
  is_flash_sale: { description: Whether a flash sale made it cheaper. }
  is_kept: { description: Whether the order was neither cancelled nor returned. }
  currency: { description: ISO 4217. }
expectations:
  - { range: { column: quantity, min: 1 }, on_failure: quarantine }
  - { range: { column: price, min: 0 }, on_failure: quarantine }
  - { range: { column: commission, min: 0 } }
  - { name: price_adds_up, sql: price = quantity * unit_price - discount }
  - { relationship: { column: product_id, to: silver.dim_product, field: product_id }, on_failure: warn }
---*/
select
  i.order_item_id,
  i.order_id,
  i.line_no,
  cast(o.created_at as date) as order_date,
  o.user_id,
  o.status,
  o.platform,
  i.product_id,
  i.sku_id,
  i.seller_id,
  i.quantity,
  i.unit_price,
  cast(i.flash_discount + i.voucher_discount as decimal(12, 2)) as discount,
  i.line_total as price,
  i.freight,
  cast(i.quantity * k.cost as decimal(12, 2)) as cost,
  cast(i.line_total - i.quantity * k.cost as decimal(12, 2)) as gross_margin,
  cast(100 * (i.line_total - i.quantity * k.cost) / nullif(i.line_total, 0) as decimal(9, 2)) as margin_pct,
  case
    when o.status in ('cancelled', 'returned') then cast(0 as decimal(12, 2))
    else cast(i.line_total * s.commission_pct * cast('0.01' as decimal(3, 2)) as decimal(12, 2))
  end as commission,
  i.flash_discount > 0 as is_flash_sale,
  o.status not in ('cancelled', 'returned') as is_kept,
  i.currency
from bronze.order_items i
join bronze.orders o on o.order_id = i.order_id
join bronze.product_skus k on k.sku_id = i.sku_id
join bronze.sellers s on s.seller_id = i.seller_id
