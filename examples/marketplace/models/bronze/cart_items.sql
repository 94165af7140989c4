/*---
description: What lies in carts.
owner: crm@marketplace.example
columns:
  cart_item_id: { description: "A place in the delivery, not a lasting key.", expect: [not_null, unique] }
  user_id: { description: Whose cart., expect: [not_null] }
  sku_id: { description: What lies in it., expect: [not_null] }
  quantity: { description: How many. }
  added_at: { description: "Since when, UTC." }
  updated_at: { description: "When it was last changed, UTC." }
---*/
-- Delivered whole each time and taken whole. A merge would never see that something was taken out of a cart.
select
  cart_item_id,
  user_id,
  sku_id,
  quantity,
  added_at,
  updated_at
from source.cart_items
