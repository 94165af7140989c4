/*---
description: >-
  One row a line of an order, and one row, without a product, for each order that has none: every order is here.
owner: trade@marketplace.example
sort_by: [order_date, order_id, line_no]
columns:
  order_id: { description: The order., expect: [not_null] }
  line_no: { description: "From 1, in the order; null for an order without a line." }
  order_date: { description: The day in UTC on which the order was placed., expect: [not_null] }
  status: { description: Where the order is. }
  platform: { description: What it was ordered with. }
  user_id: { description: Who ordered. }
  product: { description: What was bought. }
  category: { description: Its category of level 2. }
  department: { description: Its category of level 1. }
  seller: { description: Who sold it. }
  quantity: { description: How many. }
  unit_price: { description: What one costs. }
  discount: { description: What a flash sale and the order's voucher take off the line. }
  price: { description: What the line costs after discounts; freight comes on top. }
  freight: { description: The line's share of the delivery. }
  gross_margin: { description: price less what the units cost the seller. }
  currency: { description: ISO 4217. }
expectations:
  - { name: price_adds_up, sql: price = quantity * unit_price - discount }
---*/
with lines as (
  select
    order_id, line_no, order_date, status, platform, user_id, product_id, seller_id,
    quantity, unit_price, discount, price, freight, gross_margin, currency
  from silver.fact_order_items
  union all
  select
    order_id, null, order_date, status, platform, user_id, null, null,
    null, null, null, null, null, null, currency
  from silver.fact_orders
  where n_lines = 0
)
select
  l.order_id,
  l.line_no,
  l.order_date,
  l.status,
  l.platform,
  l.user_id,
  p.product,
  p.category,
  p.department,
  s.seller,
  l.quantity,
  l.unit_price,
  l.discount,
  l.price,
  l.freight,
  l.gross_margin,
  l.currency
from lines l
left join silver.dim_product p on p.product_id = l.product_id
left join silver.dim_seller s on s.seller_id = l.seller_id
