"""Makes `landing/` of examples/sessions: three days of user events as a stream of JSON lines, customers, products.

    python make_sessions.py examples/sessions       (needs duckdb, which writes the Parquet file)

The parts of the stream hold the events in the order in which they arrive: most within seconds, some a minute or two
after newer ones, a few too late; one part at the end brings events of two days before. Events that arrive twice,
events for products that are not sold, of customers who are not known or not logged in, with a time that is none, of
a quantity below one, a line that is cut off, a field that was added on the second day.
"""

import datetime
import json
import pathlib
import sys

from dice import Dice

FIRST_DAY = datetime.datetime(2024, 6, 1)
N_DAYS = 3
N_SESSIONS_A_DAY = 62
CITIES = ["Austin, TX", "Portland, OR", "Boston, MA", "Chicago, IL", "Miami, FL", "Denver, CO", "Newark, NJ", "Columbus, OH",
          "San Jose, CA", "Atlanta, GA", "Toronto, ON", "", "Seattle,WA", "Washington, D.C., DC"]
FIRST_NAMES = ["Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana", "Ida", "Jon", "Kay", "Lou"]
LAST_NAMES = ["Abel", "Brandt", "Cruz", "Diaz", "Endo", "Frost", "Gray", "Hill", "O'Neil", "Jansen"]
CATEGORIES = [("Kitchen", ["Kettle", "Toaster", "Pan", "Knife", "Mug"]), ("Garden", ["Hose", "Rake", "Spade", "Lamp"]),
              ("Office", ["Chair", "Desk", "Pen", "Folder", "Lamp"]), ("Sport", ["Ball", "Mat", "Rope"])]
COLOURS = ["red", "blue"]


def products(dice):
    """id, name, category, list price in cents."""
    made = []
    for category, names in CATEGORIES:
        for name in names:
            for colour in COLOURS:
                made.append((301 + len(made), f"{name}, {colour}", category, dice.between(199, 29999)))
    return made


def customers(dice):
    """Lines of the CSV file: who moved is there twice."""
    lines = ["customer_id,name,location,signed_up,updated_at"]
    for number in range(70):
        name = f"{dice.one_of(FIRST_NAMES)} {dice.one_of(LAST_NAMES)}"
        signed_up = datetime.date(2023, 1, 1) + datetime.timedelta(days=dice.below(500))
        for moved in range(2 if number % 9 == 4 else 1):
            city = dice.one_of(CITIES)
            city = f'"{city}"' if "," in city else city
            updated = signed_up + datetime.timedelta(days=30 * moved)
            lines.append(f"C-{number + 1:04d},{name},{city},{signed_up},{updated} 12:00:00")
    return dice.shuffled(lines[1:]), lines[0]


class Stream:
    """Events with the times at which they arrive."""

    def __init__(self, dice, sold):
        self.dice = dice
        self.sold = sold
        self.n = 0
        self.arrived = []

    def event(self, at, session, customer, product, kind, quantity=None, cents=None):
        dice = self.dice
        self.n += 1
        value = {
            "event_id": f"E-{self.n:06d}",
            "session_id": session,
            "customer_id": customer,
            "product_id": product,
            "event_type": kind,
            "event_time": at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z",
        }
        if quantity is not None:
            value["quantity"] = quantity
        price = None
        if cents is not None:
            price = f"{cents // 100}.{cents % 100:02d}"
        if at >= FIRST_DAY + datetime.timedelta(days=1) and dice.chance(0.1):
            value["campaign"] = "june"
        line = json.dumps(value)
        if price is not None:
            # A number as a shop writes it, not as a double is printed.
            line = line[:-1] + f', "unit_price": {price}' + "}"
        delay_s = dice.weighted([(dice.below(4), 70), (dice.below(60), 14), (dice.between(60, 170), 8), (dice.between(190, 900), 4)])
        self.arrived.append((at + datetime.timedelta(seconds=delay_s), self.n, at, line))
        if dice.chance(0.04):
            again = at + datetime.timedelta(seconds=delay_s + dice.weighted([(dice.below(50), 4), (dice.between(300, 4000), 1)]))
            self.arrived.append((again, self.n, at, line))

    def session(self, start):
        dice, at = self.dice, start
        session = f"S-{dice.hexadecimal(8)}"
        customer = dice.weighted([(f"C-{dice.between(1, 70):04d}", 80), (None, 15), (f"C-{dice.between(900, 905)}", 5)])
        for _ in range(dice.between(1, 4)):
            number, _, _, cents = dice.one_of(self.sold)
            if dice.chance(0.02):
                number = 999  # Not sold any more.
            self.event(at, session, customer, number, "product_view")
            at += datetime.timedelta(milliseconds=dice.between(3000, 120000))
            if dice.chance(0.4):
                quantity = dice.weighted([(1, 7), (2, 2), (3, 1)])
                self.event(at, session, customer, number, "add_to_cart", quantity)
                at += datetime.timedelta(milliseconds=dice.between(3000, 60000))
                if dice.chance(0.15):
                    self.event(at, session, customer, number, "remove_from_cart", quantity)
                elif dice.chance(0.6):
                    # Some are sold for less than the list says; an old client does not send the price.
                    paid = dice.weighted([(cents, 6), (cents * 9 // 10, 2), (None, 1)])
                    self.event(at, session, customer, number, "purchase", quantity, paid)
                at += datetime.timedelta(milliseconds=dice.between(3000, 60000))

    def fill(self):
        for day in range(N_DAYS):
            for _ in range(N_SESSIONS_A_DAY):
                second = self.dice.between(8 * 3600, 22 * 3600)
                self.session(FIRST_DAY + datetime.timedelta(days=day, seconds=second))
        self.arrived.sort(key=lambda event: event[:2])


def parts(stream):
    """Names and lines: two parts a day, and one that comes long after."""
    dice = stream.dice
    made = {f"part-{number + 1:04d}.jsonl": [] for number in range(2 * N_DAYS)}
    names = list(made)
    kept_back = []
    for arrived, _, at, line in stream.arrived:
        if at.day == FIRST_DAY.day + 1 and dice.chance(0.04):
            kept_back.append(line)
            continue
        since = arrived - FIRST_DAY
        number = min(2 * since.days + (1 if since.seconds >= 15 * 3600 else 0), 2 * N_DAYS - 1)
        made[names[number]].append(line)
    # Some that came in time come again with it.
    made[f"part-{2 * N_DAYS + 1:04d}.jsonl"] = kept_back + made[names[3]][10:16]
    # Wrong ones, each a copy of the line before it.
    lines = made[names[1]]
    for idx, change in enumerate([
        {"event_id": "E-900001", "event_time": "soon"},
        {"event_id": "E-900002", "event_type": "purchase", "quantity": 0},
        {"event_id": "E-900003", "event_type": "purchase", "quantity": "two"},
        {"event_id": None},
        {"event_id": "E-900005", "event_type": "wink"},
    ]):
        place = 6 + 9 * idx
        lines.insert(place + 1, json.dumps({**json.loads(lines[place]), **change}))
    lines.insert(60, lines[60][:70])
    return made


def main():
    import duckdb

    landing = pathlib.Path(sys.argv[1]) / "landing"
    (landing / "events").mkdir(parents=True, exist_ok=True)
    dice = Dice(20240601)
    sold = products(dice)
    lines, header = customers(dice)
    (landing / "customers.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    con = duckdb.connect()
    con.execute("create table products (product_id integer, name varchar, category varchar, list_price decimal(10, 2))")
    for number, name, category, cents in sold:
        con.execute("insert into products values (?, ?, ?, ?::decimal(8, 0) * 0.01)", [number, name, category, cents])
    path = str(landing / "products.parquet").replace("'", "''")
    con.execute(f"copy (select * from products order by product_id) to '{path}' (format parquet)")
    stream = Stream(dice, sold)
    stream.fill()
    for name, part in parts(stream).items():
        (landing / "events" / name).write_text("\n".join(part) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
