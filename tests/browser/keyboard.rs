//! The whole way without a mouse.

use super::scene::Scene;
use anyhow::{bail, ensure};
use lakefront_tests::harness::driver::{Browser, Launch};
use serde_json::Value;
use thirtyfour::Key;

/// No page has so many stops.
const MOST_TABS: usize = 80;

/// What has the focus: its `data-test`, the panel it is in, its value.
#[derive(Debug, PartialEq)]
struct Focus {
    name: String,
    panel: String,
    value: String,
}

async fn focus(browser: &Browser) -> anyhow::Result<Focus> {
    let script = "const at = document.activeElement;\
        const panel = at.closest('[data-test^=\"panel-\"]');\
        return [at.dataset.test ?? '', panel ? panel.dataset.test : '', at.dataset.value ?? ''];";
    let Value::Array(parts) = browser.evaluate(script, Vec::new()).await? else {
        bail!("the script does not return a list");
    };
    let part = |idx: usize| parts.get(idx).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Focus { name: part(0), panel: part(1), value: part(2) })
}

async fn press(browser: &Browser, key: Key) -> anyhow::Result<()> {
    Ok(browser.driver().active_element().await?.send_keys(key).await?)
}

/// Presses Tab until the focus is where it shall be.
async fn tab_to(
    browser: &Browser,
    what: &str,
    is_there: impl Fn(&Focus) -> bool,
) -> anyhow::Result<Focus> {
    let mut passed = Vec::new();
    for _ in 0..MOST_TABS {
        let at = focus(browser).await?;
        if is_there(&at) {
            return Ok(at);
        }
        passed.push(at);
        press(browser, Key::Tab).await?;
    }
    bail!("Tab does not reach {what}; it passes {passed:?}")
}

#[tokio::test]
async fn everything_can_be_done_by_keys() -> anyhow::Result<()> {
    let Some(scene) = Scene::of_olist("typist", Launch::default()).await? else { return Ok(()) };
    let (browser, page) = (&scene.browser, scene.page());
    page.open("/admin").await?;
    page.until("the log-in form", |snapshot| snapshot.asks_to_log_in).await?;
    tab_to(browser, "the user's name", |at| at.name == "login-user").await?;
    browser.driver().active_element().await?.send_keys(scene.user.name).await?;
    tab_to(browser, "the password", |at| at.name == "login-password").await?;
    browser.driver().active_element().await?.send_keys(scene.user.password).await?;
    press(browser, Key::Enter).await?;
    let whole = page.settled("the panels", |_| true).await?;

    // One stop a chart; the arrows walk its marks.
    let in_products = |at: &Focus| at.name == "mark" && at.panel == "panel-top_products";
    let first = tab_to(browser, "the bars", in_products).await?;
    press(browser, Key::Down).await?;
    let second = focus(browser).await?;
    ensure!(in_products(&second) && second != first, "the arrow led from {first:?} to {second:?}");
    press(browser, Key::Enter).await?;
    let chosen = page
        .settled("the chosen product", |s| {
            s.chips.len() == 1 && s.kpi("revenue") != whole.kpi("revenue")
        })
        .await?;
    ensure!(chosen.chips[0].value.as_deref() == Some(second.value.as_str()), "{chosen:?}");
    let at = focus(browser).await?;
    ensure!(at == second, "the focus went from {second:?} to {at:?}");

    press(browser, Key::Escape).await?;
    let cleared = page.settled("no filter", |snapshot| snapshot.chips.is_empty()).await?;
    assert_eq!(cleared.numbers(), whole.numbers());

    let range = tab_to_range(browser).await?;
    press(browser, Key::Enter).await?;
    page.settled("another range", |s| s.kpi("orders") != whole.kpi("orders")).await?;
    ensure!(range.name != "range-all", "{range:?}");
    page.expect_clean_console().await
}

/// The ranges come before the panels, so the page is begun anew.
async fn tab_to_range(browser: &Browser) -> anyhow::Result<Focus> {
    browser.evaluate("document.activeElement.blur()", Vec::new()).await?;
    tab_to(browser, "a shorter range", |at| at.name == "range-last365_days").await
}
