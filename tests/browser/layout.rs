//! What the page looks like: widths, resolutions, colours. Leaves pictures in `test-output/`.

use super::scene::Scene;
use anyhow::{Context, ensure};
use lakefront_tests::harness::driver::{Browser, Launch, Scheme, until};
use lakefront_tests::harness::page::DEADLINE;
use std::path::Path;

/// Elements that reach beyond the right edge, and canvases with fewer pixels than the screen.
const MEASURE: &str = r#"
const wide = document.documentElement.scrollWidth > innerWidth
  ? [`the page is ${document.documentElement.scrollWidth} px wide`] : [];
for (const panel of document.querySelectorAll('[data-test^="panel-"]')) {
  const box = panel.getBoundingClientRect();
  if (box.left < 0 || box.right > innerWidth + 0.5) wide.push(`${panel.dataset.test} ends at ${box.right}`);
}
const coarse = [];
for (const canvas of document.querySelectorAll('[data-test^="panel-"] canvas')) {
  const needed = Math.floor(canvas.getBoundingClientRect().width * devicePixelRatio) - 1;
  if (canvas.width < needed) coarse.push(`${canvas.width} of ${needed} pixels`);
}
return [wide, coarse];
"#;

#[tokio::test]
async fn it_fits_from_a_phone_to_a_wall() -> anyhow::Result<()> {
    let Some(scene) = Scene::of_olist("viewer", Launch::default()).await? else { return Ok(()) };
    scene.logged_in("/admin").await?;
    let page = scene.page();
    for (name, width_px, height_px, scale) in
        [("phone", 360, 740, 3.0), ("tablet", 820, 1180, 2.0), ("wall", 3840, 2160, 1.0)]
    {
        scene.browser.resize(width_px, height_px, scale).await?;
        page.settled(name, |_| true).await?;
        fits(&scene.browser, name).await?;
        page.screenshot(&format!("overview-{name}")).await?;
    }
    page.expect_clean_console().await
}

/// Canvases are drawn anew a moment after the screen has changed.
async fn fits(browser: &Browser, name: &str) -> anyhow::Result<()> {
    let mut found = serde_json::Value::Null;
    let waited = until(name, DEADLINE, async || {
        found = browser.evaluate(MEASURE, Vec::new()).await?;
        Ok((found == serde_json::json!([[], []])).then_some(()))
    });
    let outcome = waited.await;
    outcome.with_context(|| format!("too wide, too coarse: {found}"))
}

#[tokio::test]
async fn it_is_light_and_dark() -> anyhow::Result<()> {
    let Some(scene) = Scene::of_olist("artist", Launch::default()).await? else { return Ok(()) };
    scene.browser.resize(1440, 1250, 2.0).await?;
    scene.browser.prefer(Scheme::Light).await?;
    let light = scene.logged_in("/admin").await?;
    let page = scene.page();
    let bright = brightness(&scene.browser).await?;
    let picture = page.screenshot("overview-light").await?;
    scene.browser.prefer(Scheme::Dark).await?;
    let dark = page.settled("the page in the dark", |_| true).await?;
    until("a dark ground", DEADLINE, async || {
        Ok((brightness(&scene.browser).await? < 0.25).then_some(()))
    })
    .await?;
    page.screenshot("overview-dark").await?;
    ensure!(bright > 0.75, "the light page has the brightness {bright}");
    assert_eq!(light.numbers(), dark.numbers());
    if std::env::var_os("UPDATE_SCREENSHOT").is_some() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
        std::fs::create_dir_all(&docs)?;
        std::fs::copy(picture, docs.join("overview.png"))?;
    }
    page.expect_clean_console().await
}

/// Of the ground that the panels lie on, from 0 to 1.
async fn brightness(browser: &Browser) -> anyhow::Result<f64> {
    let script = "const canvas = document.createElement('canvas').getContext('2d');\
        canvas.fillStyle = getComputedStyle(document.body).backgroundColor;\
        canvas.fillRect(0, 0, 1, 1);\
        const [r, g, b] = canvas.getImageData(0, 0, 1, 1).data;\
        return (r + g + b) / (3 * 255);";
    browser.evaluate(script, Vec::new()).await?.as_f64().context("no number")
}

#[tokio::test]
async fn a_mark_under_the_pointer_says_its_value() -> anyhow::Result<()> {
    let Some(scene) = Scene::of_olist("pointer", Launch::default()).await? else { return Ok(()) };
    scene.logged_in("/admin").await?;
    let page = scene.page();
    for (panel, target) in [
        ("top_products", "[data-test='panel-top_products'] [data-test='mark']"),
        ("gmv_by_day", "[data-test='panel-gmv_by_day'] canvas"),
    ] {
        let element = page.find(target).await?;
        element.scroll_into_view().await?;
        scene.browser.driver().action_chain().move_to_element_center(&element).perform().await?;
        let tooltip = format!("[data-test='panel-{panel}'] .tooltip[data-shown='true']");
        let said = page.find(&tooltip).await?.text().await?;
        ensure!(said.contains(|c: char| c.is_ascii_digit()), "{panel} says {said:?}");
    }
    Ok(())
}
