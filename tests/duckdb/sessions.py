"""examples/sessions: its gold tables and its three questions from the stream and the masters, with nothing of its models.

    python sessions.py PROJECT_DIR LAKE_DIR
    python sessions.py PROJECT_DIR --write
"""

from answers import Answer, main
from lake import Difference, compare, literal, table

# An approximate count of a few values may be off by so many.
MOST_OFF = 1

REGIONS = {
    "northeast": "CT ME MA NH RI VT NJ NY PA",
    "midwest": "IL IN MI OH WI IA KS MN MO NE ND SD",
    "south": "DE FL GA MD NC SC VA DC WV AL KY MS TN AR LA OK TX",
    "west": "AZ CO ID MT NV NM UT WY AK CA HI OR WA",
}


def prepare(con, project):
    """`stream`: every event in the order of arrival. `counted`: those that count, with product and customer."""
    landing = project / "landing"
    con.execute("create table stream (file varchar, n bigint, line json)")
    for path in sorted((landing / "events").glob("part-*.jsonl")):
        con.execute(
            f"""
            insert into stream
            select {literal(path.name)}, row_number() over (), try_cast(line as json)
            from read_csv({literal(str(path))}, columns = {{'line': 'varchar'}}, auto_detect = false, header = false,
                          delim = '\\x01', quote = '', escape = '', parallel = false)
            """
        )
    con.execute(
        """
        create table arrivals as
        select row_number() over (order by file, n) as place, file, n,
          line->>'event_id' as id, line->>'customer_id' as customer, try_cast(line->>'product_id' as int) as product,
          try_strptime(line->>'event_time', '%Y-%m-%dT%H:%M:%S.%gZ') as moment, line->>'event_type' as kind,
          line->>'quantity' as quantity,
          cast(round(cast(line->>'unit_price' as decimal(12, 2)) * 100) as bigint) as cents
        from stream
        """
    )
    # Late: some event that arrived before is more than 3 minutes newer. Of an event that is there more than once
    # in time, the first arrival counts.
    con.execute(
        """
        create table in_time as
        with judged as (
          select *, coalesce(moment < max(moment) over (order by place rows between unbounded preceding and 1 preceding)
            - interval 3 minutes, false) as is_late
          from arrivals
        )
        select * from judged
        qualify is_late or moment is null or id is null
          or row_number() over (partition by id, is_late, moment is null order by place) = 1
        """
    )
    regions = " ".join(
        f"when list_contains(string_split({literal(states)}, ' '), state) then {literal(region)}"
        for region, states in REGIONS.items()
    )
    con.execute(
        f"""
        create table customers as
        select customer_id, name, case when state is null then 'unknown' {regions} else 'elsewhere' end as region
        from (
          select customer_id, name, nullif(trim(string_split(location, ',')[-1]), '') as state
          from read_csv({literal(str(landing / "customers.csv"))}, all_varchar = true, header = true, quote = '"')
          qualify updated_at = max(updated_at) over (partition by customer_id)
        )
        """
    )
    con.execute(
        f"""
        create table counted as
        select e.*, p.name, p.category, c.name as customer_name, coalesce(c.region, 'unknown') as region,
          case when kind = 'purchase' then coalesce(quantity, '1')::int * coalesce(cents, (p.list_price * 100)::bigint)
            else 0 end as paid
        from in_time e
        join {literal(str(landing / "products.parquet"))} p on p.product_id = e.product
        left join customers c on c.customer_id = e.customer
        where not is_late and moment is not null and id is not null
          and kind in ('product_view', 'add_to_cart', 'remove_from_cart', 'purchase')
          and (quantity is null or try_cast(quantity as int) between 1 and 1000)
        """
    )


def money(cents):
    """Whole cents as money."""
    return f"cast(({cents})::decimal(18, 0) * 0.01 as decimal(18, 2))"


DAYS = f"""
    with sums as (
      select moment::date as day, category, product, name, countif(kind = 'product_view') as views,
        countif(kind = 'add_to_cart') as adds, countif(kind = 'purchase') as purchases, sum(paid) as cents
      from counted group by all
    )
    select day as event_date, category, product as product_id, name as product_name, views, adds, purchases,
      {money("cents")} as revenue,
      (1 + (select count(*) from sums b where b.day = a.day and b.category = a.category
            and (b.cents > a.cents or (b.cents = a.cents and b.product < a.product))))::int as revenue_rank
    from sums a
"""

CUSTOMERS = f"""
    select customer as customer_id, any_value(customer_name) as customer_name, any_value(region) as region,
      {money("sum(paid)")} as total_value, count(*) as purchases, max(moment) as last_purchase
    from counted where kind = 'purchase' and customer is not null group by customer
"""

ANSWERS = [
    Answer("gold/daily_product_performance", DAYS, "event_date, product_id"),
    Answer("gold/customer_purchase_summary", CUSTOMERS, "customer_id", without=("distinct_products",)),
    Answer(
        "questions/top_products_of_the_latest_day.sql",
        f"""
        select moment::date as event_date, product as product_id, name as product_name, category,
          countif(kind = 'purchase') as purchases, {money("sum(paid)")} as revenue
        from counted where moment::date = (select max(moment)::date from counted)
        group by all order by revenue desc, product_id limit 5
        """,
        "revenue desc, product_id",
    ),
    Answer(
        "questions/daily_revenue_by_category.sql",
        f"""
        select moment::date as event_date, category, {money("sum(paid)")} as revenue
        from counted group by all
        """,
        "event_date, category",
    ),
    Answer(
        "questions/top_customers.sql",
        f"""
        select customer_id, customer_name, region, purchases, total_value from ({CUSTOMERS})
        order by total_value desc, customer_id limit 10
        """,
        "total_value desc, customer_id",
    ),
]


def more(con, _project, lake):
    """Late rows are where they belong, and the approximate counts are near the exact ones."""
    late = table(con, lake, "silver/late_events")
    compare(
        con,
        "silver/late_events",
        "select file, n from in_time where is_late",
        f'select "_file" as file, "_row" as n from {late}',
        "file, n",
    )
    wrong = con.execute(
        f"""
        with exact as (
          select customer as customer_id, count(distinct product) as n from counted
          where kind = 'purchase' and customer is not null group by 1
        )
        select customer_id, n, distinct_products
        from exact full join {table(con, lake, "gold/customer_purchase_summary")} using (customer_id)
        where coalesce(abs(n - distinct_products) > {MOST_OFF}, true)
        """
    ).fetchall()
    if wrong:
        raise Difference(f"gold/customer_purchase_summary: distinct_products, exact and found: {wrong[:5]}")


if __name__ == "__main__":
    main(prepare, ANSWERS, more)
