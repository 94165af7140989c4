"""examples/events: its gold tables from the CSV files, with nothing of its models.

    python events.py PROJECT_DIR LAKE_DIR
    python events.py PROJECT_DIR --write
"""

from answers import Answer, main
from lake import literal, table, compare

COLUMNS = ["event_time", "event_type", "product_id", "category_id", "category_code", "brand", "price", "user_id", "user_session"]


def prepare(con, project):
    """`lines`: every row of every file as text. `events`: those that count."""
    names = ", ".join(f"{name} varchar" for name in COLUMNS)
    con.execute(f"create table lines (file varchar, n bigint, {names})")
    for path in sorted((project / "landing").glob("*.csv*")):
        # Shorter rows are filled up with nulls; they lack a price, so that they never count.
        con.execute(
            f"""insert into lines select {literal(path.name)}, row_number() over (), *
            from read_csv({literal(str(path))}, all_varchar = true, header = true, null_padding = true,
                          auto_detect = false, delim = ',', quote = '"', parallel = false,
                          columns = {{{', '.join(f"'{name}': 'varchar'" for name in COLUMNS)}}})"""
        )
    con.execute(
        r"""
        create table events as
        with typed as (
          select
            file, n,
            try_strptime(event_time, '%Y-%m-%d %H:%M:%S UTC') as moment,
            lower(trim(event_type)) as kind,
            try_cast(product_id as bigint) as product,
            string_split(category_code, '.') as path,
            nullif(lower(trim(brand)), '') as brand,
            -- Cents as a whole number; a price with more digits than cents is none.
            case when regexp_full_match(price, '\d+\.\d\d') then cast(replace(price, '.', '') as bigint) end as cents,
            try_cast(user_id as bigint) as usr,
            user_session as session
          from lines
        )
        select * from typed
        where moment is not null and product is not null and cents is not null and usr is not null
          and session is not null and kind in ('view', 'cart', 'remove_from_cart', 'purchase')
        qualify row_number() over (partition by moment, kind, product, usr, session order by file desc, n desc) = 1
        """
    )
    con.execute(
        "create view bought as select moment::date as day, * from events where kind = 'purchase'"
    )


def money(cents):
    """Whole cents as money."""
    return f"cast(({cents})::decimal(18, 0) * 0.01 as decimal(18, 2))"


def mean(cents, n):
    """The mean of `n` amounts to the cent, half a cent up, in whole numbers; null of nothing."""
    return money(f"case when ({n}) > 0 then (2 * ({cents}) + ({n})) // (2 * ({n})) end")


ANSWERS = [
    Answer(
        "gold/daily_sales_summary",
        f"""
        with days as (
          select moment::date as day, count(distinct session) as sessions,
            sum((kind = 'view')::int) as views, sum((kind = 'cart')::int) as carts
          from events group by 1
        ),
        sales as (
          select day, count(*) as purchases, count(distinct session) as orders, count(distinct usr) as buyers,
            sum(cents) as cents
          from bought group by 1
        )
        select day as event_date, sessions, views, carts, coalesce(purchases, 0) as purchases,
          coalesce(orders, 0) as orders, coalesce(buyers, 0) as buyers, {money("coalesce(cents, 0)")} as revenue,
          {mean("cents", "orders")} as average_order_value
        from days left join sales using (day)
        """,
        "event_date",
    ),
    Answer(
        "gold/customer_metrics",
        f"""
        with sales as (
          select usr, count(*) as n, count(distinct session) as orders, sum(cents) as cents from bought group by 1
        ),
        -- A list of (how often, category) for each user; the greatest wins, of equals the first by name.
        liked as (
          select usr, list(struct_pack(n := -n, category) order by -n, category)[1].category as category
          from (select usr, coalesce(path[1], 'unknown') as category, count(*) as n from events group by 1, 2)
          group by usr
        )
        select usr as user_id, min(moment)::date as first_seen, max(moment)::date as last_seen,
          count(distinct moment::date) as active_days, count(distinct session) as sessions,
          countif(kind = 'view') as views, countif(kind = 'cart') as carts, coalesce(any_value(s.n), 0) as purchases,
          coalesce(any_value(s.orders), 0) as orders, {money("coalesce(any_value(s.cents), 0)")} as revenue,
          {mean("any_value(s.cents)", "any_value(s.n)")} as average_price,
          any_value(l.category) as favourite_category,
          if(any_value(s.orders) > 1, 'repeat_buyer', if(any_value(s.orders) = 1, 'buyer',
            if(bool_or(kind = 'cart'), 'carter', 'browser'))) as segment
        from events e left join sales s using (usr) join liked l using (usr)
        group by usr
        """,
        "user_id",
    ),
    Answer(
        "gold/product_performance",
        f"""
        with sums as (
          select product as product_id, coalesce(any_value(path[1]), 'unknown') as category,
            coalesce(nullif(any_value(array_to_string(path[2:], '.')), ''), 'unknown') as subcategory,
            coalesce(any_value(brand), 'unknown') as brand,
            countif(kind = 'view') as views, countif(kind = 'cart') as carts,
            countif(kind = 'remove_from_cart') as removals, countif(kind = 'purchase') as purchases,
            count(distinct if(kind = 'purchase', usr, null)) as buyers,
            sum(if(kind = 'purchase', cents, 0)) as cents
          from events group by 1
        )
        select product_id, category, subcategory, brand, views, carts, removals, purchases, buyers,
          {money("cents")} as revenue, if(views > 0, purchases::double / views, null) as conversion,
          1 + (select count(*) from sums b where b.cents > a.cents or (b.cents = a.cents and b.product_id < a.product_id))
            as revenue_rank
        from sums a
        """,
        "product_id",
    ),
    Answer(
        # Every chain of a view, a cart and a purchase is tried, which is what the funnel means.
        "gold/conversion_funnel",
        """
        with sessions as (select session, min(moment)::date as day from events group by 1),
        views as (select distinct session from events where kind = 'view'),
        carts as (
          select distinct session from events v join events c using (session)
          where v.kind = 'view' and c.kind = 'cart' and c.moment >= v.moment and c.moment <= v.moment + interval 30 minutes
        ),
        purchases as (
          select distinct session from events v join events c using (session) join events p using (session)
          where v.kind = 'view' and c.kind = 'cart' and p.kind = 'purchase'
            and c.moment >= v.moment and p.moment >= c.moment and p.moment <= v.moment + interval 30 minutes
        ),
        days as (
          select day, count(v.session) as viewed, count(c.session) as carted, count(p.session) as bought
          from sessions left join views v using (session) left join carts c using (session) left join purchases p using (session)
          group by day
        )
        select day as session_date, 1::int as step_no, 'view' as step, viewed as sessions,
          viewed / nullif(viewed, 0)::double as of_first, viewed / nullif(viewed, 0)::double as of_previous from days
        union all
        select day, 2, 'cart', carted, carted / nullif(viewed, 0)::double, carted / nullif(viewed, 0)::double from days
        union all
        select day, 3, 'purchase', bought, bought / nullif(viewed, 0)::double, bought / nullif(carted, 0)::double from days
        """,
        "session_date, step_no",
    ),
]


def quarantine(con, _project, lake):
    """What does not count is in the quarantine, row for row, and nothing else."""
    keys = "source_file, source_row"
    compare(
        con,
        "silver/events_cleaned__quarantine",
        r"""
        select file as source_file, n as source_row from lines
        where coalesce(not (
            try_strptime(event_time, '%Y-%m-%d %H:%M:%S UTC') is not null
            and try_cast(product_id as bigint) is not null and try_cast(user_id as bigint) is not null
            and regexp_full_match(price, '\d+\.\d\d') and user_session is not null
            and lower(trim(event_type)) in ('view', 'cart', 'remove_from_cart', 'purchase')), true)
        """,
        f"select {keys} from {table(con, lake, 'silver/events_cleaned__quarantine')}",
        keys,
    )


if __name__ == "__main__":
    main(prepare, ANSWERS, quarantine)
