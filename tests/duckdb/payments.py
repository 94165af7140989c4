"""examples/payments: its gold table, its view and its questions from the messages, with nothing of its models.

    python payments.py PROJECT_DIR LAKE_DIR
    python payments.py PROJECT_DIR --write
"""

from answers import Answer, main
from lake import compare, literal, table


def prepare(con, project):
    """`orders` and `payments`: those that count, amounts in cents. `paid`: orders with what was paid."""
    for topic in ["orders", "payments"]:
        files = literal(str(project / "landing" / topic / "*.jsonl"))
        # Every line as text first: not all of them are JSON.
        con.execute(
            f"""
            create table {topic}_messages as
            select
              parse_filename(filename) as file, line,
              json_extract_string(j, '$.topic') || '-' || json_extract_string(j, '$.partition') || '-'
                || json_extract_string(j, '$.offset') as message,
              strptime(json_extract_string(j, '$.kafka_timestamp'), '%Y-%m-%dT%H:%M:%S.%gZ') as sent,
              strptime(json_extract_string(j, '$.ingest_ts'), '%Y-%m-%dT%H:%M:%S.%gZ') as got,
              try_cast(json_extract_string(j, '$.raw_value') as json) as body
            from (
              select filename, line, try_cast(line as json) as j
              from read_csv({files}, columns = {{'line': 'varchar'}}, auto_detect = false, header = false,
                            delim = '\\x01', quote = '', escape = '', filename = true)
            )
            """
        )
    # The newest message of an order or a payment counts, of its deliveries the last.
    con.execute(
        """
        create table orders as
        select distinct on (id) * from (
          select body->>'order_id' as id, try_cast(body->'customer'->>'country' as varchar) as country,
            try_cast(body->>'amount_cents' as bigint) as cents, body->>'currency' as currency,
            try_strptime(body->>'created_at', '%Y-%m-%dT%H:%M:%S.%gZ') as placed, sent, got
          from orders_messages
          where regexp_full_match(body->>'amount_cents', '-?[0-9]+')
        )
        where id is not null and cents between 1 and 10000000 and currency = 'EUR' and placed is not null
        order by id, sent desc, got desc
        """
    )
    con.execute(
        """
        create table payments as
        select distinct on (id) * from (
          select coalesce(body->>'payment_id', message) as id, body->>'order_id' as order_id,
            try_cast(body->>'amount_cents' as bigint) as cents, body->>'status' as status, body->>'method' as method,
            sent, got
          from payments_messages
        )
        where order_id is not null and cents between 1 and 10000000 and status in ('captured', 'failed', 'refunded')
          and method in ('card', 'paypal', 'transfer')
        order by id, sent desc, got desc
        """
    )
    con.execute(
        """
        create table paid as
        select o.*, time_bucket(interval 1 minute, placed) as minute,
          (select coalesce(sum(cents) filter (where status = 'captured'), 0) from payments p where p.order_id = o.id)
          - (select coalesce(sum(cents) filter (where status = 'refunded'), 0) from payments p where p.order_id = o.id)
            as paid_cents,
          (select max(got) from (select o.got union all select p.got from payments p where p.order_id = o.id)) as newest
        from orders o
        """
    )


def money(cents):
    """Whole cents as money."""
    return f"cast(({cents})::decimal(18, 0) * 0.01 as decimal(18, 2))"


MINUTES = f"""
    select minute as minute_bucket, minute::date as sale_date, count(*) as orders, {money("sum(cents)")} as gmv,
      countif(paid_cents >= cents) as paid_orders, {money("sum(paid_cents)")} as paid_amount,
      max(newest) as processed_ts
    from paid group by minute
"""

LAST = "minute > (select max(minute) from paid) - interval 1 hour"

ANSWERS = [
    Answer("gold/fct_sales_minute", MINUTES, "minute_bucket"),
    Answer(
        "questions/last_60_minutes.sql",
        f"""
        select * exclude (sale_date) from ({MINUTES})
        where minute_bucket > (select max(minute) from paid) - interval 1 hour
        """,
        "minute_bucket",
    ),
    Answer(
        "questions/open_amounts.sql",
        f"""
        select country, count(*) as orders, {money("sum(cents - paid_cents)")} as open_amount
        from paid where paid_cents < cents and {LAST} group by country
        """,
        "country",
    ),
]


def quarantine(con, _project, lake):
    """As many messages are in quarantine as do not count, and no more."""
    for topic, counts in [
        ("orders", "body->>'order_id' is not null and regexp_full_match(body->>'amount_cents', '[0-9]+') "
                   "and body->>'currency' = 'EUR' and (body->>'created_at') like '2024-%'"),
        ("payments", "body->>'order_id' is not null and (body->>'amount_cents')::bigint > 0 "
                     "and body->>'method' <> 'cheque'"),
    ]:
        compare(
            con,
            f"silver/{topic}_clean__quarantine",
            f"select message, count(*) as n from {topic}_messages where not coalesce({counts}, false) group by message",
            f"""select message_id as message, count(*) as n
                from {table(con, lake, f"silver/{topic}_clean__quarantine")} group by message_id""",
            "message",
        )


if __name__ == "__main__":
    main(prepare, ANSWERS, quarantine)
