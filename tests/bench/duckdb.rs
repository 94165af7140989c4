//! DuckDB-wasm asked the same questions over the same files from the same server, in a browser. It
//! knows no Delta log, so it is told the table's files.

use super::measure::Cost;
use super::needed;
use crate::harness::driver::{Browser, Launch, until};
use crate::harness::file_server::{FileServer, Mount};
use anyhow::{Context, bail};
use catalog::Catalog;
use query::{Condition, Grain, Order, QuerySpec};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// How long starting and one question may take.
const LIMIT: Duration = Duration::from_secs(120);

/// A worker and a database for each question: what it reads it reads cold.
const PAGE: &str = r#"<!doctype html><meta charset="utf-8"><title>duckdb</title>
<script type="importmap">{"imports": {
  "apache-arrow": "/npm/apache-arrow/Arrow.dom.mjs",
  "flatbuffers": "/npm/flatbuffers/mjs/flatbuffers.js",
  "tslib": "/npm/tslib/tslib.es6.js"
}}</script>
<script type="module">
const dist = location.origin + '/npm/@duckdb/duckdb-wasm/dist/';
const duckdb = await import(dist + 'duckdb-browser.mjs');
window.ask = async (sql) => {
  const worker = new Worker(dist + 'duckdb-browser-eh.worker.js');
  try {
    const db = new duckdb.AsyncDuckDB(new duckdb.VoidLogger(), worker);
    await db.instantiate(dist + 'duckdb-eh.wasm');
    const connection = await db.connect();
    const began = performance.now();
    const rows = await connection.query(sql);
    return { n_rows: rows.numRows, ms: performance.now() - began };
  } finally {
    worker.terminate();
  }
};
window.is_ready = true;
</script>"#;

const RUN: &str = "const done = arguments[arguments.length - 1];\
    window.ask(arguments[0]).then(done, (error) => done({ failed: String(error) }));";

/// A question in SQL; `{files}` stands for the list of files.
#[derive(Debug, Clone)]
pub struct Question {
    /// Its name.
    pub name: String,
    sql: String,
    files: Vec<String>,
}

/// `spec` over the files of its table below `root`; `None` for a question over two tables.
pub fn question(root: &Path, catalog: &Catalog, name: &str, spec: &QuerySpec) -> Option<Question> {
    let table = needed::table_of(catalog, spec)?;
    let files = needed::files(&root.join(&table.location));
    let files =
        files.iter().filter_map(|path| Some(path.strip_prefix(root).ok()?.to_str()?.to_owned()));
    let column = |name| table.dimension(name).map(|dimension| format!("\"{}\"", dimension.column));
    let mut columns = Vec::new();
    for group in &spec.group_by {
        let column = column(&group.dimension)?;
        columns.push(match group.grain {
            None => column,
            Some(grain) => format!("date_trunc('{}', {column})", grain_name(grain)),
        });
    }
    let n_groups = columns.len();
    for name in &spec.measures {
        let measure = table.measures.iter().find(|measure| &measure.name == name)?;
        columns.push(measure.expr.clone());
    }
    let mut conditions = Vec::new();
    for clause in spec.selection.clauses() {
        let column = column(&clause.dimension)?;
        conditions.push(match &clause.condition {
            Condition::Within(range) => {
                format!("{column} between date '{}' and date '{}'", range.first, range.last)
            }
            Condition::OneOf(values) => {
                let quoted = |text: &String| format!("'{}'", text.replace('\'', "''"));
                let texts: Vec<String> = values.iter().flatten().map(quoted).collect();
                let is_null = values.iter().any(Option::is_none);
                let list = if texts.is_empty() {
                    "false".into()
                } else {
                    format!("{column} in ({})", texts.join(", "))
                };
                if is_null { format!("({list} or {column} is null)") } else { list }
            }
        });
    }
    let mut sql = format!("select {} from read_parquet([{{files}}])", columns.join(", "));
    if !conditions.is_empty() {
        sql += &format!(" where {}", conditions.join(" and "));
    }
    if n_groups > 0 {
        let numbers: Vec<String> = (1..=n_groups).map(|n| n.to_string()).collect();
        sql += &format!(" group by {}", numbers.join(", "));
    }
    if spec.order == Order::LargestFirst {
        sql += &format!(" order by {} desc", n_groups + 1);
    }
    if let Some(limit) = spec.limit {
        sql += &format!(" limit {limit}");
    }
    Some(Question { name: name.to_owned(), sql, files: files.collect() })
}

fn grain_name(grain: Grain) -> String {
    let json = serde_json::to_value(grain).unwrap_or_default();
    json.as_str().unwrap_or("day").to_owned()
}

/// Asks `questions` over the files below `root`. `npm_dir` holds `node_modules` with
/// `@duckdb/duckdb-wasm` in it.
///
/// # Errors
/// When the browser does not start or DuckDB-wasm does not load; a question that it cannot answer is
/// told and left out.
pub async fn measure(
    npm_dir: &Path,
    root: &Path,
    questions: &[Question],
) -> anyhow::Result<Vec<(String, Cost)>> {
    let server = FileServer::start(vec![
        ("/lake/".to_owned(), Mount::Folder(root.to_owned())),
        ("/npm/".to_owned(), Mount::Modules(npm_dir.join("node_modules"))),
        ("/duckdb.html".to_owned(), Mount::Text("text/html; charset=utf-8", PAGE.to_owned())),
    ])?;
    let browser = Browser::start(Launch::default()).await?;
    let driver = browser.driver();
    driver.goto(format!("{}/duckdb.html", server.origin)).await?;
    driver.set_script_timeout(LIMIT).await?;
    let is_ready = async || {
        let ready = browser.evaluate("return window.is_ready === true", Vec::new()).await?;
        Ok((ready == Value::Bool(true)).then_some(()))
    };
    until("DuckDB-wasm to load", LIMIT, is_ready).await?;
    let mut costs = Vec::new();
    for question in questions {
        let urls: Vec<String> =
            question.files.iter().map(|file| format!("'{}/lake/{file}'", server.origin)).collect();
        let sql = question.sql.replace("{files}", &urls.join(", "));
        server.take_served();
        let said = driver.execute_async(RUN, vec![json!(sql)]).await?.json().clone();
        if let Some(error) = said["failed"].as_str() {
            eprintln!("duckdb-wasm: {}: {error}", question.name);
            continue;
        }
        let mut cost =
            Cost { elapsed_ms: said["ms"].as_f64().context("no time")?, ..Cost::default() };
        let mut files = BTreeSet::new();
        for served in server.take_served() {
            if served.path.starts_with("/lake/") {
                cost.bytes += served.n_bytes;
                cost.n_requests += 1;
                files.insert(served.path);
            }
        }
        cost.n_files = files.len() as u64;
        if cost.n_requests == 0 {
            bail!("{}: DuckDB-wasm read nothing", question.name);
        }
        costs.push((question.name.clone(), cost));
    }
    Ok(costs)
}
