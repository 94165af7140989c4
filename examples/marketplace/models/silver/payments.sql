/*---
description: One row a payment that did not fail; an order may be paid in several ways.
owner: trade@marketplace.example
columns:
  payment_id: { description: The payment., expect: [not_null] }
  order_id: { description: What it is for., expect: [not_null] }
  payment_type: { description: "credit_card, paypal and so on." }
  payment_status: { description: "pending, captured, voided or refunded." }
  value: { description: How much. }
  currency: { description: ISO 4217. }
  created_at: { description: "When it was made, UTC." }
expectations:
  - { accepted: { column: payment_status, values: [pending, captured, voided, refunded] } }
  - { range: { column: value, min: 0 } }
---*/
select
  payment_id,
  order_id,
  payment_type,
  status as payment_status,
  amount as value,
  currency,
  created_at
from bronze.payments
where status <> 'failed'
