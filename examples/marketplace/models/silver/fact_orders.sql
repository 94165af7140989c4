/*---
description: One row an order with its parcel and what the marketplace earns.
owner: trade@marketplace.example
sort_by: [order_date, order_id]
columns:
  order_id: { description: The order., expect: [not_null, unique] }
  user_id: { description: Who ordered., expect: [not_null] }
  order_date: { description: The day in UTC on which it was placed., expect: [not_null] }
  status: { description: Where it is. }
  platform: { description: What it was ordered with. }
  voucher_code: { description: The voucher that was redeemed; null for none. }
  currency: { description: ISO 4217. }
  n_lines: { description: Its lines. }
  n_units: { description: Units in them. }
  subtotal: { description: The lines before the voucher. }
  discount: { description: What the voucher takes off. }
  freight: { description: What delivery costs. }
  total: { description: subtotal - discount + freight. }
  gmv: { description: "subtotal - discount: the sum of the prices of its lines." }
  gross_margin: { description: The sum over its lines. }
  commission: { description: "The sum over its lines; 0 when it was cancelled or returned." }
  ship_city: { description: Where it goes. }
  ship_state: { description: "Where it goes, two letters." }
  warehouse: { description: The code of the warehouse that sent it; null until then. }
  carrier: { description: Who brings it. }
  shipped_at: { description: "When it left, UTC; null until then." }
  delivered_at: { description: "When it was there, UTC; null until then." }
  fulfillment_days: { description: Days from order_date to the day of delivery; null until then. }
  is_late: { description: Whether it was there after the promised time; null until it is delivered. }
  is_completed: { description: "Whether it was delivered and kept: status is delivered." }
  is_kept: { description: Whether it was neither cancelled nor returned. }
  created_at: { description: "When it was placed, UTC." }
  updated_at: { description: "When it was last changed, UTC." }
expectations:
  - { accepted: { column: status, values: [pending, processing, shipped, delivered, cancelled, returned] } }
  - { accepted: { column: platform, values: [web, ios, android, partner] }, on_failure: warn }
  - { range: { column: n_lines, min: 1 }, on_failure: warn }
  - { range: { column: total, min: 0 } }
  - { range: { column: fulfillment_days, min: 0 } }
  - { name: total_adds_up, sql: total = gmv + freight }
---*/
with lines as (
  select
    order_id,
    count(*) as n_lines,
    sum(quantity) as n_units,
    sum(gross_margin) as gross_margin,
    sum(commission) as commission
  from silver.fact_order_items
  group by order_id
),
parcels as (
  select p.order_id, w.warehouse, p.carrier, p.promised_at, p.shipped_at, p.delivered_at
  from bronze.shipments p
  join silver.dim_warehouse w on w.warehouse_id = p.warehouse_id
)
select
  o.order_id,
  o.user_id,
  cast(o.created_at as date) as order_date,
  o.status,
  o.platform,
  v.code as voucher_code,
  o.currency,
  cast(coalesce(i.n_lines, 0) as int) as n_lines,
  cast(coalesce(i.n_units, 0) as int) as n_units,
  o.subtotal,
  o.discount,
  o.freight,
  o.total,
  cast(o.subtotal - o.discount as decimal(12, 2)) as gmv,
  cast(coalesce(i.gross_margin, 0) as decimal(12, 2)) as gross_margin,
  cast(coalesce(i.commission, 0) as decimal(12, 2)) as commission,
  o.ship_city,
  o.ship_state,
  p.warehouse,
  p.carrier,
  p.shipped_at,
  p.delivered_at,
  cast(cast(p.delivered_at as date) - cast(o.created_at as date) as int) as fulfillment_days,
  p.delivered_at > p.promised_at as is_late,
  o.status = 'delivered' as is_completed,
  o.status not in ('cancelled', 'returned') as is_kept,
  o.created_at,
  o.updated_at
from bronze.orders o
left join lines i on i.order_id = o.order_id
left join parcels p on p.order_id = o.order_id
left join bronze.vouchers v on v.voucher_id = o.voucher_id
