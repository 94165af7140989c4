"""The marketplace's tables and measures from the generator's files, with nothing of its models.

    python marketplace.py PROJECT_DIR LAKE_DIR
    python marketplace.py PROJECT_DIR --write

Everything is computed from `PROJECT_DIR/landing/*.parquet` by the definitions of `examples/marketplace/README.md`, with
amounts in whole cents. Of Gold and of the measures every row is compared, of the wide tables and the facts the sums of every
column for each day.
"""

from answers import Answer, main
from lake import Difference, compare, literal, table

SOURCES = [
    "users", "sellers", "categories", "products", "product_skus", "warehouses", "inventory", "vouchers",
    "orders", "order_items", "payments", "shipments", "reviews", "user_events",
]

# An approximate count may be off by such a part, or by so many.
MOST_OFF_PART, MOST_OFF = 0.05, 2

# What the definitions say of single rows. Amounts are cents, rates of commission hundredths of a percent.
BASE = """
create macro money(cents) as cents::decimal(30, 0) * 0.01::decimal(2, 2);
create macro cents(amount) as (amount * 100)::bigint;
create macro ratio(a, b) as case when b = 0 then null else a::double / b end;
create macro whole(a, b) as case when b = 0 then null else (sign(a) * ((2 * abs(a) + b) // (2 * b)))::decimal(30, 0) end;
create macro per(a, b) as money(whole(a, b));
create macro part(a, b) as whole(10000 * a, b) * 0.0001::decimal(4, 4);
create macro pct(a, b) as whole(10000 * a, b) * 0.01::decimal(2, 2);

create table line as
select i.order_item_id, i.order_id, i.line_no, i.product_id, i.sku_id, i.seller_id, i.quantity::bigint as quantity,
       cents(i.unit_price) as unit_cents, cents(i.flash_discount) as flash_cents,
       cents(i.flash_discount) + cents(i.voucher_discount) as discount_cents,
       i.quantity * cents(i.unit_price) - cents(i.flash_discount) - cents(i.voucher_discount) as price_cents,
       cents(i.freight) as freight_cents, i.quantity * cents(k.cost) as cost_cents, cents(s.commission_pct) as rate
from order_items i, product_skus k, sellers s
where k.sku_id = i.sku_id and s.seller_id = i.seller_id;

create table placed as
select o.order_id, o.user_id, o.status, o.platform, o.created_at, o.created_at::date as day, o.ship_state,
       o.status = 'delivered' as completed, o.status = 'cancelled' as cancelled, o.status = 'returned' as returned,
       o.status <> 'cancelled' and o.status <> 'returned' as kept,
       p.shipped_at, p.delivered_at, p.warehouse_id,
       datediff('day', o.created_at::date, p.delivered_at::date) as days,
       case when p.delivered_at is not null then p.delivered_at > p.promised_at end as late,
       cents(o.freight) as freight_cents, cents(o.discount) as discount_cents, cents(o.total) as total_cents
from orders o left join shipments p using (order_id);

create table sold as
select l.*, o.user_id, o.status, o.platform, o.day, o.completed, o.cancelled, o.returned, o.kept, o.days, o.late,
       l.price_cents - l.cost_cents as margin_cents,
       case when o.kept then (l.price_cents * l.rate + 5000) // 10000 else 0 end as commission_cents
from line l join placed o using (order_id);

create table bought as
select o.*, coalesce(b.n_lines, 0) as n_lines, coalesce(b.units, 0) as units, coalesce(b.price_cents, 0) as gmv_cents,
       coalesce(b.margin_cents, 0) as margin_cents, coalesce(b.commission_cents, 0) as commission_cents
from placed o
left join (
  select order_id, count(*) as n_lines, sum(quantity)::bigint as units, sum(price_cents)::bigint as price_cents,
         sum(margin_cents)::bigint as margin_cents, sum(commission_cents)::bigint as commission_cents
  from sold group by order_id
) b using (order_id);

create table shelf as
select p.product_id, p.name as product, p.brand, p.seller_id, s.name as seller, cents(p.list_price) as list_cents,
       string_split(c.path, ' > ')[1] as department, string_split(c.path, ' > ')[2] as category,
       string_split(c.path, ' > ')[3] as subcategory,
       ['Budget', 'Standard', 'Premium', 'Luxury'][
         1 + (p.list_price >= 25)::int + (p.list_price >= 100)::int + (p.list_price >= 300)::int
       ] as price_tier
from products p join categories c using (category_id) join sellers s using (seller_id);

create table click as
select *, event_time::date as day,
       count(*) over (partition by session_id, event_time::date order by (event_time, event_id)) as seq
from user_events;

create table buyer as
select user_id, count(*) as frequency, sum(gmv_cents)::bigint as value_cents, max(created_at) as last_at
from bought where kept group by user_id;

create macro fifth(place, n) as
  case when place <= (n % 5) * (n // 5 + 1) then 1 + (place - 1) // (n // 5 + 1)
       else 1 + n % 5 + (place - 1 - (n % 5) * (n // 5 + 1)) // (n // 5) end;

create table scored as
select *, case
    when r >= 4 and f >= 4 and m >= 4 then 'Champion'
    when r >= 3 and f >= 4 then 'Loyal'
    when r >= 4 and f <= 2 then 'New'
    when r >= 3 then 'Promising'
    when f >= 3 then 'At risk'
    else 'Lost' end as segment
from (
  select user_id, frequency, value_cents, last_at,
         fifth(rank() over (order by last_at, user_id), count(*) over ()) as r,
         fifth(rank() over (order by frequency, user_id), count(*) over ()) as f,
         fifth(rank() over (order by value_cents, user_id), count(*) over ()) as m
  from buyer
);

create table tier as
select seller_id, coalesce(kept_cents, 0) as kept_cents, place, case
    when place * 10 <= n then 'Platinum' when place * 10 <= 4 * n then 'Gold' else 'Silver' end as tier
from (
  select s.seller_id, k.kept_cents, count(*) over () as n,
         rank() over (order by coalesce(k.kept_cents, 0) desc, s.seller_id) as place
  from sellers s
  left join (select seller_id, sum(price_cents)::bigint as kept_cents from sold where kept group by all) k
    using (seller_id)
);

create table counted as
select d.day, i.sku_id, i.warehouse_id, i.on_hand, i.reserved, i.reorder_point, i.updated_at,
       i.on_hand - i.reserved as free, i.on_hand * cents(k.cost) as value_cents
from (
  select p.inventory_id, d.day::date as day
  from (select distinct inventory_id from inventory) p,
       (select unnest(generate_series(min(updated_at::date), max(updated_at::date), interval 1 day)) as day
        from inventory) d
) d
asof join inventory i on i.inventory_id = d.inventory_id and i.updated_at < d.day + interval 1 day
join product_skus k using (sku_id);

create table today as select max(day) as day, min(day) as first_day from placed;

create table weeks as
select sum(gmv_cents) filter (ago between 0 and 6) as this, sum(gmv_cents) filter (ago between 7 and 13) as last
from (select b.gmv_cents, datediff('day', b.day, t.day) as ago from bought b, today t);

create table months as
select sum(gmv_cents) filter (ago = 0) as this, sum(gmv_cents) filter (ago = 1 and day(o.day) <= day(o.today)) as last
from (select b.gmv_cents, b.day, t.day as today, datediff('month', b.day, t.day) as ago from bought b, today t) o;
"""

GOLD = [
    Answer(
        "gold/ads_daily_gmv",
        """
        with day as (
          select unnest(generate_series(first_day, day, interval 1 day))::date as day from today
        ),
        first_time as (select user_id, min(day) as day from placed group by user_id),
        visit as (
          select day, session_id, bool_or(event_type = 'purchase') as buys, count(*) filter (event_type = 'view') as views,
                 count(*) filter (event_type = 'cart') as carts
          from click group by all
        ),
        visits as (
          select day, count(*) as n, count(*) filter (buys) as buys, sum(views)::bigint as views, sum(carts)::bigint as carts
          from visit group by day
        ),
        sums as (
          select day, sum(gmv_cents)::bigint as gmv, (sum(gmv_cents) filter (kept))::bigint as kept_gmv, count(*) as n,
                 count(*) filter (completed) as completed, count(*) filter (cancelled) as cancelled,
                 count(*) filter (returned) as returned, sum(units)::bigint as units,
                 sum(discount_cents)::bigint as discount, sum(freight_cents)::bigint as freight,
                 sum(margin_cents)::bigint as margin, sum(commission_cents)::bigint as commission,
                 count(distinct user_id) as buyers
          from bought group by day
        )
        select day as order_date, money(coalesce(gmv, 0)) as gmv,
               money((select sum(b.gmv_cents) from bought b where b.day between d.day - 6 and d.day)) as gmv_7_days,
               money(coalesce(kept_gmv, 0)) as kept_gmv, coalesce(s.n, 0) as n_orders,
               coalesce(completed, 0) as n_completed, coalesce(cancelled, 0) as n_cancelled,
               coalesce(returned, 0) as n_returned, coalesce(units, 0) as n_units,
               per(gmv, s.n) as aov, money(coalesce(discount, 0)) as discount,
               money(coalesce(freight, 0)) as freight, money(coalesce(margin, 0)) as gross_margin,
               money(coalesce(commission, 0)) as commission, coalesce(buyers, 0) as n_buyers,
               (select count(*) from first_time f where f.day = d.day) as n_new_buyers,
               coalesce(v.n, 0) as n_sessions, coalesce(v.views, 0) as n_views, coalesce(v.carts, 0) as n_carts,
               coalesce(v.buys, 0) as n_bought_sessions, ratio(v.buys, v.n) as conversion_rate
        from day d left join sums s using (day) left join visits v using (day)
        """,
        "order_date",
        without=("approx_visitors",),
    ),
    Answer(
        "gold/ads_product_performance",
        """
        with sums as (
          select product_id, count(distinct order_id) as n_orders, sum(quantity)::bigint as units,
                 sum(price_cents)::bigint as gmv, coalesce(sum(price_cents) filter (kept), 0)::bigint as kept_gmv,
                 sum(margin_cents)::bigint as margin, coalesce(sum(quantity) filter (returned), 0)::bigint as returned_units,
                 min(day) as first_day, max(day) as last_day
          from sold group by product_id
        ),
        clicks as (
          select product_id, count(*) filter (event_type = 'view') as views, count(*) filter (event_type = 'cart') as carts
          from click group by product_id
        ),
        stars as (select product_id, count(*) as n, sum(rating)::bigint as total from reviews group by product_id)
        select product_id, product, brand, seller, department, category, subcategory, price_tier,
               coalesce(n_orders, 0) as n_orders, coalesce(units, 0) as units, money(coalesce(gmv, 0)) as gmv,
               money(coalesce(kept_gmv, 0)) as kept_gmv, money(coalesce(margin, 0)) as gross_margin,
               100 * ratio(margin, gmv) as margin_pct, coalesce(returned_units, 0) as returned_units,
               ratio(returned_units, units) as return_rate, coalesce(views, 0) as n_views, coalesce(carts, 0) as n_carts,
               ratio(carts, views) as cart_rate, coalesce(n, 0) as n_reviews, ratio(total, n) as avg_rating,
               first_day as first_sold_on, last_day as last_sold_on,
               rank() over (order by coalesce(gmv, 0) desc, product_id) as gmv_rank,
               rank() over (partition by department, category order by coalesce(gmv, 0) desc, product_id) as category_rank
        from shelf left join sums using (product_id) left join clicks using (product_id) left join stars using (product_id)
        """,
        "product_id",
    ),
    Answer(
        "gold/ads_seller_scorecard",
        """
        with sums as (
          select seller_id, sum(quantity)::bigint as units, sum(price_cents)::bigint as gmv,
                 sum(commission_cents)::bigint as commission
          from sold group by seller_id
        ),
        his as (select distinct seller_id, order_id, completed, cancelled, returned, days, late from sold),
        rates as (
          select seller_id, count(*) as n, count(*) filter (completed) as completed, count(*) filter (cancelled) as cancelled,
                 count(*) filter (returned) as returned, count(*) filter (late) as late, count(days) as delivered,
                 sum(days)::bigint as days
          from his group by seller_id
        ),
        stars as (
          select seller_id, count(*) as n_reviews, sum(rating)::bigint as total
          from reviews join products using (product_id) group by seller_id
        ),
        card as (
          select s.seller_id, s.name as seller, t.tier, s.status, s.city, s.state, s.created_at::date as joined_on,
                 (select count(*) from products p where p.seller_id = s.seller_id) as n_products,
                 coalesce(n, 0) as n_orders, coalesce(units, 0) as units, money(coalesce(gmv, 0)) as gmv,
                 money(t.kept_cents) as kept_gmv, money(coalesce(commission, 0)) as commission,
                 ratio(completed, n) as completion_rate, ratio(cancelled, n) as cancellation_rate,
                 ratio(returned, n) as return_rate, ratio(late, delivered) as late_rate,
                 ratio(days, delivered) as avg_fulfillment_days, coalesce(n_reviews, 0) as n_reviews,
                 ratio(total, n_reviews) as avg_rating,
                 ratio(coalesce(gmv, 0), (select sum(price_cents) from sold)) as gmv_share,
                 rank() over (order by coalesce(gmv, 0) desc, seller_id) as gmv_rank
          from sellers s join tier t using (seller_id) left join sums using (seller_id) left join rates using (seller_id)
          left join stars using (seller_id)
        )
        select *, 100 * (0.4::double * completion_rate + 0.3::double * (1 - late_rate)
                         + 0.075::double * (avg_rating - 1)) as score
        from card
        """,
        "seller_id",
    ),
    Answer(
        "gold/ads_customer_rfm",
        """
        select user_id, segment, u.state, u.platform, u.created_at::date as signed_up_on, last_at::date as last_kept_date,
               datediff('day', last_at::date, (select day from today)) as recency_days, frequency,
               money(value_cents) as monetary, per(value_cents, frequency) as avg_order_value,
               r as r_score, f as f_score, m as m_score, concat(r, f, m) as rfm,
               rank() over (order by value_cents desc, user_id) as value_rank,
               ratio(value_cents, (select sum(value_cents) from buyer)) as value_share
        from scored join users u using (user_id)
        """,
        "user_id",
    ),
    Answer(
        "gold/ads_category_trends",
        """
        with month as (
          select unnest(generate_series(date_trunc('month', first_day), day, interval 1 month))::date as month from today
        ),
        kind as (select distinct department, category from shelf),
        sums as (
          select date_trunc('month', day)::date as month, department, category, sum(price_cents)::bigint as gmv,
                 coalesce(sum(price_cents) filter (kept), 0)::bigint as kept_gmv, count(distinct order_id) as n_orders,
                 sum(quantity)::bigint as units, sum(margin_cents)::bigint as margin
          from sold join shelf using (product_id) group by all
        ),
        grid as (
          select month, department, category, coalesce(gmv, 0) as gmv, coalesce(kept_gmv, 0) as kept_gmv,
                 coalesce(n_orders, 0) as n_orders, coalesce(units, 0) as units, coalesce(margin, 0) as margin
          from month cross join kind left join sums using (month, department, category)
        )
        select month as order_month, department, category, money(g.gmv) as gmv, money(g.kept_gmv) as kept_gmv, g.n_orders,
               g.units, money(g.margin) as gross_margin, 100 * ratio(g.margin, g.gmv) as margin_pct,
               ratio(g.gmv, sum(g.gmv) over (partition by month)) as gmv_share,
               rank() over (partition by month order by g.gmv desc, department, category) as month_rank,
               100 * ratio(g.gmv - m.gmv, m.gmv) as mom_pct, 100 * ratio(g.gmv - y.gmv, y.gmv) as yoy_pct
        from grid g
        left join (select (month + interval 1 month)::date as month, * exclude (month) from grid) m
          using (month, department, category)
        left join (select (month + interval 1 year)::date as month, * exclude (month) from grid) y
          using (month, department, category)
        """,
        "order_month, department, category",
    ),
    Answer(
        "gold/ads_conversion_funnel",
        """
        with filled as (
          select c.day, c.session_id, c.event_time, v.event_time as viewed_at
          from (from click where event_type = 'cart') c
          asof join (from click where event_type = 'view') v
            on v.day = c.day and v.session_id = c.session_id and v.event_time <= c.event_time
        ),
        bought as (
          select p.day, p.session_id, p.event_time, f.viewed_at
          from (from click where event_type = 'purchase') p
          asof join filled f on f.day = p.day and f.session_id = p.session_id and f.event_time <= p.event_time
        ),
        session as (
          select day, session_id, min(channel) as channel, bool_or(event_type = 'view') as viewed,
                 (day, session_id) in (select (day, session_id) from filled
                                       where event_time - viewed_at <= interval 30 minutes) as carted,
                 (day, session_id) in (select (day, session_id) from bought
                                       where event_time - viewed_at <= interval 30 minutes) as bought
          from click group by day, session_id
        )
        select day as event_date, channel, count(*) as n_sessions, count(*) filter (viewed) as n_viewed,
               count(*) filter (carted) as n_carted, count(*) filter (bought) as n_bought,
               ratio(n_carted, n_viewed) as cart_rate, ratio(n_bought, n_carted) as purchase_rate,
               ratio(n_bought, n_sessions) as conversion_rate
        from session group by all
        """,
        "event_date, channel",
    ),
    Answer(
        "gold/ads_warehouse_efficiency",
        """
        with parcels as (
          select warehouse_id, count(*) as n, sum(units)::bigint as units, count(delivered_at) as delivered,
                 sum(date_diff('second', date_trunc('second', created_at), date_trunc('second', shipped_at)))::bigint as seconds,
                 sum(days)::bigint as days, count(*) filter (late) as late, count(*) filter (returned) as returned,
                 coalesce(sum(units) filter (day >= (select t.day - 29 from today t)), 0)::bigint as newest_units
          from bought where warehouse_id is not null group by warehouse_id
        ),
        stock as (
          select warehouse_id, day, count(*) as n, sum(on_hand)::bigint as on_hand, sum(value_cents)::bigint as value_cents,
                 count(*) filter (free <= 0) as out, count(*) filter (free <= reorder_point) as low
          from counted where day = (select max(updated_at::date) from inventory) group by all
        )
        select code as warehouse, w.name, w.city, w.state, coalesce(p.n, 0) as n_parcels, coalesce(p.units, 0) as units_sent,
               coalesce(delivered, 0) as n_delivered, ratio(seconds, 3600 * p.n) as avg_hours_to_ship,
               ratio(days, delivered) as avg_fulfillment_days, ratio(late, delivered) as late_rate,
               ratio(returned, delivered) as return_rate, s.day as snapshot_date, coalesce(s.n, 0) as n_places,
               coalesce(on_hand, 0) as units_on_hand, money(coalesce(value_cents, 0)) as stock_value, w.capacity_units,
               ratio(coalesce(on_hand, 0), w.capacity_units) as utilization_rate, coalesce(out, 0) as n_stocked_out,
               ratio(out, s.n) as stockout_rate, coalesce(low, 0) as n_to_reorder,
               coalesce(newest_units, 0) as units_sent_30_days, ratio(30 * on_hand, newest_units) as cover_days
        from warehouses w left join parcels p using (warehouse_id) left join stock s using (warehouse_id)
        """,
        "warehouse",
    ),
]

# Facts and wide tables: sums of every column for each day, those of the expected rows and those of the lake's. A sum
# that is weighted with the row's key changes, too, when two rows have swapped their values.
FACTS = {
    "silver/fact_orders": (
        "day, status, platform",
        """
        select day, status, platform, count(*) as n, sum(order_id)::hugeint as ids, sum(user_id)::hugeint as users,
               sum(n_lines)::hugeint as lines, sum(units)::hugeint as units, money(sum(gmv_cents)) as gmv,
               money(sum(margin_cents)) as margin, money(sum(commission_cents)) as commission,
               money(sum(order_id * commission_cents)) as weighted_commission, money(sum(total_cents)) as total,
               money(sum(discount_cents)) as discount, sum(order_id * days)::hugeint as days,
               sum(order_id) filter (late)::hugeint as late, count(*) filter (completed) as completed,
               count(*) filter (kept) as kept, count(warehouse_id) as sent
        from bought group by all
        """,
        """
        select order_date as day, status, platform, count(*) as n, sum(order_id)::hugeint as ids,
               sum(user_id)::hugeint as users, sum(n_lines)::hugeint as lines, sum(n_units)::hugeint as units,
               sum(gmv) as gmv, sum(gross_margin) as margin, sum(commission) as commission,
               sum(order_id::decimal(18, 0) * commission) as weighted_commission, sum(total) as total,
               sum(discount) as discount, sum(order_id * fulfillment_days)::hugeint as days,
               sum(order_id) filter (is_late)::hugeint as late, count(*) filter (is_completed) as completed,
               count(*) filter (is_kept) as kept, count(warehouse) as sent
        from {} group by all
        """,
    ),
    "silver/fact_order_items": (
        "day, status, platform",
        """
        select day, status, platform, count(*) as n, sum(order_item_id)::hugeint as ids, sum(quantity)::hugeint as units,
               money(sum(discount_cents)) as discount, money(sum(price_cents)) as price, money(sum(freight_cents)) as freight,
               money(sum(cost_cents)) as cost, money(sum(margin_cents)) as margin,
               money(sum(order_item_id * commission_cents)) as weighted_commission,
               money(sum(order_item_id * whole(10000 * margin_cents, price_cents))) as weighted_pct,
               count(*) filter (flash_cents > 0) as flash, count(*) filter (kept) as kept
        from sold group by all
        """,
        """
        select order_date as day, status, platform, count(*) as n, sum(order_item_id)::hugeint as ids,
               sum(quantity)::hugeint as units, sum(discount) as discount, sum(price) as price, sum(freight) as freight,
               sum(cost) as cost, sum(gross_margin) as margin,
               sum(order_item_id::decimal(18, 0) * commission) as weighted_commission,
               sum(order_item_id::decimal(18, 0) * margin_pct) as weighted_pct,
               count(*) filter (is_flash_sale) as flash, count(*) filter (is_kept) as kept
        from {} group by all
        """,
    ),
    "silver/fact_inventory_snapshot": (
        "day, warehouse",
        """
        select day, code as warehouse, count(*) as n, sum(sku_id * on_hand)::hugeint as on_hand,
               sum(sku_id * free)::hugeint as available, sum(reorder_point)::hugeint as reorder_point,
               count(*) filter (free <= reorder_point) as low, count(*) filter (free <= 0) as out,
               money(sum(value_cents)) as value, epoch_us(max(updated_at)) as counted_us
        from counted join warehouses using (warehouse_id) group by all
        """,
        """
        select snapshot_date as day, warehouse, count(*) as n, sum(sku_id * on_hand)::hugeint as on_hand,
               sum(sku_id * available)::hugeint as available, sum(reorder_point)::hugeint as reorder_point,
               count(*) filter (needs_reorder) as low, count(*) filter (is_stocked_out) as out,
               sum(stock_value) as value, epoch_us(max(counted_at)) as counted_us
        from {} group by all
        """,
    ),
    "silver/fact_user_events": (
        "day, event_type",
        """
        select day, event_type, date_trunc('month', day)::date as month, count(*) as n, sum(event_id)::hugeint as ids,
               sum(event_id * seq)::hugeint as seq, sum(event_id * hour(event_time))::hugeint as hours,
               sum(session_id)::hugeint as sessions, sum(user_id)::hugeint as users, sum(quantity)::hugeint as units
        from click group by all
        """,
        """
        select event_date as day, event_type, event_month as month, count(*) as n, sum(event_id)::hugeint as ids,
               sum(event_id * session_seq)::hugeint as seq, sum(event_id * event_hour)::hugeint as hours,
               sum(session_id)::hugeint as sessions, sum(user_id)::hugeint as users, sum(quantity)::hugeint as units
        from {} group by all
        """,
    ),
    "silver/dim_user": (
        "segment, state",
        """
        select coalesce(segment, 'Prospect') as segment, state, count(*) as n, sum(user_id)::hugeint as ids,
               sum(user_id * frequency)::hugeint as kept, money(coalesce(sum(user_id * value_cents), 0)) as value,
               sum(user_id * (100 * r + 10 * f + m))::hugeint as rfm, sum(a.n)::hugeint as n_orders, min(a.first_day) as first_day
        from users left join scored using (user_id)
        left join (select user_id, count(*) as n, min(day) as first_day from placed group by user_id) a using (user_id)
        group by all
        """,
        """
        select segment, state, count(*) as n, sum(user_id)::hugeint as ids,
               nullif(sum(user_id * n_kept_orders), 0)::hugeint as kept,
               sum(user_id::decimal(18, 0) * lifetime_value) as value, sum(user_id * rfm::int)::hugeint as rfm,
               nullif(sum(n_orders), 0)::hugeint as n_orders, min(first_order_date) as first_day
        from {} group by all
        """,
    ),
    "silver/dim_seller": (
        "seller_id",
        "select seller_id, name as seller, tier, place as sales_rank, money(kept_cents) as kept_gmv, commission_pct "
        "from sellers join tier using (seller_id)",
        "select seller_id, seller, tier, sales_rank, kept_gmv, commission_pct from {}",
    ),
    "silver/dim_product": (
        "product_id",
        "select s.product_id, product, department, category, subcategory, department || ' > ' || category || ' > ' || "
        "subcategory as category_path, price_tier, money(list_cents) as list_price, count(sku_id) as n_skus "
        "from shelf s left join product_skus k on k.product_id = s.product_id group by all",
        "select product_id, product, department, category, subcategory, category_path, price_tier, list_price, n_skus "
        "from {}",
    ),
    "silver/dim_date": (
        "day",
        """
        select day::date as day, strftime(day, '%Y%m%d')::int as date_key, year(day) as year, quarter(day) as quarter,
               month(day) as month, monthname(day) as month_name, day(day) as day_of_month, dayofyear(day) as day_of_year,
               isodow(day) as day_of_week, dayname(day) as day_name, isoyear(day) as iso_year, week(day) as iso_week,
               (day - to_days((isodow(day) - 1)::int))::date as week_start, make_date(year(day), month(day), 1) as month_start,
               make_date(year(day), 3 * quarter(day) - 2, 1) as quarter_start, make_date(year(day), 1, 1) as year_start,
               dayname(day) in ('Saturday', 'Sunday') as is_weekend
        from (select unnest(generate_series(date '2022-01-01', date '2027-12-31', interval 1 day)) as day)
        """,
        "select * from {}",
    ),
    "gold/sales": (
        "day, department, seller",
        """
        select o.day, department, seller, o.status, count(*) as n, sum(o.order_id)::hugeint as ids, sum(o.user_id)::hugeint as users,
               sum(quantity)::hugeint as units, money(sum(price_cents)) as price, money(sum(discount_cents)) as discount,
               money(sum(l.freight_cents)) as freight, money(sum(margin_cents)) as margin, count(distinct product) as products
        from (select order_id, day, status, user_id from placed) o
        left join (select * exclude (day, status, user_id) from sold) l using (order_id)
        left join shelf using (product_id) group by all
        """,
        """
        select order_date as day, department, seller, status, count(*) as n, sum(order_id)::hugeint as ids,
               sum(user_id)::hugeint as users, sum(quantity)::hugeint as units, sum(price) as price, sum(discount) as discount,
               sum(freight) as freight, sum(gross_margin) as margin, count(distinct product) as products
        from {} group by all
        """,
    ),
    "gold/payments": (
        "day, status, payment_type, payment_status",
        """
        select day, o.status, payment_type, p.status as payment_status, count(*) as n, sum(payment_id)::hugeint as ids,
               sum(amount) as value
        from payments p join placed o using (order_id) where p.status in ('pending', 'captured', 'voided', 'refunded')
        group by all
        """,
        """
        select order_date as day, status, payment_type, payment_status, count(*) as n, sum(payment_id)::hugeint as ids,
               sum(value) as value
        from {} group by all
        """,
    ),
}


MEASURES = {
    "gmv_total": "select money(sum(gmv_cents)) as gmv from bought",
    "gmv_mtd": "select money(this) as gmv_mtd from months",
    "gmv_ytd": "select money(sum(gmv_cents)) as gmv_ytd from bought, today where year(bought.day) = year(today.day)",
    "gmv_wow_pct": "select money(this) as gmv_week, money(last) as gmv_week_before, pct(this - last, last) as wow_pct from weeks",
    "gmv_mom_pct": "select money(this) as gmv_month, money(last) as gmv_month_before, pct(this - last, last) as mom_pct from months",
    "completion_rate": "select part(count(*) filter (completed), count(*)) as completion_rate from placed",
    "cancellation_rate": "select part(count(*) filter (cancelled), count(*)) as cancellation_rate from placed",
    "aov": "select per(sum(gmv_cents), count(*)) as aov from bought",
    "revenue_by_platform": """
        select platform, money(sum(gmv_cents)) as revenue,
               part(sum(gmv_cents), (select sum(gmv_cents) from bought)) as share
        from bought group by platform
        """,
    "gross_margin_pct": "select pct(sum(margin_cents), sum(gmv_cents)) as gross_margin_pct from bought",
    "unique_buyers": "select count(*) as unique_buyers from buyer",
    "repeat_purchase_rate": "select part(count(*) filter (frequency > 1), count(*)) as repeat_purchase_rate from buyer",
    "customer_lifetime_value": "select per(sum(value_cents), count(*)) as customer_lifetime_value from buyer",
    "stockout_rate": "select part(count(*) filter (free <= 0), count(*)) as stockout_rate "
    "from counted where day = (select max(day) from counted)",
    "skus_to_reorder": "select count(distinct sku_id) as skus_to_reorder "
    "from counted where day = (select max(day) from counted) and free <= reorder_point",
    "gmv_share_top_5_sellers": """
        select part(sum(cents) filter (place <= 5), sum(cents)) as gmv_share_top_5_sellers
        from (
          select sum(price_cents) as cents, rank() over (order by sum(price_cents) desc, seller_id) as place
          from sold group by seller_id
        )
        """,
}


def prepare(con, project):
    """A view for each source file, and the tables of `BASE` over them."""
    con.execute("set timezone = 'UTC'")
    for name in SOURCES:
        path = project / "landing" / f"{name}.parquet"
        con.execute(f"create view {name} as from read_parquet({literal(str(path))})")
    con.execute(BASE)


def more(con, project, lake):
    """The facts of silver and the wide tables by their sums, and the column that is approximate."""
    files = {path.stem for path in (project / "measures").glob("*.sql")}
    if files != set(MEASURES):
        raise Difference(f"measures are {sorted(files)}, expected {sorted(MEASURES)}")
    for place, (order_by, expected, actual) in FACTS.items():
        found = actual.format(table(con, lake, place))
        # Every column takes part in the order, so that no two rows may change places.
        columns = [name for name, *_ in con.execute(f"describe {expected}").fetchall()]
        order = ", ".join([order_by, *(column for column in columns if column not in order_by.split(", "))])
        print(f"{place}: {compare(con, place, expected, found, order)} rows are equal")
    rows = con.execute(
        f"""
        select order_date, approx_visitors, count(distinct user_id)
        from {table(con, lake, "gold/ads_daily_gmv")} left join click on day = order_date group by all order by all
        """
    ).fetchall()
    for day, found, exact in rows:
        if abs(found - exact) > max(MOST_OFF, MOST_OFF_PART * exact):
            raise Difference(f"approx_visitors of {day} is {found}, exactly {exact}")


if __name__ == "__main__":
    main(prepare, [*GOLD, *(Answer(f"measures/{name}.sql", sql, "1") for name, sql in MEASURES.items())], more)
