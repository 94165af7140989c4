"""Answers questions of panels by DuckDB, which reads the same Delta tables by a reader of its own.

Reads one JSON object from stdin: `lake`, the lake's folder, and `questions`, each with

- `table`: its location below the lake, or an absolute path of Parquet files with `format` "parquet";
- `measure`: the expression of the catalog;
- `group`: null, or `{column, grain}` with grain null, "day", "week" or "month";
- `own`: filters on columns of the table, `{column, values}` or `{column, first, last}`;
- `linked`: `{table, here, there, own}`: only rows whose column `here` is among the values of `there` in those rows.

Writes one line of JSON an answer: a list of [group, value], both text or null.
"""

import glob
import json
import os
import sys

import duckdb


def extension():
    import duckdb_ext

    pattern = os.path.join(list(duckdb_ext.__path__)[0], "extensions", "*", "*", "delta.duckdb_extension")
    [path] = glob.glob(pattern)
    return path


def identifier(name):
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def scan(lake, table):
    path = os.path.join(lake, table["location"])
    if table["format"] == "parquet":
        return f"read_parquet({literal(path)})"
    return f"delta_scan({literal(path)})"


def condition(clause):
    column = identifier(clause["column"])
    if "first" in clause:
        return f"{column} between date {literal(clause['first'])} and date {literal(clause['last'])}"
    texts = [literal(value) for value in clause["values"] if value is not None]
    parts = [f"{column} in ({', '.join(texts)})"] if texts else []
    if None in clause["values"]:
        parts.append(f"{column} is null")
    return "(" + " or ".join(parts or ["false"]) + ")"


def sql(lake, question):
    conditions = [condition(clause) for clause in question["own"]]
    for link in question["linked"]:
        inner = " and ".join(condition(clause) for clause in link["own"])
        there = f"select {identifier(link['there'])} from {scan(lake, link['table'])} where {inner}"
        conditions.append(f"{identifier(link['here'])} in ({there})")
    where = " and ".join(conditions) or "true"
    group = question["group"]
    if group is None:
        key = "null"
    elif group["grain"] in (None, "day"):
        key = identifier(group["column"])
    else:
        key = f"cast(date_trunc('{group['grain']}', {identifier(group['column'])}) as date)"
    tail = "" if group is None else " group by 1"
    return f"select {key}, {question['measure']} from {scan(lake, question['table'])} where {where}{tail}"


def main():
    asked = json.load(sys.stdin)
    connection = duckdb.connect()
    connection.execute(f"load {literal(extension())}")
    for question in asked["questions"]:
        text = sql(asked["lake"], question)
        try:
            rows = connection.execute(text).fetchall()
        except duckdb.Error as error:
            sys.exit(f"{error}\n{text}")
        print(json.dumps([[None if cell is None else str(cell) for cell in row] for row in rows]))


main()
