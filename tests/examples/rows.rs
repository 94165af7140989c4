//! Rows as text: of a Delta table, of CSV; and whether they are the rows that are expected.

use super::project::Project;
use anyhow::{Context, bail};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::prelude::SessionContext;
use std::path::Path;
use url::Url;

/// Two doubles that differ by no more than this part of the greater one are equal.
const DOUBLE_TOLERANCE: f64 = 1e-9;

/// No decimal here has so many digits behind the point; doubles may.
const MOST_DECIMALS: usize = 6;

/// So many rows that differ are shown.
const SHOWN_ROWS: usize = 5;

/// Columns and rows, every cell as text, null as nothing.
pub struct Rows {
    columns: Vec<String>,
    cells: Vec<Vec<String>>,
}

impl Rows {
    /// Those of the Delta table in `folder`.
    pub async fn of_table(folder: &Path) -> anyhow::Result<Rows> {
        let folder = folder.canonicalize().with_context(|| folder.display().to_string())?;
        let url = Url::from_directory_path(&folder).ok().context("a folder has a URL")?;
        let delta = deltalake::open_table(url).await?;
        let ctx = SessionContext::new();
        delta.update_datafusion_session(&ctx.state())?;
        ctx.register_table("t", delta.table_provider().await?)?;
        let table = ctx.table("t").await?;
        let columns = table.schema().fields().iter().map(|field| field.name().clone()).collect();
        let options = FormatOptions::default();
        let mut cells = Vec::new();
        for batch in table.collect().await? {
            let columns = batch.columns().iter();
            let texts: Vec<ArrayFormatter<'_>> =
                columns.map(|c| ArrayFormatter::try_new(c, &options)).collect::<Result<_, _>>()?;
            for row_idx in 0..batch.num_rows() {
                let row = texts.iter().map(|text| text.value(row_idx).try_to_string());
                cells.push(row.collect::<Result<_, _>>()?);
            }
        }
        Ok(Rows { columns, cells })
    }

    /// Those that CSV with a header has.
    pub fn of_csv(bytes: &[u8]) -> anyhow::Result<Rows> {
        let mut reader = csv::Reader::from_reader(bytes);
        let columns = reader.headers()?.iter().map(str::to_owned).collect();
        let cells = reader.records().map(|row| Ok(row?.iter().map(str::to_owned).collect()));
        Ok(Rows { columns, cells: cells.collect::<anyhow::Result<_>>()? })
    }

    /// Those columns that `expected` has, in their order; the rows in the order of their text.
    fn like(&self, expected: &Rows) -> anyhow::Result<Vec<Vec<&str>>> {
        let position = |column: &String| {
            self.columns
                .iter()
                .position(|name| name == column)
                .with_context(|| format!("no column {column:?}, there are {:?}", self.columns))
        };
        let positions: Vec<usize> =
            expected.columns.iter().map(position).collect::<anyhow::Result<_>>()?;
        let mut rows: Vec<Vec<&str>> = self
            .cells
            .iter()
            .map(|row| positions.iter().map(|idx| row[*idx].as_str()).collect())
            .collect();
        rows.sort();
        Ok(rows)
    }

    /// Whether these are the rows of `expected`, in any order; a column that `expected` lacks may be more.
    pub fn check(&self, expected: &Rows) -> anyhow::Result<()> {
        let (wanted, found) = (expected.like(expected)?, self.like(expected)?);
        let differing: Vec<String> = wanted
            .iter()
            .zip(&found)
            .filter(|(wanted, found)| !wanted.iter().zip(*found).all(|(a, b)| is_equal(a, b)))
            .take(SHOWN_ROWS)
            .map(|(wanted, found)| format!("expected {wanted:?}\nfound    {found:?}"))
            .collect();
        if wanted.len() == found.len() && differing.is_empty() {
            return Ok(());
        }
        bail!(
            "{:?}: expected {} rows, found {}\n{}",
            expected.columns,
            wanted.len(),
            found.len(),
            differing.join("\n")
        )
    }
}

/// Whether two cells are: doubles nearly, everything else exactly, whatever zeros stand at the end.
fn is_equal(expected: &str, found: &str) -> bool {
    let n_decimals = |text: &str| text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let (expected, found) = (plain(expected), plain(found));
    if expected == found {
        return true;
    }
    match (expected.parse::<f64>(), found.parse::<f64>()) {
        (Ok(a), Ok(b)) if n_decimals(expected).max(n_decimals(found)) > MOST_DECIMALS => {
            (a - b).abs() <= DOUBLE_TOLERANCE * a.abs().max(b.abs())
        }
        _ => false,
    }
}

/// Without the zone's letter, and without what a scale adds to a number.
fn plain(text: &str) -> &str {
    let is_number = text.contains('.') && text.parse::<f64>().is_ok();
    match is_number {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text.strip_suffix('Z').unwrap_or(text),
    }
}

/// Compares every file of expected rows with the gold table or the answer of its name.
pub async fn check(project: &Project, stage: &str) -> anyhow::Result<()> {
    for (name, path) in project.expected(stage)? {
        let expected = Rows::of_csv(&std::fs::read(&path)?)?;
        let found = match project.question(&name) {
            Some(question) => Rows::of_csv(&project.ask(&question)?)?,
            None => Rows::of_table(&project.lake().join("gold").join(&name)).await?,
        };
        found.check(&expected).with_context(|| name.clone())?;
    }
    Ok(())
}

#[test]
fn cells_are_equal_as_numbers_or_as_text() {
    let check = |a: &str, b: &str, expected: bool| assert_eq!(is_equal(a, b), expected, "{a} {b}");
    check("a", "a", true);
    check("", "0", false);
    check("12.50", "12.5", true);
    check("12.50", "12.51", false);
    check("100", "1", false);
    check("1.0", "1", true);
    check("0.05882352941176470", "0.05882352941176471", true);
    check("0.05882352941176470", "0.05882353", false);
    check("0.058823", "0.058824", false);
    check("2024-05-01T21:00:00", "2024-05-01T21:00:00Z", true);
    check("2024-05-01T21:00:00", "2024-05-01T21:00:01Z", false);
}

#[test]
fn rows_that_differ_are_shown() -> anyhow::Result<()> {
    let rows = |text: &str| Rows::of_csv(text.as_bytes());
    rows("a,b\n1,x\n2,y\n")?.check(&rows("b,a\ny,2\nx,1\n")?)?;
    rows("a,b,c\n1,x,0\n")?.check(&rows("a,b\n1,x\n")?)?;
    for (found, expected) in
        [("a\n1\n", "a\n2\n"), ("a\n1\n1\n", "a\n1\n"), ("a\n", "a\n1\n"), ("a\n1\n", "b\n1\n")]
    {
        assert!(rows(found)?.check(&rows(expected)?).is_err(), "{found:?} {expected:?}");
    }
    Ok(())
}
