//! What questions cost in bytes, requests and files, beside what they need. Started by
//! `cargo xtask bench reads`.

use anyhow::{Context, bail};
use catalog::Catalog;
use lakefront_tests::bench::measure::{self, Cost};
use lakefront_tests::bench::needed::{self, Needed};
use lakefront_tests::bench::{duckdb, lake as tables, snapshot};
use lakefront_tests::harness::engine::{self, EngineInBrowser};
use lakefront_tests::lake;
use query::QuerySpec;
use serde::Serialize;
use serde_json::json;
use std::path::{Path, PathBuf};

/// One question of one engine.
#[derive(Debug, Serialize)]
struct Line {
    question: String,
    engine: &'static str,
    #[serde(flatten)]
    cost: Cost,
    needed_page_bytes: Option<u64>,
    needed_footer_bytes: Option<u64>,
    /// Bytes by those of the pages that are needed.
    ratio: Option<f64>,
    /// The same with the footers and page indexes among what is needed.
    ratio_with_footers: Option<f64>,
}

/// What is measured, and where.
struct Options {
    dir: PathBuf,
    json: Option<PathBuf>,
    scale: u32,
    duckdb_dir: Option<PathBuf>,
    is_in_browser: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut options = Options {
        dir: std::env::temp_dir().join("lakefront-bench"),
        json: None,
        scale: 100,
        duckdb_dir: None,
        is_in_browser: false,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value"));
        match word.as_str() {
            snapshot::MEASURES => return snapshot::measure_here(Path::new(&value()?)).await,
            "--dir" => options.dir = value()?.into(),
            "--json" => options.json = Some(value()?.into()),
            "--scale" => options.scale = value()?.parse()?,
            "--duckdb" => options.duckdb_dir = Some(value()?.into()),
            "--browser" => options.is_in_browser = true,
            _ => bail!("{word:?} is not an option here"),
        }
    }
    run(&options).await
}

async fn run(options: &Options) -> anyhow::Result<()> {
    let root = options.dir.join("lake");
    std::fs::create_dir_all(&root)?;
    let root = std::fs::canonicalize(root)?;
    eprintln!("making tables in {}", root.display());
    tables::make(&root)?;
    let project = root.join(format!("marketplace-{}", options.scale));
    if !project.join("lake/gold").is_dir() {
        lake::marketplace(&project, options.scale).await?;
    }
    let browser = match options.is_in_browser {
        true => Some(EngineInBrowser::start(&engine::page_dir()?, &root).await?),
        false => None,
    };
    let mut lines = Vec::new();
    for (table, name, spec) in made_questions()? {
        let catalog = tables::catalog(table)?;
        ask(&mut lines, browser.as_ref(), &root, &catalog, &name, &spec).await?;
    }
    let gold = gold_catalog(&project, options.scale)?;
    for question in lake::questions()? {
        let name = format!("gold: {}", question.name);
        ask(&mut lines, browser.as_ref(), &root, &gold, &name, &question.spec).await?;
    }
    let snapshots = snapshot::measure(&options.dir, browser.as_ref()).await?;
    if let Some(dir) = &options.duckdb_dir {
        match duckdb::measure(dir, &root, &duckdb_questions(&root, &gold)?).await {
            Ok(costs) => {
                let line = |(question, cost)| Line::new(question, "duckdb-wasm", cost, None);
                lines.extend(costs.into_iter().map(line));
            }
            // The rival's matter; our own figures stand.
            Err(error) => eprintln!("duckdb-wasm is not measured: {error:#}"),
        }
    }
    print!("{}", table(&lines));
    for snapshot in &snapshots {
        println!("{snapshot}");
    }
    if let Some(path) = &options.json {
        let whole = json!({ "questions": lines, "snapshots": snapshots });
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, serde_json::to_string_pretty(&whole)?)?;
    }
    Ok(())
}

/// The questions over the tables that are made here: table, name, question.
fn made_questions() -> anyhow::Result<Vec<(&'static str, String, QuerySpec)>> {
    let day = query::Date::from_days(tables::FIRST_DAY + 200).to_string();
    let clause =
        json!({ "dimension": "day", "condition": { "within": { "first": day, "last": day } } });
    let spec = |measure: &str, clauses: Vec<serde_json::Value>| {
        serde_json::from_value(json!({
            "measures": [measure], "group_by": [], "selection": { "clauses": clauses },
            "order": "group", "limit": null,
        }))
    };
    Ok(vec![
        ("daily", "one day of a year of daily files".to_owned(), spec("amount", vec![clause])?),
        ("daily", "a year of daily files".to_owned(), spec("amount", Vec::new())?),
        ("large", "count(*) of 500 MB".to_owned(), spec("rows", Vec::new())?),
        (
            "large_bare",
            "count(*) of 500 MB, no statistics in the log".to_owned(),
            spec("rows", Vec::new())?,
        ),
    ])
}

/// The catalog of the marketplace with its tables where they lie below the root.
fn gold_catalog(project: &Path, scale: u32) -> anyhow::Result<Catalog> {
    let path = project.join("lake/_lakefront/catalog.json");
    let mut catalog = Catalog::from_json(&std::fs::read_to_string(path)?)?;
    // Days of the dashboards are not asked for: they are no part of a question.
    catalog.dashboards.clear();
    for table in &mut catalog.tables {
        table.location = format!("marketplace-{scale}/lake/{}", table.location);
    }
    Ok(catalog)
}

async fn ask(
    lines: &mut Vec<Line>,
    browser: Option<&EngineInBrowser>,
    root: &Path,
    catalog: &Catalog,
    name: &str,
    spec: &QuerySpec,
) -> anyhow::Result<()> {
    eprintln!("{name}");
    let needed = match needed::table_of(catalog, spec) {
        Some(table) => {
            Some(needed::needed(table, spec, &needed::files(&root.join(&table.location)))?)
        }
        None => None,
    };
    let cost = measure::natively(root, catalog, spec).await.with_context(|| name.to_owned())?;
    lines.push(Line::new(name.to_owned(), "native", cost, needed));
    if let Some(browser) = browser {
        let cost = measure::in_browser(browser, catalog, spec).await?;
        lines.push(Line::new(name.to_owned(), "browser", cost, needed));
    }
    Ok(())
}

/// The questions that DuckDB-wasm is asked too: name, and SQL over the same files.
fn duckdb_questions(root: &Path, gold: &Catalog) -> anyhow::Result<Vec<duckdb::Question>> {
    let mut questions = Vec::new();
    for (table, name, spec) in made_questions()? {
        questions.extend(duckdb::question(root, &tables::catalog(table)?, &name, &spec));
    }
    for question in lake::questions()? {
        let name = format!("gold: {}", question.name);
        questions.extend(duckdb::question(root, gold, &name, &question.spec));
    }
    Ok(questions)
}

impl Line {
    fn new(question: String, engine: &'static str, cost: Cost, needed: Option<Needed>) -> Line {
        let by = |bytes: u64| (bytes > 0).then(|| cost.bytes as f64 / bytes as f64);
        Line {
            question,
            engine,
            needed_page_bytes: needed.map(|needed| needed.page_bytes),
            needed_footer_bytes: needed.map(|needed| needed.footer_bytes),
            ratio: needed.and_then(|needed| by(needed.page_bytes)),
            ratio_with_footers: needed
                .and_then(|needed| by(needed.page_bytes + needed.footer_bytes)),
            cost,
        }
    }
}

fn table(lines: &[Line]) -> String {
    let mut text = format!(
        "{:48} {:12} {:>6} {:>10} {:>8} {:>9} {:>9} {:>10} {:>6} {:>6}\n",
        "question", "engine", "files", "bytes", "requests", "log", "ms", "needed", "ratio", "+foot"
    );
    for line in lines {
        let ratio =
            |ratio: Option<f64>| ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
        let needed = line.needed_page_bytes.map_or("-".to_owned(), |bytes| bytes.to_string());
        text += &format!(
            "{:48} {:12} {:>6} {:>10} {:>8} {:>9} {:>9.0} {needed:>10} {:>6} {:>6}\n",
            line.question.chars().take(48).collect::<String>(),
            line.engine,
            line.cost.n_files,
            line.cost.bytes,
            line.cost.n_requests,
            line.cost.log_bytes,
            line.cost.elapsed_ms,
            ratio(line.ratio),
            ratio(line.ratio_with_footers)
        );
    }
    text
}
