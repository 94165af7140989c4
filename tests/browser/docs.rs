//! The page that `lakefront docs` writes, opened from a disk.

use anyhow::{Context, ensure};
use lakefront_tests::harness::driver::{Browser, Launch, Scheme, until};
use pipeline::{Project, site};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use thirtyfour::{By, Key};

const DEADLINE: Duration = Duration::from_secs(20);

/// A project in which everything has a part of the page.
const FILES: &[(&str, &str)] = &[
    (
        "lakefront.yaml",
        "name: shop <b>\nexposures:\n  - { name: the board, kind: report, url: /board, reads: [gold.sales] }\n\
         sources:\n  orders: { folder: in, files: '*.csv', format: csv, rescue: _rescued, columns: { id: bigint, total: 'decimal(12, 2)' } }\n",
    ),
    ("models/bronze/orders.sql", "/*---\nmaterialized: append\n---*/\nselect * from source.orders"),
    (
        "models/silver/orders.sql",
        "/*---\ndescription: \"<script>document.title = 'broken'</script><img src=x>\"\ncolumns:\n  \
         id: { description: The number., expect: [not_null] }\nexpectations:\n  \
         - { range: { column: total, min: 0 }, on_failure: quarantine }\n---*/\nselect id, total from bronze.orders -- <i>",
    ),
    ("models/gold/sales.sql", "select id, total as order_total from silver.orders"),
    ("models/gold/ids.sql", "select id from silver.orders"),
];

/// Which part is shown, and the title of the page.
const SHOWN: &str = "return [[...document.querySelectorAll('.page')] \
    .filter((page) => page.offsetParent !== null).map((page) => page.id).join(' '), document.title];";

/// Texts whose colour is too near to that of their ground, and fields without a name; of every part.
const HARD_TO_READ: &str = "
    const channel = (value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    };
    const light = ([red, green, blue]) => 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
    const parse = (colour) => colour.startsWith('rgb') ? colour.match(/[\\d.]+/g).map(Number) : null;
    const ground = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const colour = parse(getComputedStyle(at).backgroundColor);
        if (colour === null || (colour.length === 4 && colour[3] === 0)) continue;
        return colour;
      }
      return null;
    };
    const found = [];
    for (const page of document.querySelectorAll('.page')) page.dataset.shown = '';
    for (const element of document.querySelectorAll('main *, nav *, footer *')) {
      const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
      if (!hasText || element.closest('svg') || element.checkVisibility?.() === false) continue;
      const [ink, paper] = [parse(getComputedStyle(element).color), ground(element)];
      if (ink === null || paper === null) continue;
      const [high, low] = [light(ink), light(paper)].sort((a, b) => b - a);
      const ratio = (high + 0.05) / (low + 0.05);
      if (ratio < 4.5) found.push(`${element.className || element.tagName} ${ratio.toFixed(2)}: ${element.textContent}`);
    }
    for (const element of document.querySelectorAll('a, button, input')) {
      const name = element.getAttribute('aria-label') ?? element.textContent;
      if (!name.trim()) found.push(`no name: ${element.outerHTML}`);
    }
    return found;";

async fn written(folder: &Path) -> anyhow::Result<String> {
    for (path, text) in FILES {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().context("a folder")?)?;
        std::fs::write(path, text)?;
    }
    let description = pipeline::describe(&Project::open(folder)?).await?;
    for file in site::render(&description, Default::default()) {
        std::fs::write(folder.join(file.name), file.text)?;
    }
    let url = url::Url::from_file_path(folder.join(site::PAGE_NAME));
    Ok(url.map_err(|()| anyhow::anyhow!("the folder has no URL"))?.to_string())
}

/// Waits until only the part `id` is shown.
async fn shows(browser: &Browser, id: &str, title: &str) -> anyhow::Result<()> {
    let expected = json!([id, format!("{title} \u{b7} shop <b>")]);
    until(&format!("{id} alone"), DEADLINE, async || {
        Ok((browser.evaluate(SHOWN, Vec::new()).await? == expected).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_project_is_read_from_a_disk() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let url = written(folder.path()).await?;
    let browser = Browser::start(Launch::default()).await?;
    let driver = browser.driver();
    driver.goto(&url).await?;
    shows(&browser, "overview", "Overview").await?;

    // By search: a column, found by its name, on the page of its table.
    let search = driver.find(By::Id("search")).await?;
    driver.find(By::Css("body")).await?.send_keys("/").await?;
    search.send_keys("order_tot").await?;
    search.send_keys("" + Key::Enter).await?;
    shows(&browser, "model/gold.sales", "gold.sales").await?;
    ensure!(driver.current_url().await?.fragment() == Some("column/gold.sales/order_total"));

    // By a click on a node of the lineage.
    driver.goto(&format!("{url}#overview")).await?;
    shows(&browser, "overview", "Overview").await?;
    driver.find(By::Css("[id='lineage/silver.orders'] .node-name")).await?.click().await?;
    shows(&browser, "model/silver.orders", "silver.orders").await?;
    let lead = driver.find(By::Css(".page[data-shown] .lead")).await?.text().await?;
    ensure!(lead == "<script>document.title = 'broken'</script><img src=x>", "{lead}");

    // What is above and below the focused node, and nothing else.
    driver.goto(&format!("{url}#lineage/bronze.orders")).await?;
    shows(&browser, "overview", "Overview").await?;
    let lit = "return [...document.querySelectorAll('.node')] \
        .map((node) => `${node.id.slice(8)} ${node.dataset.on}`).sort();";
    let expected = json!([
        "bronze.orders self",
        "exposure/the-board below",
        "gold.ids below",
        "gold.sales below",
        "silver.orders below",
        "silver.orders__quarantine below",
        "source.orders above",
    ]);
    let found = browser.evaluate(lit, Vec::new()).await?;
    ensure!(found == expected, "{found}");
    driver.goto(&format!("{url}#lineage/gold.ids")).await?;
    until("another branch to step back", DEADLINE, async || {
        let found = browser.evaluate(lit, Vec::new()).await?;
        let has = |entry: &str| found.as_array().is_some_and(|all| all.contains(&json!(entry)));
        Ok((has("gold.sales undefined") && has("gold.ids self")).then_some(()))
    })
    .await?;

    let errors = browser.console_errors().await?;
    ensure!(errors.is_empty(), "{errors:?}");
    Ok(())
}

#[tokio::test]
async fn it_is_readable_on_every_screen() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let url = written(folder.path()).await?;
    let browser = Browser::start(Launch::default()).await?;
    for scheme in [Scheme::Light, Scheme::Dark] {
        browser.prefer(scheme).await?;
        browser.driver().goto(&url).await?;
        browser.driver().refresh().await?;
        let found = browser.evaluate(HARD_TO_READ, Vec::new()).await?;
        ensure!(found == json!([]), "{scheme:?}: {found:#}");
    }
    for width_px in [360, 768, 1440] {
        browser.resize(width_px, 800, 1.0).await?;
        browser.driver().goto(&url).await?;
        browser.driver().refresh().await?;
        let places = "return [...document.querySelectorAll('.page')].map((page) => page.id);";
        let Value::Array(places) = browser.evaluate(places, Vec::new()).await? else {
            anyhow::bail!("no parts")
        };
        ensure!(places.len() == 8, "{places:?}");
        for place in places {
            let over = "location.hash = arguments[0]; \
                return document.documentElement.scrollWidth - document.documentElement.clientWidth;";
            let over = browser.evaluate(over, vec![place.clone()]).await?;
            // A place that is kept for the scroll bar makes it less than nothing.
            let is_within = over.as_i64().is_some_and(|over_px| over_px <= 0);
            ensure!(is_within, "{place} is {over} px too wide for {width_px}");
        }
    }
    Ok(())
}
