"""Makes `landing/` of examples/payments: five hours of messages about orders and payments, as JSON lines.

    python make_payments.py examples/payments

Each line is a message as a consumer stored it: key, value (JSON as text), topic, partition, offset, two times. What
a real stream does is in them: messages that are delivered twice, a producer that sent one twice, payments that come
an hour after their order, before it, without one, in parts, too little, refunded; a file that arrives late; values
that are cut off, lack fields, or have others than agreed; a line that is no message.
"""

import datetime
import json
import pathlib
import sys

from dice import Dice

START = datetime.datetime(2024, 5, 1, 21, 0)
N_HOURS = 5
N_ORDERS_AN_HOUR = 52
N_PARTITIONS = 3
LATE_HOUR = 1  # from 0
COUNTRIES = [("DE", 5), ("FR", 3), ("AT", 2), ("NL", 1)]
METHODS = [("card", 6), ("paypal", 3), ("transfer", 1)]


def text_of(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def seconds(n):
    return datetime.timedelta(milliseconds=round(n * 1000))


class Topic:
    """The messages of a topic with their offsets, in the order in which they were sent."""

    def __init__(self, name, dice):
        self.name = name
        self.dice = dice
        self.waiting = []

    def send(self, at, key, value):
        self.waiting.append((at, key, value if isinstance(value, str) else json.dumps(value)))

    def messages(self):
        """Pairs of the time of arrival and the message."""
        offsets = [1000 * (partition + 1) for partition in range(N_PARTITIONS)]
        out = []
        for at, key, value in sorted(self.waiting, key=lambda message: message[:2]):
            partition = sum(key.encode()) % N_PARTITIONS
            ingested = at + seconds(self.dice.between(200, 2900) / 1000)
            out.append((at, {
                "raw_key": key,
                "raw_value": value,
                "topic": self.name,
                "partition": partition,
                "offset": offsets[partition],
                "kafka_timestamp": text_of(at),
                "ingest_ts": text_of(ingested),
            }))
            offsets[partition] += 1
        return out


class Shop:
    """Orders and what is paid for them."""

    def __init__(self):
        self.dice = Dice(20240501)
        self.orders = Topic("shop.orders", self.dice)
        self.payments = Topic("shop.payments", self.dice)
        self.n_payments = 0

    def pay(self, at, order_id, cents, status="captured"):
        dice = self.dice
        self.n_payments += 1
        value = {
            "payment_id": f"P-{700000 + self.n_payments}",
            "order_id": order_id,
            "amount_cents": cents,
            "method": dice.weighted(METHODS),
            "status": status,
            "paid_at": text_of(at),
        }
        if dice.chance(0.05):
            del value["payment_id"]  # An old till does not number its payments.
        self.payments.send(at + seconds(dice.between(10, 900) / 1000), order_id, value)
        if dice.chance(0.012):
            self.payments.send(at + seconds(3), order_id, value)

    def order(self, number, at):
        dice = self.dice
        order_id = f"O-{number}"
        cents = dice.weighted([(dice.between(300, 4999), 6), (dice.between(5000, 49999), 3), (dice.between(50000, 250000), 1)])
        value = {
            "order_id": order_id,
            "customer": {"id": 5000 + dice.below(140), "country": dice.weighted(COUNTRIES)},
            "amount_cents": cents,
            "currency": "EUR",
            "n_items": dice.between(1, 6),
            "created_at": text_of(at),
        }
        self.orders.send(at + seconds(dice.between(10, 900) / 1000), order_id, value)
        if dice.chance(0.012):
            self.orders.send(at + seconds(4), order_id, value)
        how = dice.weighted([("at once", 60), ("later", 14), ("parts", 8), ("failed", 6), ("short", 4), ("refund", 3), ("early", 1), ("never", 8)])
        soon = at + seconds(dice.between(2, 90))
        if how == "at once":
            self.pay(soon, order_id, cents)
        elif how == "later":
            self.pay(at + seconds(dice.between(1800, 5400)), order_id, cents)
        elif how == "parts":
            self.pay(soon, order_id, cents // 3)
            self.pay(soon + seconds(dice.between(60, 1500)), order_id, cents - cents // 3)
        elif how == "failed":
            self.pay(soon, order_id, cents, "failed")
            if dice.chance(0.5):
                self.pay(soon + seconds(45), order_id, cents)
        elif how == "short":
            self.pay(soon, order_id, cents - 1)
        elif how == "refund":
            self.pay(soon, order_id, cents)
            self.pay(soon + seconds(1200), order_id, cents // 2, "refunded")
        elif how == "early":
            self.pay(at - seconds(2), order_id, cents)

    def wrong(self):
        """Messages that cannot be used."""
        at = lambda minute: START + datetime.timedelta(minutes=minute, seconds=30)
        order = {"order_id": "O-x", "customer": {"id": 1, "country": "DE"}, "amount_cents": 100, "currency": "EUR", "n_items": 1}
        for minute, change in [
            (20, {"amount_cents": "12.5"}),
            (70, {"amount_cents": -500}),
            (95, {"currency": "USD"}),
            (130, {"order_id": None}),
            (200, {"created_at": "yesterday"}),
            (201, {"amount_cents": None}),
        ]:
            value = {**order, "order_id": f"O-9{minute:03d}", "created_at": text_of(at(minute)), **change}
            self.orders.send(at(minute), f"O-9{minute:03d}", value)
        self.orders.send(at(140), "O-9140", '{"order_id": "O-9140", "amount_cents": 12')
        self.payments.send(at(30), "O-8030", {"payment_id": "P-8030", "order_id": "O-8030", "amount_cents": 990, "method": "card", "status": "captured", "paid_at": text_of(at(30))})
        self.payments.send(at(99), "O-8099", {"payment_id": "P-8099", "order_id": None, "amount_cents": 990, "method": "card", "status": "captured", "paid_at": text_of(at(99))})
        self.payments.send(at(160), "O-100004", {"payment_id": "P-8160", "order_id": "O-100004", "amount_cents": 0, "method": "cheque", "status": "captured", "paid_at": text_of(at(160))})
        self.payments.send(at(161), "O-100005", "not json")

    def fill(self):
        dice = self.dice
        times = sorted(dice.between(0, N_HOURS * 3600_000 - 1) for _ in range(N_HOURS * N_ORDERS_AN_HOUR))
        # The last hour is not over yet.
        times = [ms for ms in times if ms < (N_HOURS * 60 - 17) * 60_000]
        for idx, ms in enumerate(times):
            self.order(100001 + idx, START + datetime.timedelta(milliseconds=ms))
        self.wrong()


def files_of(dice, topic, folder, late_part):
    """Names and texts: a file an hour; of the late hour `late_part` comes in a file of its own."""
    hours = [[] for _ in range(N_HOURS)]
    late = []
    end = START + datetime.timedelta(hours=N_HOURS)
    for at, message in topic.messages():
        if at >= end:
            continue  # Of the next hour.
        hour = max(0, int((at - START).total_seconds() // 3600))
        if hour == LATE_HOUR and dice.chance(late_part):
            late.append(message)
            continue
        hours[hour].append(message)
    for hour, messages in enumerate(hours):
        # Delivered again: at once, or with the next file.
        again = [dict(message) for message in messages if dice.chance(0.03)]
        for message in again:
            at = datetime.datetime.strptime(message["ingest_ts"], "%Y-%m-%dT%H:%M:%S.%fZ")
            message["ingest_ts"] = text_of(at + seconds(dice.between(5, 600)))
        for message in again:
            into = hours[hour + 1] if hour + 1 < N_HOURS and dice.chance(0.5) else messages
            into.insert(dice.below(len(into) + 1), message)
    made = {}
    for hour, messages in enumerate(hours):
        name = f"{folder}/{START + datetime.timedelta(hours=hour):%Y-%m-%dT%H}.jsonl"
        lines = [json.dumps(message) for message in messages]
        if hour == 2:
            lines.insert(4, "consumer restarted")
        made[name] = "\n".join(lines) + "\n"
    if late:
        name = f"{folder}/{START + datetime.timedelta(hours=LATE_HOUR):%Y-%m-%dT%H}_late.jsonl"
        made[name] = "\n".join(json.dumps(message) for message in late) + "\n"
    return made


def files():
    """Names and texts."""
    shop = Shop()
    shop.fill()
    return {
        **files_of(shop.dice, shop.orders, "orders", 0.0),
        **files_of(shop.dice, shop.payments, "payments", 0.3),
    }


def main():
    landing = pathlib.Path(sys.argv[1]) / "landing"
    for name, text in sorted(files().items()):
        path = landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
