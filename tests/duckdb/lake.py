"""Reads the tables of a lake with DuckDB, and compares answers.

A table's files are found by reading its JSON commits by hand: what was added less what was removed. There is no
Delta library in between, so that a mistake of one cannot hide a mistake of ours. Checkpoints are not read; a table
whose first commits were cleaned away is refused, and so are deletion vectors and mapped columns.

    from lake import table, compare
    con = duckdb.connect()
    compare(con, "gold.sales", "select ...", f"select * from {table(con, 'lake', 'gold/sales')}", "day")
"""

import datetime
import decimal
import json
import math
import pathlib
import re
import urllib.parse

# Two doubles that differ by no more than this part of the greater one are equal.
DOUBLE_TOLERANCE = 1e-9

# So many differing rows are shown.
SHOWN_ROWS = 5

DUCKDB_TYPES = {
    "string": "varchar",
    "long": "bigint",
    "integer": "integer",
    "short": "smallint",
    "byte": "tinyint",
    "float": "float",
    "double": "double",
    "boolean": "boolean",
    "binary": "blob",
    "date": "date",
    "timestamp": "timestamp",
    "timestamp_ntz": "timestamp",
}

# Features of a reader that change which rows or columns a file has.
REFUSED_FEATURES = {"deletionVectors", "columnMapping", "v2Checkpoint"}


class Refused(Exception):
    """A table that this reader would read wrong."""


class Difference(AssertionError):
    """Two answers that should be equal."""


def quoted(name):
    """An identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    """A text of SQL."""
    return "null" if text is None else "'" + text.replace("'", "''") + "'"


class Log:
    """What the JSON commits of one table say: its schema, its partition columns, its live files."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.files = {}
        self.fields = None
        self.partition_columns = []
        self.version = -1
        commits = sorted(
            path
            for path in (self.folder / "_delta_log").glob("*.json")
            if re.fullmatch(r"\d{20}", path.stem)
        )
        if not commits:
            raise Refused(f"{self.folder} has no commit in _delta_log")
        for version, commit in enumerate(commits):
            if int(commit.stem) != version:
                raise Refused(
                    f"{self.folder}: commit {version} is not there, only a checkpoint has it"
                )
            for line in commit.read_text(encoding="utf-8").splitlines():
                if line.strip():
                    self.take(json.loads(line))
            self.version = version
        if self.fields is None:
            raise Refused(f"{self.folder}: no commit has the schema")

    def take(self, action):
        """Replays one action."""
        if add := action.get("add"):
            if add.get("deletionVector"):
                raise Refused(f"{self.folder}: {add['path']} has a deletion vector")
            self.files[add["path"]] = add.get("partitionValues") or {}
        elif remove := action.get("remove"):
            self.files.pop(remove["path"], None)
        elif metadata := action.get("metaData"):
            mode = (metadata.get("configuration") or {}).get("delta.columnMapping.mode", "none")
            if mode != "none":
                raise Refused(f"{self.folder}: columns are mapped by {mode}")
            self.fields = json.loads(metadata["schemaString"])["fields"]
            self.partition_columns = metadata.get("partitionColumns") or []
        elif protocol := action.get("protocol"):
            refused = REFUSED_FEATURES.intersection(protocol.get("readerFeatures") or [])
            if refused:
                raise Refused(f"{self.folder}: reader features {sorted(refused)}")

    def path(self, in_log):
        """Where a file lies: the log has paths encoded as in a URL."""
        return str(self.folder / urllib.parse.unquote(in_log))


def sql_type(delta_type):
    """The type of DuckDB; `None` for nested types, which stay as they are read."""
    if not isinstance(delta_type, str):
        return None
    return delta_type if delta_type.startswith("decimal(") else DUCKDB_TYPES[delta_type]


def column_of(field, partition_values):
    """One column of a part of a table, with its name."""
    name, of = field["name"], sql_type(field["type"])
    if partition_values is not None and name in partition_values:
        # An empty value of a partition is null.
        text = partition_values[name] or None
        return f"cast({literal(text)} as {of}) as {quoted(name)}"
    if field["type"] == "timestamp":
        # Without a zone, in UTC, whatever the session's zone is.
        return f"make_timestamp(epoch_us({quoted(name)})) as {quoted(name)}"
    if of is None:
        return quoted(name)
    return f"cast({quoted(name)} as {of}) as {quoted(name)}"


def table(con, lake_dir, location):
    """Makes a view over the live files of the Delta table `location` (such as `gold/sales`); its name.

    Columns have the types of the table's schema; timestamps are in UTC, without a zone.
    """
    log = Log(pathlib.Path(lake_dir) / location)
    by_partition = {}
    for path, values in sorted(log.files.items()):
        key = tuple(values.get(name) for name in log.partition_columns)
        by_partition.setdefault(key, []).append(log.path(path))
    parts = []
    for key, paths in by_partition.items():
        values = dict(zip(log.partition_columns, key))
        columns = ", ".join(column_of(field, values) for field in log.fields)
        files = ", ".join(literal(path) for path in paths)
        parts.append(
            f"select {columns} from read_parquet([{files}], hive_partitioning = false, union_by_name = true)"
        )
    if not parts:
        nulls = ", ".join(
            f"cast(null as {sql_type(field['type']) or 'varchar'}) as {quoted(field['name'])}"
            for field in log.fields
        )
        parts.append(f"select {nulls} where false")
    name = location.strip("/").replace("/", "_")
    con.execute(f"create or replace view {quoted(name)} as " + "\nunion all ".join(parts))
    return quoted(name)


def is_equal(expected, actual):
    """Whether two values are: decimals and whole numbers exactly, doubles nearly."""
    if isinstance(expected, float) and isinstance(actual, float):
        if math.isnan(expected) or math.isnan(actual):
            return math.isnan(expected) and math.isnan(actual)
        return math.isclose(expected, actual, rel_tol=DOUBLE_TOLERANCE, abs_tol=0.0)
    if isinstance(expected, float) or isinstance(actual, float):
        # An exact number that became a double would pass unseen.
        return expected is None and actual is None
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    exact = (int, decimal.Decimal)
    if isinstance(expected, exact) and isinstance(actual, exact):
        return decimal.Decimal(expected) == decimal.Decimal(actual)
    if isinstance(expected, datetime.datetime) and isinstance(actual, datetime.datetime):
        return expected.replace(tzinfo=None) == actual.replace(tzinfo=None)
    return type(expected) is type(actual) and expected == actual


def rows_of(con, sql, order_by):
    """Names of the columns, and the rows in order, nulls last."""
    ordered = ", ".join(f"{term.strip()} nulls last" for term in order_by.split(","))
    result = con.execute(f"select * from ({sql}) order by {ordered}")
    return [column[0] for column in result.description], result.fetchall()


def compare(con, name, expected_sql, actual_sql, order_by):
    """Raises `Difference` with the first differing rows unless both queries give the same rows.

    `order_by` is a list of columns that tells any two rows apart, such as `day, product_id`. Returns how
    many rows there are.
    """
    expected_columns, expected = rows_of(con, expected_sql, order_by)
    actual_columns, actual = rows_of(con, actual_sql, order_by)
    if expected_columns != actual_columns:
        raise Difference(f"{name}: columns should be {expected_columns}, they are {actual_columns}")
    lines = []
    for idx in range(max(len(expected), len(actual))):
        wanted = expected[idx] if idx < len(expected) else None
        found = actual[idx] if idx < len(actual) else None
        if wanted is not None and found is not None:
            cells = zip(expected_columns, wanted, found)
            wrong = [column for column, a, b in cells if not is_equal(a, b)]
            if not wrong:
                continue
            lines.append(f"row {idx + 1}, {', '.join(wrong)}:")
        else:
            lines.append(f"row {idx + 1}:")
        lines.append(f"  expected {wanted}")
        lines.append(f"  found    {found}")
        if len(lines) >= 3 * SHOWN_ROWS:
            break
    if lines or len(expected) != len(actual):
        head = f"{name}: expected {len(expected)} rows, found {len(actual)}; columns {expected_columns}"
        raise Difference("\n".join([head, *lines]))
    return len(expected)
