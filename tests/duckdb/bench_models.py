"""Runs a project's models with DuckDB, each over the files that it reads in a lake, and says how long it took.

    python bench_models.py PROJECT_DIR LAKE_DIR

Prints one object a line: `{"model", "rows", "ms"}`, or `{"model", "error"}` for what DuckDB cannot run as it stands. Each model's
rows are written as one Parquet file; there is no commit, no check of expectations, and nothing is put in by key.
"""

import json
import pathlib
import re
import sys
import tempfile
import time

import duckdb

from lake import Refused, literal, quoted, table

LAYERS = ["bronze", "silver", "gold"]
N_THREADS = 2


def main():
    """Runs every model of the project, layer by layer."""
    project, lake = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    con = duckdb.connect()
    con.execute(f"set threads = {N_THREADS}; set timezone = 'UTC'")
    for layer in ["source", *LAYERS]:
        con.execute(f"create schema {layer}")
    for path in sorted((project / "landing").glob("*.parquet")):
        name = f"source.{quoted(path.stem)}"
        con.execute(f"create view {name} as select * from read_parquet({literal(str(path))})")
    models = [path for layer in LAYERS for path in sorted((project / "models" / layer).glob("*.sql"))]
    for path in models:
        # A view for whoever reads it; the rows are those that the lake has.
        try:
            view = table(con, lake, f"{path.parent.name}/{path.stem}")
            con.execute(f"create view {path.parent.name}.{quoted(path.stem)} as select * from {view}")
        except (Refused, duckdb.Error):
            pass
    with tempfile.TemporaryDirectory(dir=lake.parent) as folder:
        for path in models:
            print(json.dumps(run(con, path, pathlib.Path(folder) / "rows.parquet")), flush=True)


def run(con, path, target):
    """Writes the rows of one model."""
    model = f"{path.parent.name}.{path.stem}"
    sql = re.sub(r"\A\s*/\*---.*?---\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    sql = sql.strip().rstrip(";")
    begin = time.perf_counter()
    try:
        # The model may end in a comment.
        con.execute(f"copy ({sql}\n) to {literal(str(target))} (format parquet, compression zstd)")
    except duckdb.Error as error:
        return {"model": model, "error": str(error).splitlines()[0]}
    ms = round((time.perf_counter() - begin) * 1000)
    rows = con.execute(f"select count(*) from read_parquet({literal(str(target))})").fetchone()[0]
    return {"model": model, "rows": rows, "ms": ms}


if __name__ == "__main__":
    main()
