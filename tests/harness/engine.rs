//! The page's engine in a browser, without the page: its worker is started as the page starts it and
//! asked one thing after another. What kills it is told, and it is replaced.

use super::driver::{Browser, Launch};
use super::file_server::{FileServer, Mount};
use anyhow::{Context, ensure};
use catalog::Catalog;
use protocol::{Answer, Ask, Reply, Request, RequestId};
use serde::Deserialize;
use serde_json::json;
use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The prefix of the lake's files on the server.
const LAKE: &str = "/lake/";

/// How long a worker may take to load and compile on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(90);

/// The page that everything runs in. `run` sends requests to the worker, one after another, and ends
/// with the answer of the last, with the first that failed, or with what became of the worker. Rows
/// are posted to the server, since what a driver carries is text.
const PAGE: &str = r#"<!doctype html><meta charset="utf-8"><title>engine</title><script>
let engine = null;
function start(url, limitMs) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(url, { type: 'module' });
    const late = setTimeout(() => { worker.terminate(); reject('the engine does not start'); }, limitMs);
    worker.onerror = (event) => { clearTimeout(late); reject(event.message ?? 'the engine does not load'); };
    worker.onmessage = () => { clearTimeout(late); resolve(worker); };
  });
}
async function run(url, requests, rowsTo, limitMs, startMs, keep) {
  if (engine !== null && !keep) { engine.terminate(); engine = null; }
  if (engine === null) engine = await start(url, startMs);
  const worker = engine;
  const began = performance.now();
  const heard = await new Promise((resolve) => {
    let next = 0;
    const end = (result) => { clearTimeout(late); resolve(result); };
    const late = setTimeout(() => end({ timed_out: true, dead: true }), limitMs);
    worker.onerror = (event) => end({ panicked: event.message ?? 'the worker died', dead: true });
    worker.onmessageerror = () => end({ panicked: 'a message that cannot be read', dead: true });
    worker.onmessage = ({ data: [reply, rows] }) => {
      const answer = JSON.parse(reply).answer;
      if (answer.panicked !== undefined) {
        end({ panicked: answer.panicked.message, dead: true });
      } else if (answer.failed !== undefined || next === requests.length) {
        end({ reply, rows });
      } else {
        worker.postMessage(requests[next++]);
      }
    };
    worker.postMessage(requests[next++]);
  });
  const elapsed_ms = performance.now() - began;
  if (heard.dead) { worker.terminate(); engine = null; }
  if (heard.rows instanceof ArrayBuffer) {
    await fetch(rowsTo, { method: 'POST', body: heard.rows });
  }
  return {
    reply: heard.reply ?? null,
    panicked: heard.panicked ?? null,
    timed_out: heard.timed_out === true,
    elapsed_ms,
  };
}
</script>"#;

const RUN: &str = "const done = arguments[arguments.length - 1];\
    run(...[...arguments].slice(0, -1)).then(done, (error) => done({ failed: String(error) }));";

/// Whether a worker that lives is asked again or replaced by a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worker {
    /// Asked again.
    Same,
    /// Replaced: what it has cached and allocated is gone.
    New,
}

/// What became of a series of requests.
#[derive(Debug)]
pub enum Said {
    /// The answer to the last, or the first failure, with the rows beside it.
    Answer(Box<Answer>, Option<Vec<u8>>),
    /// The worker panicked or died.
    Panicked(String),
    /// No answer in time; the worker was replaced.
    TimedOut,
}

/// An answer and how long the requests took together.
#[derive(Debug)]
pub struct Heard {
    /// What became of them.
    pub said: Said,
    /// From the first request to the last answer.
    pub elapsed_ms: f64,
}

#[derive(Debug, Deserialize)]
struct Outcome {
    reply: Option<String>,
    panicked: Option<String>,
    #[serde(default)]
    timed_out: bool,
    #[serde(default)]
    elapsed_ms: f64,
    failed: Option<String>,
}

/// A browser with the engine in it, over the files of a folder.
pub struct EngineInBrowser {
    /// Counts what the engine asks for.
    pub server: FileServer,
    browser: Browser,
    boot_url: String,
    next_id: Cell<u32>,
}

impl EngineInBrowser {
    /// Serves `lake_dir` and the engine of the built page in `page_dir`, and opens a browser.
    ///
    /// # Errors
    /// When the page is not built or something does not start.
    pub async fn start(page_dir: &Path, lake_dir: &Path) -> anyhow::Result<EngineInBrowser> {
        let index = std::fs::read_to_string(page_dir.join("index.html"))
            .with_context(|| format!("no page in {}", page_dir.display()))?;
        let boot_url = boot_url(&index).context("the page does not say where its engine is")?;
        let server = FileServer::start(vec![
            (LAKE.to_owned(), Mount::Folder(lake_dir.to_owned())),
            ("/assets/".to_owned(), Mount::Folder(page_dir.join("assets"))),
            ("/engine.html".to_owned(), Mount::Text("text/html; charset=utf-8", PAGE.to_owned())),
        ])?;
        let browser = Browser::start(Launch::default()).await?;
        browser.driver().goto(format!("{}/engine.html", server.origin)).await?;
        let engine = EngineInBrowser { server, browser, boot_url, next_id: Cell::new(1) };
        Ok(engine)
    }

    /// The browser, for what has no name here.
    pub fn browser(&self) -> &Browser {
        &self.browser
    }

    /// Opens the lake anew, then asks `asks` one after another until one fails; at most `limit`
    /// together. `catalog` is that of the lake, or [`no_catalog`].
    ///
    /// # Errors
    /// When the worker does not start or the browser does not play along.
    pub async fn ask(
        &self,
        worker: Worker,
        catalog: Catalog,
        asks: impl IntoIterator<Item = Ask>,
        limit: Duration,
    ) -> anyhow::Result<Heard> {
        let lake_url = format!("{}{LAKE}", self.server.origin);
        let open = Ask::Open { lake_url, catalog: Box::new(catalog), memory_bytes: None };
        // A new worker finds nothing of an earlier one, on the browser's disk neither.
        let forget = (worker == Worker::New).then_some(Ask::Forget);
        let requests = forget
            .into_iter()
            .chain([open])
            .chain(asks)
            .map(|ask| {
                let id = self.next_id.get();
                self.next_id.set(id + 1);
                serde_json::to_string(&Request { id: RequestId(id), ask })
            })
            .collect::<Result<Vec<String>, _>>()?;
        let driver = self.browser.driver();
        driver.set_script_timeout(limit + START_LIMIT + START_LIMIT).await?;
        let arguments = vec![
            json!(self.boot_url),
            json!(requests),
            json!("/rows"),
            json!(limit.as_millis() as u64),
            json!(START_LIMIT.as_millis() as u64),
            json!(worker == Worker::Same),
        ];
        let value = driver.execute_async(RUN, arguments).await?.json().clone();
        let outcome: Outcome = serde_json::from_value(value)?;
        if let Some(failed) = outcome.failed {
            anyhow::bail!("the engine's page: {failed}");
        }
        let rows = self.server.take_posted().pop().map(|posted| posted.body);
        let said = match (outcome.reply, outcome.panicked, outcome.timed_out) {
            (_, Some(text), _) => Said::Panicked(text),
            (_, _, true) => Said::TimedOut,
            (Some(reply), _, _) => {
                let reply: Reply = serde_json::from_str(&reply)?;
                ensure!(reply.id.0 > 0, "the engine said {reply:?} unasked");
                Said::Answer(Box::new(reply.answer), rows)
            }
            (None, None, false) => anyhow::bail!("the engine's page said nothing"),
        };
        Ok(Heard { said, elapsed_ms: outcome.elapsed_ms })
    }
}

/// The catalog of a lake of which nothing is known.
pub fn no_catalog() -> Catalog {
    Catalog {
        memory: None,
        title: String::new(),
        currency: "EUR".to_owned(),
        zone: "UTC".to_owned(),
        tables: Vec::new(),
        dashboards: Vec::new(),
    }
}

/// The folder of the built page that LAKEFRONT_PAGE_DIR names.
///
/// # Errors
/// When it is not set.
pub fn page_dir() -> anyhow::Result<PathBuf> {
    let dir = std::env::var_os("LAKEFRONT_PAGE_DIR").context("LAKEFRONT_PAGE_DIR is not set")?;
    Ok(PathBuf::from(dir))
}

/// The content of `<meta name="lakefront-engine" content="...">`.
fn boot_url(index: &str) -> Option<String> {
    let (before, after) = index.split_once("lakefront-engine")?;
    let tag_start = before.rfind('<')?;
    let tag = &index[tag_start..before.len() + "lakefront-engine".len() + after.find('>')?];
    let (_, content) = tag.split_once("content=")?;
    let quote = content.chars().next()?;
    let content = content.trim_start_matches(quote);
    Some(content[..content.find(quote).unwrap_or(content.len())].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_is_found_in_the_page() {
        let check = |index: &str, url: Option<&str>| {
            assert_eq!(boot_url(index).as_deref(), url, "{index}");
        };
        check(
            r#"<a><meta name="lakefront-engine" content="/assets/e.js"><b>"#,
            Some("/assets/e.js"),
        );
        check(r#"<meta content="/assets/e.js" name="lakefront-engine">"#, Some("/assets/e.js"));
        check("<html></html>", None);
    }
}
