"""Makes `landing/` of examples/shop-sync: a small shop as SQL for MySQL, MariaDB or TiDB, and what changes a day later.

    python make_shop_sync.py examples/shop-sync

Statements that change rows stand on one line each and are plain enough for any SQL. What a grown shop's tables have
in them is there: statuses in other letters and with spaces, orders without items, items of orders and products that
are gone, a quantity of 0, a discount above the price, no category, names with quotes and in other scripts.
"""

import datetime
import pathlib
import sys

from dice import Dice

FIRST_DAY = datetime.datetime(2024, 3, 1, 8)
N_ORDERS = 240
STATUSES = [("delivered", 50), ("shipped", 14), ("paid", 12), ("new", 8), ("cancelled", 10), ("returned", 5), ("Paid", 2), (" shipped", 1)]
NAMES = ["Tea pot", "Tea cup", "Sieve", "Honey spoon", "Tray", "Matcha whisk 茶筅", "Children's cup", "Thermos", "Filter", "Kettle Ω"]
CATEGORIES = ["Pots", "Cups", "Tools", None]

SCHEMA = """\
-- The shop's tables and rows. Made by tests/duckdb/make_shop_sync.py.
set names utf8mb4;
set time_zone = '+00:00';
create table products (
  product_id int unsigned not null primary key,
  sku varchar(20) not null,
  name varchar(80) not null,
  category varchar(40),
  list_price decimal(10, 2) not null,
  is_active tinyint(1) not null,
  updated_at timestamp not null default current_timestamp
) default charset = utf8mb4;
create table orders (
  order_id bigint not null primary key,
  customer_id int unsigned not null,
  status varchar(20) not null,
  note text,
  ordered_at timestamp not null default current_timestamp,
  updated_at timestamp not null default current_timestamp
) default charset = utf8mb4;
create table order_items (
  item_id bigint not null primary key,
  order_id bigint not null,
  product_id int unsigned not null,
  quantity smallint not null,
  unit_price decimal(10, 2) not null,
  discount decimal(10, 2) not null default 0,
  updated_at timestamp not null default current_timestamp,
  key by_time (updated_at)
) default charset = utf8mb4;
"""


def sql(value):
    """A literal; no text here has a backslash."""
    if value is None:
        return "null"
    if isinstance(value, datetime.datetime):
        return f"'{value:%Y-%m-%d %H:%M:%S}'"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def money(cents):
    return Money(f"{cents // 100}.{cents % 100:02d}")


class Money(str):
    """Digits that are no text of SQL."""


def row(values):
    return "(" + ", ".join(str(v) if isinstance(v, Money) else sql(v) for v in values) + ")"


def insert(table, rows):
    """One statement a line, of twenty rows at most."""
    for start in range(0, len(rows), 20):
        yield f"insert into {table} values {', '.join(row(values) for values in rows[start:start + 20])};"


class Shop:
    def __init__(self):
        self.dice = Dice(20240301)
        self.products, self.orders, self.items = [], [], []
        for number in range(24):
            name = NAMES[number % len(NAMES)] + ("" if number < len(NAMES) else f" No. {number // len(NAMES) + 1}")
            self.products.append([
                101 + number, f"T-{101 + number}", name, self.dice.one_of(CATEGORIES), money(self.dice.between(150, 8999)),
                0 if number % 11 == 10 else 1, FIRST_DAY - datetime.timedelta(days=30),
            ])

    def order(self, number, at, n_items):
        dice = self.dice
        changed = at + datetime.timedelta(minutes=dice.between(0, 3000))
        note = dice.weighted([(None, 8), ("It's a gift", 1), ("Straße 7, bitte läuten 🔔", 1)])
        self.orders.append([number, 1 + dice.below(80), dice.weighted(STATUSES), note, at, changed])
        for _ in range(n_items):
            self.item(number, at)

    def item(self, order, at):
        dice = self.dice
        product = dice.one_of(self.products)
        quantity = dice.weighted([(1, 6), (2, 3), (5, 1)])
        cents = int(product[4].replace(".", ""))
        discount = dice.weighted([(0, 7), (cents // 10, 2), (50, 1)])
        # Whole minutes, so that several items were changed at the same time.
        self.items.append([5001 + len(self.items), order, product[0], quantity, money(cents), money(discount), at.replace(second=0)])

    def fill(self):
        dice, at = self.dice, FIRST_DAY
        for idx in range(N_ORDERS):
            at += datetime.timedelta(seconds=dice.between(60, 9000))
            self.order(1001 + idx, at, dice.weighted([(1, 5), (2, 4), (3, 2), (0, 1)]))
        return at

    def spoil(self):
        self.items[10][3] = 0
        self.items[20][5] = money(999999)
        self.items[30][2] = 999
        self.items[31][2] = 999
        self.items[40][1] = 77
        self.orders[50][2] = "draft"
        self.orders[51][2] = ""


def first_state(shop):
    yield SCHEMA.rstrip("\n")
    yield from insert("products", shop.products)
    yield from insert("orders", shop.orders)
    yield from insert("order_items", shop.items)


def changes(shop, last):
    """The next day: a column more, statuses, corrections, a product's name, new orders, one that is gone."""
    dice = shop.dice
    yield "-- What changes in the shop a day later. Made by tests/duckdb/make_shop_sync.py."
    yield "set names utf8mb4;"
    yield "set time_zone = '+00:00';"
    yield "alter table orders add column channel varchar(10) default 'web' after status;"
    now = last + datetime.timedelta(hours=5)
    for order in shop.orders[-40:]:
        if order[2] in ("new", "paid", "shipped"):
            status = {"new": "paid", "paid": "shipped", "shipped": "delivered"}[order[2]]
            yield f"update orders set status = {sql(status)}, updated_at = {sql(now)} where order_id = {order[0]};"
    yield f"update orders set status = 'cancelled', updated_at = {sql(now)} where order_id = {shop.orders[50][0]};"
    without_items = next(order[0] for order in shop.orders if all(item[1] != order[0] for item in shop.items))
    yield f"delete from orders where order_id = {without_items};"
    # The newest item's minute once more: the border of what was taken.
    newest = max(item[6] for item in shop.items)
    for item in shop.items[12:15]:
        yield f"update order_items set quantity = quantity + 1, updated_at = {sql(newest)} where item_id = {item[0]};"
    yield f"update products set name = 'Tea pot, large', updated_at = {sql(now)} where product_id = 101;"
    n_orders, n_items = len(shop.orders), len(shop.items)
    at = now
    for idx in range(14):
        at += datetime.timedelta(seconds=dice.between(60, 3000))
        shop.order(1001 + N_ORDERS + idx, at, dice.between(1, 3))
    named = "insert into orders (order_id, customer_id, status, note, ordered_at, updated_at) values"
    for order in shop.orders[n_orders:]:
        yield f"{named} {row(order)};"
    yield from insert("order_items", shop.items[n_items:])


def files():
    """Names and texts."""
    shop = Shop()
    last = shop.fill()
    shop.spoil()
    first = "\n".join(first_state(shop)) + "\n"
    return {"shop.sql": first, "shop_changes.sql": "\n".join(changes(shop, last)) + "\n"}


def main():
    landing = pathlib.Path(sys.argv[1]) / "landing"
    landing.mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        (landing / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
