/*---
description: One row a payment that did not fail, with the day and the status of its order.
owner: trade@marketplace.example
sort_by: [order_date, order_id, payment_id]
columns:
  order_id: { description: What it is for., expect: [not_null] }
  payment_id: { description: The payment., expect: [not_null] }
  order_date: { description: The day in UTC on which the order was placed., expect: [not_null] }
  status: { description: Where the order is. }
  payment_type: { description: "credit_card, paypal and so on." }
  payment_status: { description: "pending, captured, voided or refunded." }
  value: { description: How much. }
  currency: { description: ISO 4217. }
---*/
select
  p.order_id,
  p.payment_id,
  o.order_date,
  o.status,
  p.payment_type,
  p.payment_status,
  p.value,
  p.currency
from silver.payments p
join silver.fact_orders o on o.order_id = p.order_id
