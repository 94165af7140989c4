"""Makes `landing/` of examples/events: six days of clicks in a made-up shop, as CSV files.

    python make_events.py examples/events

What a real feed does is in them: rows delivered twice (in one file, and again in another), a file of the third day
that arrives after the fifth, with a few corrected prices, fields that do not parse, a row that is cut off, columns
that are empty, sessions over midnight, steps in the wrong order or at the same second. The last file is packed.
"""

import csv
import datetime
import decimal
import gzip
import io
import pathlib
import sys

from dice import Dice

HEADER = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session"
TIME, KIND, BRAND, PRICE, USER, SESSION = 0, 1, 5, 6, 7, 8
FIRST_DAY = datetime.datetime(2019, 10, 1)
N_DAYS = 6
N_SESSIONS_A_DAY = 40
LATE_DAY = 2  # from 0

CATEGORIES = [
    ("electronics.smartphone", ["samsung", "apple", "xiaomi"], (99, 1299)),
    ("electronics.audio.headphone", ["apple", "sony", "jbl"], (15, 349)),
    ("computers.notebook", ["lenovo", "acer", "hp"], (299, 1899)),
    ("appliances.kitchen.kettle", ["bosch", "tefal"], (19, 89)),
    ("apparel.shoes", ["nike", "respect", ""], (25, 149)),
    ("", ["lucente", ""], (3, 60)),  # the feed has products without a category
]


def products(dice):
    """id, category id, category code, brand, price in cents."""
    made = []
    for number in range(48):
        code, brands, (low, high) = CATEGORIES[number % len(CATEGORIES)]
        category_id = 2053013550000000000 + 1234567 * (number % len(CATEGORIES) + 1)
        cents = dice.between(low * 100, high * 100)
        made.append((1000000 + 173 * number, category_id, code, dice.one_of(brands), cents))
    return made


class Feed:
    """The events in the order in which they happen, by the day whose file has them."""

    def __init__(self):
        self.dice = Dice(20191001)
        self.products = products(self.dice)
        self.days = [[] for _ in range(N_DAYS + 1)]

    def event(self, at, kind, product, user, session):
        day = (at - FIRST_DAY).days
        number, category_id, code, brand, cents = product
        price = f"{cents // 100}.{cents % 100:02d}"
        row = [f"{at:%Y-%m-%d %H:%M:%S} UTC", kind, number, category_id, code, brand, price, user, session]
        self.days[day].append((at, [str(field) for field in row]))

    def session(self, start):
        dice, at = self.dice, start
        user = 512000000 + dice.below(90) * 37
        session = dice.uuid()
        views = [dice.one_of(self.products) for _ in range(dice.between(1, 5))]
        for product in views:
            self.event(at, "view", product, user, session)
            at += datetime.timedelta(seconds=dice.between(5, 240))
        if dice.chance(0.45):
            product = dice.one_of(views)
            # Half an hour is the funnel's window: some take longer, some click within the same second.
            pause = dice.weighted([(dice.between(1, 600), 8), (dice.between(1700, 2400), 1), (0, 1)])
            if pause == 0:
                self.event(at, "view", product, user, session)
            at += datetime.timedelta(seconds=pause)
            self.event(at, "cart", product, user, session)
            if dice.chance(0.2):
                at += datetime.timedelta(seconds=dice.between(2, 90))
                self.event(at, "remove_from_cart", product, user, session)
            if dice.chance(0.6):
                at += datetime.timedelta(seconds=dice.between(0, 500))
                self.event(at, "purchase", product, user, session)
        elif dice.chance(0.06):
            # Bought without a cart, or before the first view that the feed has.
            product = dice.one_of(views)
            self.event(at, "purchase", product, user, session)
        if dice.chance(0.05):
            self.event(at + datetime.timedelta(seconds=dice.between(1, 60)), "cart", views[0], user, session)

    def fill(self):
        dice = self.dice
        for day in range(N_DAYS):
            for _ in range(N_SESSIONS_A_DAY):
                second = dice.between(6 * 3600, 86399)
                self.session(FIRST_DAY + datetime.timedelta(days=day, seconds=second))
            # One that certainly goes over midnight, for a product of a few cents: bought after it.
            start = FIRST_DAY + datetime.timedelta(days=day, hours=23, minutes=52, seconds=day)
            user, session, product = 512000000 + day * 37, dice.uuid(), self.products[5]
            for minutes, kind in [(0, "view"), (6, "cart"), (9 + day, "purchase")]:
                self.event(start + datetime.timedelta(minutes=minutes), kind, product, user, session)
        # What happens after the last day has no file.
        return [[row for _, row in sorted(day, key=lambda pair: pair[0])] for day in self.days[:N_DAYS]]


def spoil(dice, rows, day):
    """Repeats some rows and adds some that are wrong."""
    out = []
    for row in rows:
        out.append(row)
        if dice.chance(0.03):
            out.append(list(row))
    if day % 2 == 0:
        wrong = [
            with_fields(dice.one_of(rows), {PRICE: "12,50"}),
            with_fields(dice.one_of(rows), {TIME: f"2019-13-{day + 1:02d} 10:00:00 UTC"}),
            dice.one_of(rows)[:BRAND],
        ]
    else:
        wrong = [
            with_fields(dice.one_of(rows), {KIND: "wishlist"}),
            with_fields(dice.one_of(rows), {USER: "guest"}),
            with_fields(dice.one_of(rows), {PRICE: "19.995"}),
        ]
    row = dice.one_of(rows)
    wrong.append(with_fields(row, {PRICE: "-" + row[PRICE]}))
    wrong.append(with_fields(dice.one_of(rows), {SESSION: ""}))
    # Right, but written in another way.
    row = dice.one_of(rows)
    wrong.append(with_fields(row, {KIND: row[KIND].upper(), BRAND: f" {row[BRAND].title()} "}))
    for row in wrong:
        out.insert(dice.below(len(out) + 1), row)
    return out


def with_fields(row, fields):
    """The row with other texts in some of its fields."""
    return [fields.get(idx, text) for idx, text in enumerate(row)]


def text_of(rows):
    out = io.StringIO()
    out.write(HEADER + "\n")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def files():
    """Names and bytes."""
    feed = Feed()
    days = feed.fill()
    dice = feed.dice
    # A third of that day's rows come late, with some of those that were delivered already: a few of them
    # with a corrected price.
    in_time, late = [], []
    for row in days[LATE_DAY]:
        (late if dice.chance(0.33) else in_time).append(row)
    repeated = in_time[:: max(1, len(in_time) // 12)]
    for idx in range(4):
        price = decimal.Decimal(repeated[idx][PRICE]) - decimal.Decimal("0.50")
        repeated[idx] = with_fields(repeated[idx], {PRICE: str(price)})
    days[LATE_DAY] = in_time
    made = {}
    for number, rows in enumerate(days):
        name = f"{FIRST_DAY + datetime.timedelta(days=number):%Y-%m-%d}.csv"
        text = text_of(spoil(dice, rows, number))
        if number == N_DAYS - 1:
            name, text = name + ".gz", gzip.compress(text, mtime=0)
        made[name] = text
    made["2019-10-03_late.csv"] = text_of(repeated + late)
    return made


def main():
    folder = pathlib.Path(sys.argv[1]) / "landing"
    folder.mkdir(parents=True, exist_ok=True)
    for name, contents in sorted(files().items()):
        (folder / name).write_bytes(contents)


if __name__ == "__main__":
    main()
