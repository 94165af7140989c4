"""What a project's gold tables and questions should hold, as SQL of DuckDB over the project's source files.

Each project has a script that states its answers and calls `main`:

    python events.py PROJECT_DIR LAKE_DIR     compares the lake's tables, and the questions, with the answers
    python events.py PROJECT_DIR --write      writes PROJECT_DIR/expected/*.csv

Questions are asked with `LAKEFRONT_BIN query PROJECT_DIR FILE --csv`; without that variable they are left out, and
the script says so.
"""

import argparse
import dataclasses
import datetime
import os
import pathlib
import subprocess
import sys
import tempfile

import duckdb

from lake import Difference, Refused, compare, literal, quoted, table


@dataclasses.dataclass
class Answer:
    """What a table or a question should hold."""

    # Such as `gold/sales`, or `questions/top_products.sql`.
    place: str
    # Over the views that the script made of the source files.
    sql: str
    # Columns that tell any two rows apart.
    order_by: str
    # Columns of the lake's table that are compared otherwise, or not at all.
    without: tuple = ()

    @property
    def is_question(self):
        """Whether it is asked of the lake instead of stored in it."""
        return self.place.endswith(".sql")

    @property
    def csv_name(self):
        """The name of its file of expected rows."""
        return pathlib.PurePosixPath(self.place).stem + ".csv"


def cell(value):
    """A value as arrow writes it; null is empty, so an empty text is quoted."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        text = value.strftime("%Y-%m-%dT%H:%M:%S")
        digits = f"{value.microsecond:06d}"
        if value.microsecond:
            text += "." + (digits[:3] if digits.endswith("000") else digits)
        return text
    if isinstance(value, float):
        return repr(value)
    text = str(value)
    if text == "" or any(mark in text for mark in ',"\n\r'):
        return '"' + text.replace('"', '""') + '"'
    return text


def write(con, answer, folder):
    """Writes the expected rows of an answer."""
    ordered = ", ".join(f"{term.strip()} nulls last" for term in answer.order_by.split(","))
    result = con.execute(f"select * from ({answer.sql}) order by {ordered}")
    lines = [",".join(column[0] for column in result.description)]
    lines += [",".join(cell(value) for value in row) for row in result.fetchall()]
    (folder / answer.csv_name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_stage(fill, answers, project, folder):
    """Writes the expected rows of every answer."""
    folder.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect()
    fill(con, project)
    for answer in answers:
        write(con, answer, folder)


def asked(con, answer, project, lakefront):
    """SQL that reads what `lakefront query` printed, with the types that the answer has."""
    command = [lakefront, "query", str(project), str(project / answer.place), "--csv"]
    printed = subprocess.run(command, capture_output=True, check=False)
    if printed.returncode != 0:
        raise Difference(f"{' '.join(command)}: {printed.stderr.decode(errors='replace')}")
    file = tempfile.NamedTemporaryFile(suffix=".csv", delete=False)
    with file:
        file.write(printed.stdout)
    columns = con.execute(f"describe ({answer.sql})").fetchall()
    casts = []
    for name, of, *_ in columns:
        # A zone's letter at the end, which is UTC's.
        text = f"rtrim({quoted(name)}, 'Z')" if of == "TIMESTAMP" else quoted(name)
        casts.append(f"cast({text} as {of}) as {quoted(name)}")
    read = f"read_csv({literal(file.name)}, all_varchar = true, header = true, delim = ',', quote = '\"')"
    con.execute(f"create or replace temp table asked as select * from {read}")
    os.unlink(file.name)
    found = [column[0] for column in con.execute("select * from asked limit 0").description]
    if found != [name for name, *_ in columns]:
        raise Difference(f"{answer.place}: columns are {found}")
    return f"select {', '.join(casts)} from asked"


def check(con, answer, project, lake, lakefront):
    """Compares one answer with the lake; what to say of it."""
    if answer.is_question:
        if not lakefront:
            return "left out: LAKEFRONT_BIN is not set"
        actual = asked(con, answer, project, lakefront)
    else:
        without = f" exclude ({', '.join(answer.without)})" if answer.without else ""
        actual = f"select *{without} from {table(con, lake, answer.place)}"
    return f"{compare(con, answer.place, answer.sql, actual, answer.order_by)} rows are equal"


def main(prepare, answers, more=None):
    """Runs a project's script.

    `prepare(con, project)` makes the views, or a map of such functions by the name of a stage; the first stage's
    name is empty. `more(con, project, lake)` checks what is no whole table.
    """
    stages = prepare if isinstance(prepare, dict) else {"": prepare}
    parser = argparse.ArgumentParser()
    parser.add_argument("project", type=pathlib.Path)
    parser.add_argument("lake", type=pathlib.Path, nargs="?")
    parser.add_argument("--stage", choices=list(stages), default="")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    if not arguments.write and arguments.lake is None:
        parser.error("a lake to compare with, or --write")
    if arguments.write:
        for stage, fill in stages.items():
            write_stage(fill, answers, arguments.project, arguments.project / "expected" / stage)
        return
    con = duckdb.connect()
    stages[arguments.stage](con, arguments.project)
    failed = False
    for answer in answers:
        try:
            said = check(con, answer, arguments.project, arguments.lake, os.environ.get("LAKEFRONT_BIN"))
            print(f"{answer.place}: {said}")
        except (Difference, Refused) as difference:
            failed = True
            print(f"error: {difference}", file=sys.stderr)
    if more is not None:
        try:
            more(con, arguments.project, arguments.lake)
        except (Difference, Refused) as difference:
            failed = True
            print(f"error: {difference}", file=sys.stderr)
    sys.exit(1 if failed else 0)
