/*---
description: >-
  One row a warehouse: what it has sent since the first order, and its stock on the newest snapshot date.
owner: logistics@marketplace.example
sort_by: [warehouse]
columns:
  warehouse: { description: Its code., expect: [not_null, unique] }
  name: { description: What it is called. }
  city: { description: Where it is. }
  state: { description: "Where it is, two letters." }
  n_parcels: { description: Orders that it sent. }
  units_sent: { description: Units in them. }
  n_delivered: { description: Those of them that were delivered. }
  avg_hours_to_ship: { description: "Hours from order to shipment in the mean, counted in whole seconds." }
  avg_fulfillment_days: { description: Days from order to delivery in the mean. }
  late_rate: { description: Of those that were delivered the share that was there after the promised time. }
  return_rate: { description: Of those that were delivered the share that was returned. }
  snapshot_date: { description: The day of the stock. }
  n_places: { description: SKUs that are stocked. }
  units_on_hand: { description: Units that lie there. }
  stock_value: { description: What they cost. }
  capacity_units: { description: How many units have room. }
  utilization_rate: { description: units_on_hand divided by capacity_units. }
  n_stocked_out: { description: SKUs of which none is available. }
  stockout_rate: { description: n_stocked_out divided by n_places. }
  n_to_reorder: { description: SKUs that must be ordered. }
  units_sent_30_days: { description: Units of orders of the newest 30 order dates that it has sent. }
  cover_days: { description: How many days the stock lasts at that rate; null when nothing was sent. }
expectations:
  - { range: { column: stockout_rate, min: 0, max: 1 } }
  - { range: { column: late_rate, min: 0, max: 1 } }
---*/
with newest as (
  select max(order_date) as order_date from silver.fact_orders
),
sent as (
  select
    o.warehouse,
    count(*) as n_parcels,
    sum(o.n_units) as units_sent,
    count(o.delivered_at) as n_delivered,
    sum(cast(date_part('epoch', o.shipped_at) as bigint) - cast(date_part('epoch', o.created_at) as bigint)) as ship_seconds,
    sum(o.fulfillment_days) as fulfillment_days,
    sum(case when o.is_late then 1 else 0 end) as n_late,
    sum(case when o.status = 'returned' then 1 else 0 end) as n_returned,
    sum(case when o.order_date > newest.order_date - interval '30 days' then o.n_units else 0 end) as units_sent_30_days
  from silver.fact_orders o
  cross join newest
  where o.warehouse is not null
  group by o.warehouse
),
stock as (
  select
    warehouse,
    snapshot_date,
    count(*) as n_places,
    sum(on_hand) as units_on_hand,
    sum(stock_value) as stock_value,
    sum(case when is_stocked_out then 1 else 0 end) as n_stocked_out,
    sum(case when needs_reorder then 1 else 0 end) as n_to_reorder
  from silver.fact_inventory_snapshot
  where snapshot_date = (select max(snapshot_date) from silver.fact_inventory_snapshot)
  group by warehouse, snapshot_date
)
select
  w.warehouse,
  w.name,
  w.city,
  w.state,
  coalesce(s.n_parcels, 0) as n_parcels,
  coalesce(s.units_sent, 0) as units_sent,
  coalesce(s.n_delivered, 0) as n_delivered,
  cast(s.ship_seconds as double) / 3600 / s.n_parcels as avg_hours_to_ship,
  cast(s.fulfillment_days as double) / nullif(s.n_delivered, 0) as avg_fulfillment_days,
  cast(s.n_late as double) / nullif(s.n_delivered, 0) as late_rate,
  cast(s.n_returned as double) / nullif(s.n_delivered, 0) as return_rate,
  i.snapshot_date,
  coalesce(i.n_places, 0) as n_places,
  coalesce(i.units_on_hand, 0) as units_on_hand,
  coalesce(i.stock_value, cast(0 as decimal(24, 2))) as stock_value,
  w.capacity_units,
  cast(coalesce(i.units_on_hand, 0) as double) / w.capacity_units as utilization_rate,
  coalesce(i.n_stocked_out, 0) as n_stocked_out,
  cast(i.n_stocked_out as double) / i.n_places as stockout_rate,
  coalesce(i.n_to_reorder, 0) as n_to_reorder,
  coalesce(s.units_sent_30_days, 0) as units_sent_30_days,
  30 * cast(i.units_on_hand as double) / nullif(s.units_sent_30_days, 0) as cover_days
from silver.dim_warehouse w
left join sent s on s.warehouse = w.warehouse
left join stock i on i.warehouse = w.warehouse
