//! Clicks and ranges: every panel follows, the URL holds it, and back undoes one step.

use super::expected::{Oracle, only, seen};
use super::scene::Scene;
use anyhow::{Context, ensure};
use lakefront_tests::harness::driver::Launch;
use lakefront_tests::harness::page::ChipView;
use query::{Date, DateRange, Selection};
use serde_json::json;

#[tokio::test]
async fn a_click_filters_every_panel_and_back_undoes_it() -> anyhow::Result<()> {
    let Some(scene) = Scene::of_olist("clicker", Launch::default()).await? else { return Ok(()) };
    let whole = scene.logged_in("/admin").await?;
    let page = scene.page();
    let oracle = Oracle::open(&scene.project).await?;

    let (product, _) = whole.marks("top_products").into_iter().next().context("no bar")?;
    let product = product.context("the first bar is of no product")?;
    page.click_mark("top_products", &product).await?;
    let selection = only("product", &product)?;
    let chip = |dimension: &str, value: &str| ChipView {
        dimension: Some(dimension.to_owned()),
        value: Some(value.to_owned()),
    };
    let is_one_chip = |chips: &[ChipView]| chips == [chip("product", &product)];
    let expected = oracle.shown(&selection, None).await?;
    let clicked = page
        .settled("the panels of one product", |s| {
            is_one_chip(&s.chips) && s.kpi("revenue") != whole.kpi("revenue")
        })
        .await?;
    assert_eq!(seen(&clicked, &expected), expected);
    let pressed: Vec<_> = clicked.panels["top_products"]
        .marks
        .iter()
        .filter(|mark| mark.is_pressed)
        .filter_map(|mark| mark.value.clone())
        .collect();
    assert_eq!(pressed, [product.as_str()]);
    ensure!(clicked.address != whole.address, "the URL does not hold the selection");

    // A second filter, on another panel.
    let (status, _) = clicked.marks("order_status").into_iter().next().context("no slice")?;
    let status = status.context("the first slice is of no status")?;
    page.click_mark("order_status", &status).await?;
    let mut both = selection.clone();
    both.toggle(&catalog::Name::new("status")?, Some(status.clone()));
    let expected = oracle.shown(&both, None).await?;
    let second = page.settled("two filters", |s| s.chips.len() == 2).await?;
    let second = page
        .settled("the numbers of two filters", |s| seen(s, &expected) == expected)
        .await
        .with_context(|| format!("{:?} is not {expected:?}", seen(&second, &expected)))?;

    // An old link keeps opening.
    page.open(&second.address).await?;
    let opened = page.settled("the link", |s| s.chips.len() == 2).await?;
    assert_eq!(opened.numbers(), second.numbers());

    page.click_chip("product").await?;
    page.settled("one filter", |s| s.chips == [chip("status", &status)]).await?;
    scene.browser.driver().back().await?;
    let back = page.settled("two filters again", |s| s.chips.len() == 2).await?;
    assert_eq!(back.numbers(), second.numbers());
    page.expect_clean_console().await
}

#[tokio::test]
async fn back_leads_to_the_page_as_it_was() -> anyhow::Result<()> {
    let Some(scene) = Scene::of_olist("undoer", Launch::default()).await? else { return Ok(()) };
    let whole = scene.logged_in("/admin").await?;
    let page = scene.page();
    page.click_mark("order_status", "canceled").await?;
    page.settled("the canceled orders", |s| {
        s.chips.len() == 1 && s.kpi("orders") != whole.kpi("orders")
    })
    .await?;
    scene.browser.driver().back().await?;
    let back = page.settled("no filter", |s| s.chips.is_empty()).await?;
    assert_eq!(back.numbers(), whole.numbers());
    scene.browser.driver().forward().await?;
    page.settled("the filter again", |s| s.chips.len() == 1).await?;
    page.click("clear-all").await?;
    let cleared = page.settled("no filter", |s| s.chips.is_empty()).await?;
    assert_eq!(cleared.numbers(), whole.numbers());
    Ok(())
}

#[tokio::test]
async fn a_range_limits_every_panel() -> anyhow::Result<()> {
    let Some(scene) = Scene::of_olist("ranger", Launch::default()).await? else { return Ok(()) };
    scene.logged_in("/admin").await?;
    let page = scene.page();
    let oracle = Oracle::open(&scene.project).await?;
    let last = oracle.extent()?.last;

    let check = async |what: &str, days: DateRange| -> anyhow::Result<()> {
        let expected = oracle.shown(&Selection::default(), Some(days)).await?;
        page.settled(what, |snapshot| seen(snapshot, &expected) == expected)
            .await
            .with_context(|| format!("expected {expected:?}"))?;
        Ok(())
    };
    page.click("range-last90_days").await?;
    check("the last 90 days", DateRange { first: last.plus_days(-89), last }).await?;

    let days = DateRange { first: day("2017-11-01")?, last: day("2017-11-30")? };
    // A date field takes the digits in the order of the browser's language, so it is set as a whole.
    let set = "const field = document.querySelector(`[data-test=\"${arguments[0]}\"]`);\
        field.value = arguments[1];\
        field.dispatchEvent(new Event('input', { bubbles: true }));\
        field.dispatchEvent(new Event('change', { bubbles: true }));";
    for (field, date) in [("range-from", days.first), ("range-to", days.last)] {
        scene.browser.evaluate(set, vec![json!(field), json!(date.to_string())]).await?;
    }
    check("November 2017", days).await?;
    page.click("range-all").await?;
    page.settled("all days", |snapshot| snapshot.kpi("orders") == "99441").await?;
    page.expect_clean_console().await
}

fn day(text: &str) -> anyhow::Result<Date> {
    Ok(text.parse()?)
}
