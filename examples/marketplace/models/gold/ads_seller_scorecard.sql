/*---
description: >-
  One row a seller. An order is one of his when a line of it is; what became of it counts for every seller in it.
owner: trade@marketplace.example
sort_by: [gmv_rank]
columns:
  seller_id: { description: The shop., expect: [not_null, unique] }
  seller: { description: What it is called. }
  tier: { description: "Platinum, Gold or Silver." }
  status: { description: active or suspended. }
  city: { description: Where it is. }
  state: { description: "Where it is, two letters." }
  joined_on: { description: The day in UTC since which it sells. }
  n_products: { description: Products it has on sale. }
  n_orders: { description: Its orders of every status. }
  units: { description: Units ordered. }
  gmv: { description: The prices of its lines., expect: [not_null] }
  kept_gmv: { description: Those of orders that were neither cancelled nor returned. }
  commission: { description: What the marketplace keeps. }
  completion_rate: { description: The share of its orders that were delivered and kept; null without orders. }
  cancellation_rate: { description: The share that was cancelled. }
  return_rate: { description: The share that was returned. }
  late_rate: { description: Of those that were delivered the share that was there after the promised time. }
  avg_fulfillment_days: { description: Days from order to delivery in the mean. }
  n_reviews: { description: Reviews of its products. }
  avg_rating: { description: Their mean; null without one. }
  gmv_share: { description: gmv divided by that of all sellers. }
  gmv_rank: { description: "1 for the greatest gmv; of two equal ones the lower seller_id is first.", expect: [unique] }
  score: { description: "0 to 100: 40 for completion_rate, 30 for 1 - late_rate, 30 for (avg_rating - 1) / 4; null when one is." }
expectations:
  - { range: { column: score, min: 0, max: 100 } }
  - { range: { column: gmv_share, min: 0, max: 1 } }
---*/
with sold as (
  select
    seller_id,
    order_id,
    sum(quantity) as units,
    sum(price) as gmv,
    sum(case when is_kept then price end) as kept_gmv,
    sum(commission) as commission
  from silver.fact_order_items
  group by seller_id, order_id
),
scored as (
  select
    i.seller_id,
    count(*) as n_orders,
    sum(i.units) as units,
    sum(i.gmv) as gmv,
    sum(i.kept_gmv) as kept_gmv,
    sum(i.commission) as commission,
    sum(case when o.is_completed then 1 else 0 end) as n_completed,
    sum(case when o.status = 'cancelled' then 1 else 0 end) as n_cancelled,
    sum(case when o.status = 'returned' then 1 else 0 end) as n_returned,
    sum(case when o.is_late then 1 else 0 end) as n_late,
    count(o.fulfillment_days) as n_delivered,
    sum(o.fulfillment_days) as fulfillment_days
  from sold i
  join silver.fact_orders o on o.order_id = i.order_id
  group by i.seller_id
),
products as (
  select seller_id, count(*) as n_products from silver.dim_product group by seller_id
),
reviewed as (
  select p.seller_id, count(*) as n_reviews, sum(r.rating) as rating_total
  from silver.reviews r
  join silver.dim_product p on p.product_id = r.product_id
  group by p.seller_id
),
sellers as (
  select
    s.seller_id,
    s.seller,
    s.tier,
    s.status,
    s.city,
    s.state,
    s.joined_on,
    coalesce(p.n_products, 0) as n_products,
    coalesce(i.n_orders, 0) as n_orders,
    coalesce(i.units, 0) as units,
    coalesce(i.gmv, cast(0 as decimal(22, 2))) as gmv,
    s.kept_gmv,
    coalesce(i.commission, cast(0 as decimal(22, 2))) as commission,
    cast(i.n_completed as double) / i.n_orders as completion_rate,
    cast(i.n_cancelled as double) / i.n_orders as cancellation_rate,
    cast(i.n_returned as double) / i.n_orders as return_rate,
    cast(i.n_late as double) / nullif(i.n_delivered, 0) as late_rate,
    cast(i.fulfillment_days as double) / nullif(i.n_delivered, 0) as avg_fulfillment_days,
    coalesce(r.n_reviews, 0) as n_reviews,
    cast(r.rating_total as double) / r.n_reviews as avg_rating
  from silver.dim_seller s
  left join scored i on i.seller_id = s.seller_id
  left join products p on p.seller_id = s.seller_id
  left join reviewed r on r.seller_id = s.seller_id
)
select
  *,
  cast(gmv as double) / nullif(cast(sum(gmv) over () as double), 0) as gmv_share,
  cast(row_number() over (order by gmv desc, seller_id) as int) as gmv_rank,
  40 * completion_rate + 30 * (1 - late_rate) + 30 * (avg_rating - 1) / 4 as score
from sellers
