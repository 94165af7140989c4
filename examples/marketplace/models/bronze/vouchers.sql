/*---
description: Codes that lower an order's price.
owner: trade@marketplace.example
columns:
  voucher_id: { description: The voucher., expect: [not_null, unique] }
  code: { description: What the customer types; unique. }
  kind: { description: percent or amount. }
  value: { description: "A percentage or an amount, as `kind` says." }
  min_order: { description: The subtotal from which it holds. }
  currency: { description: ISO 4217. }
  valid_from: { description: "When it begins to hold, UTC." }
  valid_until: { description: "When it ceases to hold, UTC." }
---*/
-- Delivered whole each time and taken whole. Nothing in it says when a voucher was changed.
select
  voucher_id,
  code,
  kind,
  value,
  min_order,
  currency,
  valid_from,
  valid_until
from source.vouchers
