/*---
description: Payments and attempts, each in the newest state.
owner: trade@marketplace.example
materialized: merge
key: [payment_id]
watermark: { column: updated_at, overlap: 1 day }
newest_by: [updated_at]
columns:
  payment_id: { description: The payment., expect: [not_null] }
  order_id: { description: What it is for., expect: [not_null] }
  payment_type: { description: "credit_card, paypal and so on." }
  status: { description: "pending, captured, failed, voided or refunded." }
  amount: { description: How much. }
  currency: { description: ISO 4217. }
  created_at: { description: "When it was made, UTC." }
  updated_at: { description: "When it was last changed, UTC." }
---*/
-- Delivered whole each time; what was changed since the last delivery is put in by key.
select
  payment_id,
  order_id,
  payment_type,
  status,
  amount,
  currency,
  created_at,
  updated_at
from source.payments
