//! The engine in a real browser against the native one: the same questions, the same rows.

use super::expected::Oracle;
use super::scene::folder_of_this_run;
use anyhow::{Context, anyhow, bail, ensure};
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::ipc::reader::StreamReader;
use base64::Engine;
use catalog::TableFormat;
use lakefront_tests::harness::driver::{Browser, Launch};
use lakefront_tests::harness::lakefront::{self, Server, TESTER};
use lakefront_tests::harness::page::Page;
use lakefront_tests::lake;
use protocol::{Answer, Ask, ErrorCode, LAKE_PREFIX, Reply, Request, RequestId};
use query::QuerySpec;
use serde_json::{Value, json};
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Starts a worker of the page's engine of our own and sends it requests, one after another. Each
/// answer is a pair: the reply's JSON, and the rows in base64 or null.
const ASK: &str = r#"
const [requests, done] = arguments;
const url = document.querySelector('meta[name="lakefront-engine"]').content;
const worker = new Worker(url, { type: 'module' });
const answers = [];
const base64 = (buffer) => {
  let text = '';
  for (const byte of new Uint8Array(buffer)) text += String.fromCharCode(byte);
  return btoa(text);
};
let next = 0;
worker.onerror = (event) => done({ failed: event.message ?? 'the worker does not start' });
worker.onmessage = ({ data: [reply, rows] }) => {
  if (next > 0) answers.push([reply, rows === null ? null : base64(rows)]);
  if (next === requests.length) { worker.terminate(); done({ answers }); }
  else worker.postMessage(requests[next++]);
};
"#;

/// How long the engine may take for all questions.
const SCRIPT_DEADLINE: Duration = Duration::from_secs(110);

/// One question of `golden/`.
struct Question {
    name: String,
    spec: QuerySpec,
}

fn questions(file: &str) -> anyhow::Result<Vec<Question>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(file);
    let text = std::fs::read_to_string(&path)?;
    let Value::Array(entries) = serde_json::from_str(&text)? else {
        bail!("{} is not a list", path.display());
    };
    entries
        .into_iter()
        .map(|entry| {
            let name = entry["name"].as_str().context("a question has no name")?.to_owned();
            let spec = serde_json::from_value(entry["spec"].clone())
                .with_context(|| format!("{file}: {name}"))?;
            Ok(Question { name, spec })
        })
        .collect()
}

#[tokio::test]
async fn it_answers_as_the_native_one() -> anyhow::Result<()> {
    if lakefront::binary().is_err() {
        test_support::skip("there is no lakefront binary; `cargo xtask test` makes it");
        return Ok(());
    }
    let stage = Stage::set("marketplace").await?;
    let functions = lake::function_questions()?;
    let oracle = Oracle::with(&stage.project, vec![functions.table]).await?;
    let mut questions = questions("marketplace.json")?;
    questions.extend(
        functions
            .questions
            .into_iter()
            .map(|asked| Question { name: asked.name, spec: asked.spec }),
    );
    let open = Ask::Open {
        lake_url: format!("{}{LAKE_PREFIX}", stage.server.origin),
        catalog: Box::new(oracle.catalog.clone()),
        memory_bytes: None,
    };
    let asks = questions.iter().map(|question| Ask::Query(question.spec.clone()));
    let answers = stage.ask(std::iter::once(open).chain(asks)).await?;

    for (question, answer) in questions.iter().zip(&answers[1..]) {
        let name = &question.name;
        let reply: Reply = serde_json::from_str(answer[0].as_str().unwrap_or_default())?;
        let native = oracle.engine.answer(&question.spec).await;
        match (reply.answer, native) {
            (Answer::Rows(facts), Ok(native)) => {
                let rows = answer[1].as_str().context("there are no rows")?;
                let there = decoded(base64::engine::general_purpose::STANDARD.decode(rows)?)?;
                let here = decoded(native.to_ipc().map_err(|failure| anyhow!("{failure}"))?)?;
                assert_eq!(there, here, "{name}");
                let n_rows = native.facts.n_rows;
                ensure!(facts.n_rows == n_rows, "{name}: {} rows, not {n_rows}", facts.n_rows);
            }
            (Answer::Failed(there), Err(here)) => assert_eq!(there, here, "{name}"),
            (there, here) => bail!("{name}: {there:?} there, {here:?} here"),
        }
    }
    Page::new(&stage.browser, &stage.server.origin).expect_clean_console().await
}

/// The files of the page are served whole: to the engine they are a server that knows no ranges.
#[tokio::test]
async fn a_server_without_ranges_is_named() -> anyhow::Result<()> {
    if lakefront::binary().is_err() {
        test_support::skip("there is no lakefront binary; `cargo xtask test` makes it");
        return Ok(());
    }
    let stage = Stage::set("no_ranges").await?;
    let mut catalog = Oracle::open(&stage.project).await?.catalog;
    let url = format!("{}/favicon.svg", stage.server.origin);
    for table in &mut catalog.tables {
        table.location.clone_from(&url);
        table.format = TableFormat::Parquet;
    }
    let lake_url = format!("{}{LAKE_PREFIX}", stage.server.origin);
    let answers =
        stage.ask([Ask::Open { lake_url, catalog: Box::new(catalog), memory_bytes: None }]).await?;
    let reply: Reply = serde_json::from_str(answers[0][0].as_str().unwrap_or_default())?;
    let Answer::Failed(failure) = reply.answer else { bail!("{reply:?}") };
    assert_eq!(failure.code, ErrorCode::NoRanges, "{failure}");
    ensure!(failure.message.contains(&url), "{failure}");
    ensure!(failure.message.contains("does not serve byte ranges"), "{failure}");
    Ok(())
}

/// The demo, served, with somebody logged in.
struct Stage {
    project: PathBuf,
    server: Server,
    browser: Browser,
}

impl Stage {
    async fn set(name: &str) -> anyhow::Result<Stage> {
        let project = folder_of_this_run(name)?.join("demo");
        lakefront::make_demo(&project, 1)?;
        lakefront::add_user(&project, TESTER)?;
        let server = Server::serve(&project)?;
        let browser = Browser::start(Launch::default()).await?;
        let page = Page::new(&browser, &server.origin);
        page.open("/admin").await?;
        page.send_log_in(TESTER.name, TESTER.password).await?;
        page.settled("the page of the marketplace", |_| true).await?;
        Ok(Stage { project, server, browser })
    }

    /// What an engine of our own answers, see [`ASK`].
    async fn ask(&self, asks: impl IntoIterator<Item = Ask>) -> anyhow::Result<Vec<Value>> {
        let requests: Vec<String> = (1..)
            .zip(asks)
            .map(|(id, ask)| serde_json::to_string(&Request { id: RequestId(id), ask }))
            .collect::<Result<_, _>>()?;
        let driver = self.browser.driver();
        driver.set_script_timeout(SCRIPT_DEADLINE).await?;
        let said = driver.execute_async(ASK, vec![json!(requests)]).await?.json().clone();
        let answers = said["answers"].as_array().with_context(|| format!("{said}"))?;
        ensure!(answers.len() == requests.len(), "{} answers", answers.len());
        Ok(answers.clone())
    }
}

/// The rows of an Arrow IPC stream.
fn decoded(stream: Vec<u8>) -> anyhow::Result<RecordBatch> {
    let reader = StreamReader::try_new(Cursor::new(stream), None)?;
    let schema = reader.schema();
    let batches = reader.collect::<Result<Vec<_>, _>>()?;
    Ok(concat_batches(&schema, &batches)?)
}
