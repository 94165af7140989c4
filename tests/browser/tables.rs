//! The page about tables: a table of the lake and any other by its URL, its versions, files and
//! rows. Its numbers are those of the native engine over the same lake.

mod guests;
mod seen;

use super::scene::Scene;
use anyhow::{Context, bail, ensure};
use guests::{at, described, native, rows};
use lakefront_tests::harness::driver::{Browser, Launch, Scheme};
use lakefront_tests::harness::page::Page;
use protocol::{At, Comparison, Condition, TableAt};
use seen::{agrees, settled};
use serde_json::{Value, json};
use std::path::Path;
use thirtyfour::Key;

/// Types `location` into the field and opens it.
async fn open(browser: &Browser, page: &Page<'_>, location: &str) -> anyhow::Result<()> {
    // The head of the page lies over what is scrolled beneath it.
    browser.evaluate("scrollTo(0, 0)", Vec::new()).await?;
    let field = page.element("open-location").await?;
    field.clear().await?;
    field.send_keys(location).await?;
    page.click("open-submit").await
}

#[tokio::test]
async fn a_table_of_the_lake_is_shown_as_the_native_engine_sees_it() -> anyhow::Result<()> {
    let Some(scene) = Scene::of_olist("engineer", Launch::default()).await? else { return Ok(()) };
    scene.logged_in("/admin").await?;
    let (browser, page) = (&scene.browser, scene.page());
    page.click("tables-tab").await?;
    page.element("tables-nothing").await?;
    let lake = native(&scene)?;
    let tables = browser
        .evaluate(
            "return [...document.querySelectorAll('[data-test=\"table-item\"]')].map((it) => [it.dataset.table, it.title])",
            Vec::new(),
        )
        .await?;
    let tables: Vec<(String, String)> = serde_json::from_value(tables)?;
    ensure!(!tables.is_empty(), "the list is empty");
    for (name, location) in &tables {
        page.find(&format!("[data-test='table-item'][data-table='{name}']")).await?.click().await?;
        let expected = described(&lake, location, At::Newest).await?;
        let shown =
            settled(browser, name, |shown| shown.fact("size") == expected.size_bytes.to_string())
                .await?;
        agrees(&shown, &expected)?;
        let names: Vec<String> = expected.columns.iter().map(|it| it.name.clone()).collect();
        assert_eq!(shown.columns, names);
        ensure!(shown.address.contains("table="), "{}", shown.address);
    }
    page.expect_clean_console().await
}

#[tokio::test]
async fn one_travels_through_versions_and_back() -> anyhow::Result<()> {
    let Some(scene) = at("traveller", "/admin/tables?table=guests/letters").await? else {
        return Ok(());
    };
    let (browser, page) = (&scene.browser, scene.page());
    let lake = native(&scene)?;
    let newest = settled(browser, "the newest version", |it| it.fact("version") == "1").await?;
    agrees(&newest, &described(&lake, "guests/letters", At::Newest).await?)?;

    // The slider is moved by keys.
    let slider = page.element("slider").await?;
    slider.send_keys(Key::Left).await?;
    let older = settled(browser, "version 0", |it| it.fact("version") == "0").await?;
    agrees(&older, &described(&lake, "guests/letters", At::Version(0)).await?)?;
    ensure!(older.address.contains("at=0"), "{}", older.address);

    page.click("tab-preview").await?;
    let before = settled(browser, "the rows of version 0", |it| it.rows.len() == 3).await?;
    page.click("newest").await?;
    let after = settled(browser, "all rows", |it| it.rows.len() == 6).await?;
    ensure!(before.rows.iter().all(|row| after.rows.contains(row)), "rows were only added");
    ensure!(after.rows.iter().any(|row| row.first() == Some(&None)), "a null is a null");

    browser.driver().back().await?;
    let back = settled(browser, "version 0 again", |it| it.rows.len() == 3).await?;
    assert_eq!(back.rows, before.rows);

    page.open("/admin/tables?table=guests/letters&at=9").await?;
    let ahead = settled(browser, "a version that is not there", |it| it.trouble.is_some()).await?;
    let (code, words) = ahead.trouble.context("a message")?;
    ensure!(code == "NotFound" && words.contains("the newest one is 1"), "{code} {words}");
    Ok(())
}

#[tokio::test]
async fn rows_are_filtered_and_columns_chosen() -> anyhow::Result<()> {
    let path = "/admin/tables?table=guests/letters&view=preview";
    let Some(scene) = at("sifter", path).await? else { return Ok(()) };
    let (browser, page) = (&scene.browser, scene.page());
    settled(browser, "all rows", |it| it.rows.len() == 6).await?;
    let choose = async |name: &str, value: &str| -> anyhow::Result<()> {
        let script = "const it = document.querySelector(`[data-test=\"${arguments[0]}\"]`);\
            it.value = arguments[1]; it.dispatchEvent(new Event('change', { bubbles: true }));";
        browser.evaluate(script, vec![json!(name), json!(value)]).await?;
        Ok(())
    };
    choose("filter-column", "number").await?;
    choose("filter-comparison", "at_least").await?;
    page.element("filter-value").await?.send_keys("4").await?;
    page.click("filter-apply").await?;
    let condition =
        Condition { column: "number".into(), is: Comparison::AtLeast, value: "4".into() };
    let expected = rows(&native(&scene)?, "guests/letters", vec![condition]).await?;
    let found = settled(browser, "filtered rows", |it| it.rows.len() as u64 == expected).await?;
    ensure!(found.rows.iter().all(|row| row[1].as_deref() >= Some("4")), "{:?}", found.rows);
    ensure!(found.address.contains("where=number&is=at_least&value=4"), "{}", found.address);

    page.click("columns").await?;
    page.find("[data-test='column-choice'][data-column='letter']").await?.click().await?;
    settled(browser, "two columns", |it| it.rows.iter().all(|row| row.len() == 2)).await?;

    // A value that is none of the column's type is a message, and the way back is short.
    page.open("/admin/tables?table=guests/letters&view=preview&where=number&is=equal&value=x")
        .await?;
    let wrong = settled(browser, "a wrong value", |it| it.trouble.is_some()).await?;
    ensure!(
        wrong
            .trouble
            .is_some_and(|(code, words)| code == "InvalidRequest" && words.contains("\"x\""))
    );
    page.click("filter-clear").await?;
    settled(browser, "all rows again", |it| it.rows.len() == 6).await?;
    Ok(())
}

#[tokio::test]
async fn the_history_and_the_files_lead_on() -> anyhow::Result<()> {
    let path = "/admin/tables?table=guests/feed&view=history";
    let Some(scene) = at("historian", path).await? else { return Ok(()) };
    let (browser, page) = (&scene.browser, scene.page());
    let history = settled(browser, "the commits", |it| !it.commits.is_empty()).await?;
    assert_eq!(history.commits, ["4", "3", "2", "1", "0"]);
    page.find("[data-test='commit'][data-version='1'] button").await?.click().await?;
    settled(browser, "version 1", |it| it.fact("version") == "1").await?;

    page.open("/admin/tables?table=guests/stats&view=files").await?;
    let files = settled(browser, "the files", |it| !it.files.is_empty()).await?;
    let lake = native(&scene)?;
    let table = TableAt { location: "guests/stats".into(), at: At::Newest };
    let expected =
        lake.files(&table, 0, 50).await.map_err(|failure| anyhow::anyhow!("{failure}"))?;
    let paths: Vec<String> = expected.files.iter().map(|file| file.path.clone()).collect();
    assert_eq!(files.files, paths);

    page.click("show-layout").await?;
    let inside = page.element("layout").await?;
    let layout = lake.layout(&table, &paths[0]).await.map_err(|it| anyhow::anyhow!("{it}"))?;
    assert_eq!(inside.attr("data-rows").await?, Some(layout.n_rows.to_string()));
    assert_eq!(inside.attr("data-groups").await?, Some(layout.row_groups.len().to_string()));
    let drawn = browser
        .evaluate(
            "return [...document.querySelectorAll('[data-test=\"chunk\"]')].map((it) => [it.dataset.column, it.dataset.bytes])",
            Vec::new(),
        )
        .await?;
    let chunks: Vec<Value> = layout
        .row_groups
        .iter()
        .flat_map(|group| &group.columns)
        .map(|chunk| json!([chunk.column, chunk.packed_bytes.to_string()]))
        .collect();
    assert_eq!(drawn, Value::Array(chunks));
    page.expect_clean_console().await
}

#[tokio::test]
async fn any_table_is_opened_by_its_address_or_said_why_not() -> anyhow::Result<()> {
    let Some(scene) = at("opener", "/admin/tables").await? else { return Ok(()) };
    let (browser, page) = (&scene.browser, scene.page());
    page.element("tables-nothing").await?;
    let url = format!("{}/lake/guests/pages.parquet", scene.server.origin);
    for location in ["guests/pages.parquet", url.as_str()] {
        open(browser, &page, location).await?;
        let shown = settled(browser, location, |it| !it.facts.is_empty()).await?;
        agrees(&shown, &described(&native(&scene)?, "guests/pages.parquet", At::Newest).await?)?;
    }
    page.click("tab-layout").await?;
    page.element("page").await?;
    let words = page.element("page-words").await?.text().await?;
    ensure!(words.contains("data pages"), "{words}");

    for (location, code, part) in [
        ("guests/empty", "NotFound", "not a Delta table"),
        ("guests/nowhere", "NotFound", "not a Delta table"),
        ("guests/nowhere.parquet", "NotFound", "is not there"),
        ("guests/words.parquet", "MalformedFile", "not a Parquet file"),
        ("http://localhost:9/t.parquet", "Network", "localhost:9"),
    ] {
        open(browser, &page, location).await?;
        let wrong = settled(browser, location, |it| {
            it.trouble.as_ref().is_some_and(|(_, words)| words.contains(part))
        })
        .await?;
        let (found, words) = wrong.trouble.context("a message")?;
        ensure!(found == code, "{location}: {found}, not {code}: {words}");
    }
    let recipe = page.element("recipe").await?.text().await?;
    ensure!(recipe.contains("Access-Control-Expose-Headers: Content-Range"), "{recipe}");
    ensure!(recipe.contains(&scene.server.origin), "{recipe}");
    page.screenshot("tables-recipe").await?;

    for location in ["s3://bucket/table", "../secrets", "http://elsewhere.example/t"] {
        open(browser, &page, location).await?;
        let said = page.find("[data-test='open-error']:not(:empty)").await?.text().await?;
        ensure!(!said.is_empty(), "{location} is taken");
    }
    Ok(())
}

#[tokio::test]
async fn the_page_is_used_by_keys_alone() -> anyhow::Result<()> {
    let Some(scene) = at("keys", "/admin/tables").await? else { return Ok(()) };
    let browser = &scene.browser;
    let focus = async || -> anyhow::Result<String> {
        let script = "return document.activeElement.dataset.test ?? ''";
        Ok(browser.evaluate(script, Vec::new()).await?.as_str().unwrap_or_default().to_owned())
    };
    let press = async |key: Key| -> anyhow::Result<()> {
        Ok(browser.driver().active_element().await?.send_keys(key).await?)
    };
    let tab_to = async |name: &str| -> anyhow::Result<()> {
        let mut passed = Vec::new();
        for _ in 0..60 {
            let at = focus().await?;
            if at == name {
                return Ok(());
            }
            passed.push(at);
            press(Key::Tab).await?;
        }
        bail!("Tab does not reach {name}; it passes {passed:?}")
    };
    tab_to("open-location").await?;
    browser.driver().active_element().await?.send_keys("guests/letters").await?;
    press(Key::Enter).await?;
    settled(browser, "the table", |it| it.fact("version") == "1").await?;
    tab_to("slider").await?;
    press(Key::Home).await?;
    settled(browser, "the oldest version", |it| it.fact("version") == "0").await?;
    tab_to("tab-schema").await?;
    press(Key::End).await?;
    let preview = settled(browser, "the preview", |it| it.rows.len() == 3).await?;
    ensure!(preview.view.as_deref() == Some("preview"), "{preview:?}");
    ensure!(focus().await? == "tab-preview", "the focus went to {:?}", focus().await?);
    press(Key::Left).await?;
    settled(browser, "the layout", |it| it.view.as_deref() == Some("layout")).await?;
    tab_to("show-layout").await?;
    press(Key::Enter).await?;
    tab_to("chunk").await?;
    press(Key::Right).await?;
    ensure!(focus().await? == "chunk", "the arrow leaves the drawing");
    Ok(())
}

/// Elements that reach beyond the right edge and lie in no box of their own.
const TOO_WIDE: &str = r#"
const wide = document.documentElement.scrollWidth > innerWidth
  ? [`the page is ${document.documentElement.scrollWidth} px wide`] : [];
for (const it of document.querySelectorAll('main *')) {
  if (it.closest('.box, .view-tabs, .recipe, .unseen, .table-list, .group-bar')) continue;
  const box = it.getBoundingClientRect();
  if (box.width > 0 && box.right > innerWidth + 0.5) wide.push(`${it.className} ends at ${box.right}`);
}
return wide;
"#;

const TABS: &str =
    "return [...document.querySelectorAll('[role=tab]')].map((it) => it.dataset.test)";

#[tokio::test]
async fn it_fits_a_phone_and_is_light_and_dark() -> anyhow::Result<()> {
    let Some(scene) = at("painter", "/admin/tables?table=guests/letters").await? else {
        return Ok(());
    };
    let (browser, page) = (&scene.browser, scene.page());
    let tables = ["guests/letters", "guests/stats", "guests/nested.parquet"];
    for (name, width_px, height_px, scale) in
        [("phone", 360, 1500, 2.0), ("desk", 1440, 1100, 1.0), ("wall", 3840, 2160, 1.0)]
    {
        browser.resize(width_px, height_px, scale).await?;
        for table in tables {
            open(browser, &page, table).await?;
            settled(browser, table, |it| !it.facts.is_empty()).await?;
            let tabs = browser.evaluate(TABS, Vec::new()).await?;
            let tabs: Vec<String> = serde_json::from_value(tabs)?;
            for tab in tabs {
                page.element(&tab).await?.scroll_into_view().await?;
                page.click(&tab).await?;
                let view = tab.trim_start_matches("tab-");
                settled(browser, view, |it| it.view.as_deref() == Some(view)).await?;
                let wide = browser.evaluate(TOO_WIDE, Vec::new()).await?;
                ensure!(wide == json!([]), "{name}, {table}, {view}: {wide}");
                if table == "guests/stats" {
                    page.screenshot(&format!("tables-{name}-{view}")).await?;
                }
            }
        }
    }
    browser.resize(1440, 1100, 2.0).await?;
    page.open("/admin/tables?table=guests/pages.parquet&view=layout").await?;
    page.element("chunk-card").await?;
    browser.prefer(Scheme::Dark).await?;
    page.screenshot("tables-dark").await?;
    browser.prefer(Scheme::Light).await?;
    let picture = page.screenshot("tables-light").await?;
    if std::env::var_os("UPDATE_SCREENSHOT").is_some() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
        std::fs::copy(picture, docs.join("tables.png"))?;
    }
    page.expect_clean_console().await
}
