//! What the browser keeps: the second visit, a page without a network, a log-out. And what a page
//! outlives: an engine that dies, a question that is too large, files that are removed under it.

use super::ledger::{self, ledger, ledger_of_its_own};
use anyhow::{Context, ensure};
use lakefront_tests::harness::check::settled_traffic;
use lakefront_tests::harness::driver::{Browser, Launch, until};
use lakefront_tests::harness::gateway::Gateway;
use lakefront_tests::harness::lakefront::{self, Server, User};
use lakefront_tests::harness::page::{DEADLINE, Page, Snapshot};
use serde_json::json;
use std::path::PathBuf;

/// What is read of the catalog and the session, once the service worker has it, and of the lake, once
/// nothing more of it is written: the names of its files.
const KEPT: &str = "return (async () => {
    const page = navigator.serviceWorker.controller;
    const of = (path, cacheName) => caches.match(path, cacheName ? { cacheName } : undefined);
    if (page === null || !(await of('/index.html'))) return null;
    const viewer = ['/api/session', '/lake/_lakefront/catalog.json'];
    for (const path of viewer) if (!(await of(path, 'lakefront-viewer'))) return null;
    const names = async () => {
        const root = await navigator.storage.getDirectory();
        const folder = await root.getDirectoryHandle('lakefront-store');
        const found = [];
        for await (const [name, file] of folder) found.push(`${name} ${(await file.getFile()).size}`);
        return found.sort();
    };
    const before = await names();
    await new Promise((done) => setTimeout(done, 1000));
    const after = await names();
    return before.length > 0 && before.join() === after.join() ? after : null;
})()";

/// The names of the files that are kept of the lake, and of the answers about the viewer.
const LEFT: &str = "return (async () => {
    const root = await navigator.storage.getDirectory();
    const left = [];
    for await (const folder of root.values())
        if (folder.kind === 'directory')
            for await (const name of folder.keys()) left.push(name);
    const viewer = await caches.open('lakefront-viewer');
    for (const request of await viewer.keys()) left.push(new URL(request.url).pathname);
    return left;
})()";

/// A server over a project, a way to it that can be cut, and a browser that has logged in.
struct Stage {
    browser: Browser,
    gateway: Gateway,
    server: Server,
    project: PathBuf,
    user: User,
}

impl Stage {
    async fn set(project: PathBuf, user: &'static str, launch: Launch) -> anyhow::Result<Stage> {
        let user = User { name: user, password: "correct horse battery" };
        lakefront::add_user(&project, user)?;
        let server = Server::serve(&project)?;
        let gateway = Gateway::open(&server.origin)?;
        let browser = Browser::start(launch).await?;
        Ok(Stage { browser, gateway, server, project, user })
    }

    fn page(&self) -> Page<'_> {
        Page::new(&self.browser, &self.gateway.origin)
    }

    async fn log_in(&self, path: &str) -> anyhow::Result<()> {
        let page = self.page();
        page.open(path).await?;
        page.send_log_in(self.user.name, self.user.password).await
    }

    async fn logged_in(&self) -> anyhow::Result<Snapshot> {
        self.log_in("/admin").await?;
        self.page().settled("the panels after the log-in", |_| true).await
    }

    /// Waits until all is kept that a page without a network needs.
    async fn kept(&self) -> anyhow::Result<()> {
        until("the page, the viewer and the lake to be kept", DEADLINE, async || {
            let kept = self.browser.evaluate(KEPT, Vec::new()).await?;
            Ok(kept.as_array().map(|_| ()))
        })
        .await
    }

    /// What the mark of a lake that may be out of date says; `None` when there is none.
    async fn mark(&self) -> anyhow::Result<Option<String>> {
        let script =
            "return document.querySelector('[data-test=\"offline\"]')?.textContent ?? null";
        Ok(self.browser.evaluate(script, Vec::new()).await?.as_str().map(str::to_owned))
    }

    async fn text_of(&self, panel: &str) -> anyhow::Result<String> {
        let script = "return document.querySelector(arguments[0])?.textContent ?? ''";
        let selector = json!(format!("[data-test='panel-{panel}']"));
        let text = self.browser.evaluate(script, vec![selector]).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    async fn tell(&self, event: &str) -> anyhow::Result<()> {
        let script = "window.dispatchEvent(new Event(arguments[0]))";
        self.browser.evaluate(script, vec![json!(event)]).await.map(|_| ())
    }
}

#[tokio::test]
async fn a_second_visit_reads_the_tip_of_each_log_and_no_file() -> anyhow::Result<()> {
    let Some(project) = ledger()? else { return Ok(()) };
    let profile = tempfile::tempdir()?;
    let launch = || Launch { profile_dir: Some(profile.path().to_path_buf()), ..Launch::default() };
    let mut stage = Stage::set(project, "comer", launch()).await?;
    let first = stage.logged_in().await?;
    assert_eq!(first.kpi("amount"), ledger::amount());
    stage.kept().await?;
    // The browser ends, so that nothing is in memory; its profile stays.
    let Stage { browser, gateway, server, project, user } = stage;
    drop(browser);
    let cold = settled_traffic(&server).await?;
    let n_cold = server.requests().len();
    let browser = Browser::start(launch()).await?;
    stage = Stage { browser, gateway, server, project, user };
    let second = stage.logged_in().await?;
    assert_eq!(second.numbers(), first.numbers());
    let warm = settled_traffic(&stage.server).await?;
    let asked = stage.server.requests().split_off(n_cold);
    let of_lake: Vec<_> = asked.iter().filter(|asked| asked.path.starts_with("/lake/")).collect();
    for asked in &of_lake {
        eprintln!("second visit: {} {} {} bytes", asked.status, asked.path, asked.n_bytes);
    }
    eprintln!(
        "first visit: {} requests, {} bytes; second: {} requests, {} bytes",
        cold.n_requests,
        cold.n_bytes,
        warm.n_requests - cold.n_requests,
        warm.n_bytes - cold.n_bytes
    );
    // Whether a file is still the same may be asked; none of it comes again.
    for asked in of_lake.iter().filter(|asked| asked.path.ends_with(".parquet")) {
        ensure!(asked.status == 304 && asked.n_bytes == 0, "{} is read again", asked.path);
    }
    // The compiled engine is not fetched again either.
    let engine = asked.iter().find(|asked| asked.path.ends_with(".wasm") && asked.n_bytes > 0);
    ensure!(engine.is_none(), "{engine:?}");
    Ok(())
}

#[tokio::test]
async fn without_a_network_the_last_state_opens_and_says_so() -> anyhow::Result<()> {
    let Some(project) = ledger()? else { return Ok(()) };
    let mut stage = Stage::set(project, "traveller", Launch::default()).await?;
    let before = stage.logged_in().await?;
    ensure!(stage.mark().await?.is_none(), "a fresh lake is marked");
    stage.kept().await?;

    stage.gateway.cut();
    let page = stage.page();
    let started = std::time::Instant::now();
    page.open("/admin").await?;
    let after = page.settled("the page without a network", |_| true).await?;
    eprintln!("without a network all panels are shown after {} ms", started.elapsed().as_millis());
    assert_eq!(after.numbers(), before.numbers());
    ensure!(!after.asks_to_log_in && after.notice.is_none(), "{after:?}");
    let mark = stage.mark().await?.context("the lake is not marked")?;
    ensure!(mark.starts_with("Offline since "), "{mark:?}");

    // A column that was never read is not there, and what was read is.
    page.open("/admin?dashboard=accounts").await?;
    page.until("a panel without its bytes", |s| {
        s.panels.get("by_account").is_some_and(|panel| panel.state == "error")
            && s.panels.get("amount").is_some_and(|panel| panel.state == "ready")
    })
    .await?;
    let said = stage.text_of("by_account").await?;
    ensure!(said.contains("not kept in this browser: connect and try again"), "{said}");
    page.click("refresh").await?;
    page.until("a word on the network", |s| {
        s.notice.as_deref().is_some_and(|notice| notice.starts_with("The network is still away"))
    })
    .await?;

    stage.gateway.restore()?;
    stage.tell("online").await?;
    let page = stage.page();
    page.settled("the panels with a network", |s| s.marks("by_account").len() == 10).await?;
    ensure!(stage.mark().await?.is_none(), "the mark stays");

    // A network that goes while the page is open is said as well.
    stage.gateway.cut();
    stage.tell("offline").await?;
    let mark = until("the mark", DEADLINE, async || stage.mark().await).await?;
    assert_eq!(mark, "Offline");
    stage.gateway.restore()?;
    stage.tell("online").await?;
    until("no mark", DEADLINE, async || Ok(stage.mark().await?.is_none().then_some(()))).await
}

#[tokio::test]
async fn who_logged_out_leaves_nothing_of_the_lake_behind() -> anyhow::Result<()> {
    let Some(project) = ledger()? else { return Ok(()) };
    let mut stage = Stage::set(project, "guest", Launch::default()).await?;
    stage.logged_in().await?;
    stage.kept().await?;
    // Another tab, which is left as well.
    let driver = stage.browser.driver();
    let first = driver.window().await?;
    let second = driver.new_tab().await?;
    driver.switch_to_window(second.clone()).await?;
    stage.page().open("/admin").await?;
    stage.page().settled("the panels in another tab", |_| true).await?;
    driver.switch_to_window(first).await?;

    stage.page().click("logout").await?;
    stage.page().until("the log-in form", |s| s.asks_to_log_in).await?;
    driver.switch_to_window(second).await?;
    stage.page().until("the log-in form in the other tab", |s| s.asks_to_log_in).await?;
    let left = until("the lake to be forgotten", DEADLINE, async || {
        let left = stage.browser.evaluate(LEFT, Vec::new()).await?;
        Ok((left == json!(["/api/session"])).then_some(left))
    });
    left.await?;

    stage.gateway.cut();
    let page = stage.page();
    page.open("/admin").await?;
    let shown = page.until("the log-in form without a network", |s| s.asks_to_log_in).await?;
    ensure!(shown.panels.is_empty(), "panels are shown to nobody");
    assert_eq!(stage.browser.evaluate(LEFT, Vec::new()).await?, json!(["/api/session"]));
    Ok(())
}

#[tokio::test]
async fn an_answer_over_the_budget_says_what_to_narrow() -> anyhow::Result<()> {
    let Some(project) = ledger()? else { return Ok(()) };
    let stage = Stage::set(project, "spender", Launch::default()).await?;
    stage.log_in("/admin?dashboard=heavy&memory=64MB").await?;
    let shown = stage
        .page()
        .until("a panel over the budget beside one that is not", |s| {
            s.panels.get("tokens").is_some_and(|panel| panel.state == "error")
                && s.panels.get("amount").is_some_and(|panel| panel.state == "ready")
        })
        .await?;
    assert_eq!(shown.kpi("amount"), ledger::amount());
    ensure!(shown.notice.is_none(), "{:?}", shown.notice);
    let said = stage.text_of("tokens").await?;
    eprintln!("over the budget: {said}");
    ensure!(said.contains("more memory than the engine has: narrow the range"), "{said}");
    // The same question, with fewer days or more memory, is answered.
    for path in ["/admin?dashboard=heavy&memory=64MB&range=last7_days", "/admin?dashboard=heavy"] {
        stage.page().open(path).await?;
        stage.page().settled(path, |s| !s.kpi("tokens").is_empty()).await?;
    }
    Ok(())
}

/// Keeps hold of the page's workers, and notes when they say what, and every state of a panel.
const WATCH: &str = "\
    const Native = window.Worker;\
    window.keptWorkers = []; window.heard = []; window.states = [];\
    window.Worker = class extends Native {\
        constructor(...words) {\
            super(...words);\
            window.keptWorkers.push(this);\
            this.addEventListener('message', ({ data }) => {\
                const said = /\"(ready|panicked|opened)\"/.exec(String(data?.[0]))?.[1];\
                if (said) window.heard.push([said, performance.now()]);\
            });\
        }\
    };\
    new MutationObserver((changes) => {\
        for (const { target } of changes) window.states.push(target.dataset.state);\
    }).observe(document, { subtree: true, attributeFilter: ['data-state'] });";

#[tokio::test]
async fn a_dead_engine_is_replaced_at_once_and_no_panel_notices() -> anyhow::Result<()> {
    let Some(project) = ledger()? else { return Ok(()) };
    let launch = Launch { before_load: Some(WATCH), ..Launch::default() };
    let stage = Stage::set(project, "undertaker", launch).await?;
    let before = stage.logged_in().await?;
    stage.kept().await?;
    let mut spans_ms = Vec::new();
    for range in ["range-last30_days", "range-last90_days", "range-last365_days"] {
        let script = "window.heard = []; window.states = [];\
            window.keptWorkers.at(-1).postMessage(arguments[0]);";
        let request = json!({ "id": 4_000_000_000_u32, "ask": "panic" }).to_string();
        stage.browser.evaluate(script, vec![json!(request)]).await?;
        let heard = until("a new engine with an open lake", DEADLINE, async || {
            let heard = stage.browser.evaluate("return window.heard", Vec::new()).await?;
            let moment = |word: &str| {
                let found = heard.as_array()?.iter().find(|said| said[0] == word)?;
                found[1].as_f64()
            };
            Ok(moment("panicked").zip(moment("ready")).zip(moment("opened")))
        });
        let ((died_ms, ready_ms), opened_ms) = heard.await?;
        eprintln!(
            "after the death: ready after {:.0} ms, the lake open after {:.0} ms",
            ready_ms - died_ms,
            opened_ms - died_ms
        );
        spans_ms.push(ready_ms - died_ms);
        let after = stage.page().settled("the page with a new engine", |_| true).await?;
        assert_eq!(after.numbers(), before.numbers());
        let states = stage.browser.evaluate("return window.states", Vec::new()).await?;
        ensure!(states == json!([]), "a panel noticed: {states}");
        // An answer in between, since an engine that dies at once again is given time.
        stage.page().click(range).await?;
        stage.page().settled("an answer of the new engine", |_| true).await?;
        stage.page().click("range-all").await?;
        stage.page().settled("the whole range", |s| s.numbers() == before.numbers()).await?;
    }
    // On a machine that does nothing else it is a tenth of this.
    ensure!(spans_ms.iter().all(|ms| *ms < 5_000.0), "{spans_ms:?}");
    Ok(())
}

#[tokio::test]
async fn a_lake_whose_files_were_removed_moves_on() -> anyhow::Result<()> {
    let Some(project) = ledger_of_its_own("vacuumed")? else { return Ok(()) };
    let stage = Stage::set(project, "witness", Launch::default()).await?;
    let before = stage.logged_in().await?;
    ledger::rewrite(&stage.project)?;
    // Its columns were not read yet, and the file that has them is gone.
    let tab = "[...document.querySelectorAll('.tab')]\
        .find((tab) => tab.textContent.trim() === 'Accounts').click()";
    stage.browser.evaluate(tab, Vec::new()).await?;
    let after = stage
        .page()
        .settled("the newest version", |s| s.notice.is_some() && s.marks("by_account").len() == 10)
        .await?;
    let notice = after.notice.clone().unwrap_or_default();
    ensure!(notice.starts_with("The lake has moved on while you looked at it"), "{notice}");
    ensure!(before.kpi("amount") == ledger::amount(), "{}", before.kpi("amount"));
    let doubled = (2.0 * ledger::amount().parse::<f64>()?).to_string();
    assert_eq!(after.kpi("amount"), format!("{doubled}.00"));
    Ok(())
}
