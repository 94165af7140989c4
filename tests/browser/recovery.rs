//! What ends under a viewer: the engine, his session.

use super::scene::Scene;
use anyhow::ensure;
use lakefront_tests::harness::driver::{Browser, Launch};
use lakefront_tests::harness::lakefront;
use serde_json::json;

/// Keeps hold of the page's workers.
const KEEP_WORKERS: &str = "\
    const Native = window.Worker;\
    window.keptWorkers = [];\
    window.Worker = class extends Native {\
        constructor(...words) { super(...words); window.keptWorkers.push(this); }\
    };";

/// Makes the engine panic, as a defect of it would.
async fn kill_engine(browser: &Browser) -> anyhow::Result<()> {
    let script = "const worker = window.keptWorkers.at(-1);\
        if (!worker) return false;\
        worker.postMessage(arguments[0]); return true;";
    let request = json!({ "id": 4_000_000_000_u32, "ask": "panic" }).to_string();
    let is_sent = browser.evaluate(script, vec![json!(request)]).await?;
    ensure!(is_sent == json!(true), "the page has no worker");
    Ok(())
}

async fn n_workers(browser: &Browser) -> anyhow::Result<u64> {
    let n = browser.evaluate("return window.keptWorkers.length", Vec::new()).await?;
    Ok(n.as_u64().unwrap_or(0))
}

fn launch() -> Launch {
    Launch { before_load: Some(KEEP_WORKERS), ..Launch::default() }
}

#[tokio::test]
async fn the_page_outlives_its_engine_and_says_so() -> anyhow::Result<()> {
    let Some(scene) = Scene::of_olist("survivor", launch()).await? else { return Ok(()) };
    let before = scene.logged_in("/admin").await?;
    let page = scene.page();
    ensure!(before.notice.is_none(), "a notice without a reason: {:?}", before.notice);
    ensure!(n_workers(&scene.browser).await? == 1, "the page has more than one engine");

    kill_engine(&scene.browser).await?;
    let after = page.settled("the page with a new engine", |s| s.notice.is_some()).await?;
    assert_eq!(after.numbers(), before.numbers());
    ensure!(n_workers(&scene.browser).await? == 2, "no new engine was started");

    // And the new one answers.
    page.click_mark("order_status", "canceled").await?;
    page.settled("a filter after the recovery", |s| {
        s.chips.len() == 1 && s.kpi("orders") != before.kpi("orders")
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn an_engine_that_dies_while_it_works_loses_no_question() -> anyhow::Result<()> {
    let Some(scene) = Scene::of_olist("phoenix", launch()).await? else { return Ok(()) };
    let before = scene.logged_in("/admin").await?;
    let page = scene.page();
    page.click_mark("order_status", "canceled").await?;
    kill_engine(&scene.browser).await?;
    let after = page
        .settled("the answer of the second engine", |s| {
            s.notice.is_some() && s.chips.len() == 1 && s.kpi("orders") != before.kpi("orders")
        })
        .await?;
    ensure!(n_workers(&scene.browser).await? == 2, "no new engine was started");
    page.click("clear-all").await?;
    let cleared = page.settled("no filter", |s| s.chips.is_empty()).await?;
    assert_eq!(cleared.numbers(), before.numbers());
    ensure!(after.kpi("orders") != cleared.kpi("orders"), "the filter had no effect");
    Ok(())
}

#[tokio::test]
async fn who_lost_his_session_goes_on_where_he_was() -> anyhow::Result<()> {
    let Some(scene) = Scene::of_olist("returner", launch()).await? else { return Ok(()) };
    let whole = scene.logged_in("/admin").await?;
    let page = scene.page();
    page.click_mark("order_status", "canceled").await?;
    let before = page
        .settled("the canceled orders", |s| {
            s.chips.len() == 1 && s.kpi("orders") != whole.kpi("orders")
        })
        .await?;

    lakefront::end_sessions(&scene.project, scene.user)?;
    // A new engine has no bytes yet, so it asks the server for ranges of files and is refused.
    kill_engine(&scene.browser).await?;
    let asked = page.until("the log-in form", |snapshot| snapshot.asks_to_log_in).await?;
    ensure!(asked.address == before.address, "{} is not {}", asked.address, before.address);
    ensure!(asked.panels.is_empty(), "panels are shown to nobody");

    page.send_log_in(scene.user.name, scene.user.password).await?;
    let after = page.settled("the page as it was", |s| s.chips == before.chips).await?;
    assert_eq!(after.numbers(), before.numbers());
    ensure!(after.address == before.address, "{} is not {}", after.address, before.address);
    Ok(())
}
