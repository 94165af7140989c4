//! A click that not every panel can follow: those that cannot say so, and none fails.

use super::scene::Scene;
use anyhow::Context;
use lakefront_tests::harness::driver::Launch;
use lakefront_tests::harness::page::Snapshot;
use std::collections::BTreeMap;

/// What each panel says that it does not follow.
fn said(snapshot: &Snapshot) -> BTreeMap<&str, Option<&str>> {
    let panels = snapshot.panels.iter();
    panels.map(|(name, panel)| (name.as_str(), panel.not_filtered.as_deref())).collect()
}

#[tokio::test]
async fn a_step_of_the_funnel_leaves_the_other_panels_as_they_are() -> anyhow::Result<()> {
    let launch = Launch::default();
    let Some(scene) = Scene::of_example("events", "stepper", launch).await? else { return Ok(()) };
    let whole = scene.logged_in("/admin").await?;
    let page = scene.page();
    assert!(said(&whole).values().all(Option::is_none), "{:?}", said(&whole));

    let (step, _) = whole.marks("funnel").into_iter().next().context("no bar")?;
    let step = step.context("the first bar is of no step")?;
    page.click_mark("funnel", &step).await?;
    let clicked = page.settled("the panels of one step", |s| s.chips.len() == 1).await?;
    for (panel, said) in said(&clicked) {
        let expected = if panel == "funnel" { None } else { Some("Not filtered by Step") };
        assert_eq!(said, expected, "{panel}");
    }
    assert_eq!(clicked.numbers(), whole.numbers());

    // The same from a link.
    page.open(&clicked.address).await?;
    let opened = page.settled("the link", |s| s.chips.len() == 1).await?;
    assert_eq!((said(&opened), opened.numbers()), (said(&clicked), clicked.numbers()));

    page.click("clear-all").await?;
    let cleared = page.settled("no filter", |s| s.chips.is_empty()).await?;
    assert!(said(&cleared).values().all(Option::is_none), "{:?}", said(&cleared));
    page.expect_clean_console().await
}

#[tokio::test]
async fn a_product_goes_along_to_a_dashboard_that_has_none() -> anyhow::Result<()> {
    let Some(scene) = Scene::of_demo("stocker", Launch::default()).await? else { return Ok(()) };
    let whole = scene.logged_in("/admin").await?;
    let page = scene.page();
    let (product, _) = whole.marks("top_products").into_iter().next().context("no bar")?;
    page.click_mark("top_products", &product.context("the first bar is of no product")?).await?;
    let clicked = page
        .settled("the panels of one product", |s| s.kpi("revenue") != whole.kpi("revenue"))
        .await?;
    assert!(said(&clicked).values().all(Option::is_none), "{:?}", said(&clicked));

    for dashboard in ["Stock", "Visitors"] {
        page.click_dashboard(dashboard).await?;
        let shown = page
            .settled(dashboard, |s| !s.panels.contains_key("revenue") && s.chips.len() == 1)
            .await?;
        for (panel, said) in said(&shown) {
            assert_eq!(said, Some("Not filtered by Product"), "{dashboard} {panel}");
        }
    }
    // And is still there on the way back.
    page.click_dashboard("Overview").await?;
    let back = page.settled("the overview", |s| s.panels.contains_key("revenue")).await?;
    assert_eq!(back.numbers(), clicked.numbers());
    page.expect_clean_console().await
}
