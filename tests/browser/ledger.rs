//! A lake that is made to be read in parts: one table of a million rows, whose dashboards read other
//! columns, and one question that no small engine can answer.

use super::scene::folder_of_this_run;
use lakefront_tests::harness::lakefront;
use query::Date;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Rows of the source; the table has the square of it.
const N_ROWS: i32 = 1_000;

/// The first day of the table, which has a year of them.
const FIRST_DAY: &str = "2024-01-01";

const FILES: [(&str, &str); 5] = [
    (
        "lakefront.yaml",
        "name: ledger\ncatalog: catalog.yaml\nsources:\n  \
         lines: {path: in/lines.csv, format: csv, columns: [line, day]}\n",
    ),
    ("models/bronze/lines.sql", "select * from source.lines"),
    (
        "models/silver/lines.sql",
        "select cast(line as bigint) as line, cast(day as date) as day from bronze.lines",
    ),
    (
        "models/gold/ledger.sql",
        "/*---\nsort_by: [day, line]\n---*/\nselect\n  a.day,\n  a.line,\n  \
         cast(b.line as decimal(12, 2)) as amount,\n  \
         '------------------------------------------------' || cast(a.line * 1000 + b.line as varchar) as token,\n  \
         'account ' || cast(b.line % 20 as varchar) as account\n\
         from silver.lines a cross join silver.lines b",
    ),
    (
        "catalog.yaml",
        "title: Ledger\ncurrency: EUR\nzone: Europe/Berlin\ntables:\n  - name: ledger\n    \
         location: gold/ledger\n    measures:\n      \
         - {name: amount, label: Amount, expr: sum(amount), format: money}\n      \
         - {name: tokens, label: Tokens, expr: count(distinct token), format: count}\n    \
         dimensions:\n      - {name: day, label: Day, column: day, kind: date}\n      \
         - {name: account, label: Account, column: account}\n\
         dashboards:\n\
         - name: overview\n  title: Overview\n  time: day\n  default_range: all\n  panels:\n    \
         - {name: amount, title: Amount, measure: amount, kind: kpi}\n    \
         - {name: by_day, title: By day, measure: amount, kind: line}\n\
         - name: accounts\n  title: Accounts\n  time: day\n  default_range: all\n  panels:\n    \
         - {name: amount, title: Amount, measure: amount, kind: kpi}\n    \
         - {name: by_account, title: By account, measure: amount, kind: bar, by: account, limit: 10}\n\
         - name: heavy\n  title: Heavy\n  time: day\n  default_range: all\n  panels:\n    \
         - {name: amount, title: Amount, measure: amount, kind: kpi}\n    \
         - {name: tokens, title: Tokens, measure: tokens, kind: kpi}\n",
    ),
];

/// What all amounts are together: each line from 0 on, as often as there are lines.
pub fn amount() -> String {
    let n = i64::from(N_ROWS);
    format!("{}.00", n * (n * (n - 1) / 2))
}

/// The project, built once for all tests of this run; `None`, with a word to the reader, where the
/// binary is missing.
pub fn ledger() -> anyhow::Result<Option<PathBuf>> {
    static PROJECT: OnceLock<Result<Option<PathBuf>, String>> = OnceLock::new();
    PROJECT
        .get_or_init(|| ledger_of_its_own("ledger").map_err(|error| format!("{error:#}")))
        .clone()
        .map_err(anyhow::Error::msg)
}

/// The same project in a folder of that name, for a test that changes it.
pub fn ledger_of_its_own(name: &str) -> anyhow::Result<Option<PathBuf>> {
    if lakefront::binary().is_err() {
        test_support::skip("there is no lakefront binary; `cargo xtask test` makes it");
        return Ok(None);
    }
    let project = folder_of_this_run(name)?;
    for (path, text) in FILES {
        write(&project, path, text)?;
    }
    let first: Date = FIRST_DAY.parse()?;
    let mut lines = String::from("line,day\n");
    for line in 0..N_ROWS {
        writeln!(lines, "{line},{}", first.plus_days(line % 366))?;
    }
    write(&project, "in/lines.csv", &lines)?;
    lakefront::build(&project, &[])?;
    Ok(Some(project))
}

/// Writes the table anew, every amount doubled, and removes the files of before.
pub fn rewrite(project: &Path) -> anyhow::Result<()> {
    let table = project.join("lake/gold/ledger");
    let old = data_files(&table)?;
    let (path, text) = FILES[3];
    write(project, path, &text.replace("cast(b.line as decimal", "cast(2 * b.line as decimal"))?;
    lakefront::build(project, &[])?;
    for file in old {
        fs::remove_file(file)?;
    }
    Ok(())
}

fn data_files(table: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let files = fs::read_dir(table)?.map(|entry| Ok(entry?.path()));
    let files: Vec<PathBuf> = files.collect::<anyhow::Result<_>>()?;
    Ok(files.into_iter().filter(|file| file.extension().is_some_and(|e| e == "parquet")).collect())
}

fn write(project: &Path, path: &str, text: &str) -> anyhow::Result<()> {
    let path = project.join(path);
    fs::create_dir_all(path.parent().unwrap_or(project))?;
    Ok(fs::write(path, text)?)
}
