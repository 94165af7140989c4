"""examples/shop-sync: its gold tables from the statements that made the shop's tables, with nothing of its models.

    python shop_sync.py PROJECT_DIR LAKE_DIR                      a lake of landing/shop.sql
    python shop_sync.py PROJECT_DIR LAKE_DIR --stage changed      a lake that has seen landing/shop_changes.sql too
    python shop_sync.py PROJECT_DIR --write
"""

from answers import Answer, main

# What the shop's own `create table` says, without what DuckDB does not know.
TABLES = """
create table products (product_id bigint, sku varchar, name varchar, category varchar, list_price decimal(10, 2),
                       is_active bigint, updated_at timestamp);
create table orders (order_id bigint, customer_id bigint, status varchar, note varchar, ordered_at timestamp,
                     updated_at timestamp);
create table order_items (item_id bigint, order_id bigint, product_id bigint, quantity bigint,
                          unit_price decimal(10, 2), discount decimal(10, 2), updated_at timestamp);
"""


def run(con, script):
    """Runs the statements that change rows. Each stands on a line of its own."""
    for line in script.read_text(encoding="utf-8").splitlines():
        if line.startswith(("insert into ", "update ", "delete from ")):
            con.execute(line)


def prepare(con, project):
    """The shop as it was first."""
    con.execute(TABLES)
    run(con, project / "landing" / "shop.sql")
    views(con)


def prepare_changed(con, project):
    """The shop a day later."""
    con.execute(TABLES)
    run(con, project / "landing" / "shop.sql")
    run(con, project / "landing" / "shop_changes.sql")
    views(con)


def views(con):
    """`o`: orders whose status is known. `i`: lines that count, in cents."""
    con.execute(
        """
        create view o as
        select order_id, replace(lower(status), ' ', '') as status, ordered_at::date as day
        from orders
        where replace(lower(status), ' ', '') in ('new', 'paid', 'shipped', 'delivered', 'cancelled', 'returned')
        """
    )
    con.execute(
        """
        create view i as
        select item_id, order_id, product_id, quantity,
          quantity * (unit_price * 100)::bigint - (discount * 100)::bigint as cents
        from order_items
        where quantity between 1 and 1000 and quantity * unit_price >= discount
          and order_id in (select order_id from o)
        """
    )
    con.execute(
        """
        create view sold as
        select i.*, o.day, o.status, p.name, p.category as category, p.product_id is not null as is_known
        from i join o using (order_id) left join products p using (product_id)
        where o.status in ('paid', 'shipped', 'delivered')
        """
    )


def money(cents):
    """Whole cents as money."""
    return f"cast(({cents})::decimal(18, 0) * 0.01 as decimal(18, 2))"


ANSWERS = [
    Answer(
        "gold/sales",
        f"""
        select item_id, order_id, day as order_date, status, product_id, if(is_known, name, 'gone') as product,
          if(is_known, coalesce(category, 'none'), 'gone') as category, quantity, {money("cents")} as revenue
        from sold
        """,
        "item_id",
    ),
    Answer(
        "gold/order_totals",
        f"""
        with n as (select count(*) as orders, countif(status in ('paid', 'shipped', 'delivered')) as paid from o),
        s as (select sum(cents) as cents from sold)
        select {money("cents")} as total_revenue, orders as order_count, paid as revenue_order_count,
          {money("(2 * cents + paid) // (2 * paid)")} as average_order_value
        from n, s
        """,
        "total_revenue",
    ),
    Answer(
        "gold/orders_by_status",
        f"""
        select status, count(distinct o.order_id) as orders,
          count(distinct o.order_id)::double / (select count(*) from o) as of_orders,
          {money("coalesce(sum(cents), 0)")} as value
        from o left join i using (order_id) group by status
        """,
        "status",
    ),
    Answer(
        "gold/top_products",
        f"""
        select (row_number() over (order by sum(cents) desc, product_id))::int as place, product_id,
          any_value(name) as product, coalesce(any_value(category), 'none') as category, sum(quantity) as quantity,
          {money("sum(cents)")} as revenue
        from sold where is_known group by product_id
        order by place limit 5
        """,
        "place",
    ),
]


if __name__ == "__main__":
    main({"": prepare, "changed": prepare_changed}, ANSWERS)
