//! The way in: a wrong password, the right one, and the numbers of the Overview.

use super::expected::{Oracle, seen};
use super::scene::Scene;
use anyhow::ensure;
use lakefront_tests::harness::driver::Launch;
use query::Selection;

#[tokio::test]
async fn a_wrong_password_is_refused_and_the_right_one_shows_the_numbers() -> anyhow::Result<()> {
    let Some(scene) = Scene::of_olist("reader", Launch::default()).await? else { return Ok(()) };
    let page = scene.page();
    page.open("/admin").await?;
    page.until("the log-in form", |snapshot| snapshot.asks_to_log_in).await?;
    page.send_log_in(scene.user.name, "not the password").await?;
    let refusal = page.find("[data-test='login-error']:not(:empty)").await?.text().await?;
    page.send_log_in("nobody", "not the password").await?;
    let same = page.until("the form after the second refusal", |s| s.asks_to_log_in).await?;
    ensure!(same.panels.is_empty(), "a wrong password shows panels");
    let again = page.find("[data-test='login-error']:not(:empty)").await?.text().await?;
    ensure!(refusal == again, "{refusal:?} for a known user, {again:?} for an unknown one");

    page.send_log_in(scene.user.name, scene.user.password).await?;
    let shown = page.settled("the panels", |_| true).await?;
    let check = |panel: &str, expected: &str| {
        ensure!(shown.kpi(panel) == expected, "{panel}: {}, not {expected}", shown.kpi(panel));
        Ok(())
    };
    check("revenue", "13591643.70")?;
    check("freight", "2251909.54")?;
    check("payments", "16008872.12")?;
    check("orders", "99441")?;
    for (name, panel) in &shown.panels {
        ensure!(panel.n_files.as_deref() != Some("0"), "{name} read no file");
        ensure!(panel.n_files.is_some(), "{name} does not say what it read");
    }
    let oracle = Oracle::open(&scene.project).await?;
    let expected = oracle.shown(&Selection::default(), None).await?;
    assert_eq!(seen(&shown, &expected), expected);
    ensure!(!page.element("as-of").await?.text().await?.is_empty(), "there is no `as of`");
    page.expect_clean_console().await
}

#[tokio::test]
async fn who_logs_out_is_asked_again() -> anyhow::Result<()> {
    let Some(scene) = Scene::of_olist("leaver", Launch::default()).await? else { return Ok(()) };
    scene.logged_in("/admin").await?;
    let page = scene.page();
    page.click("logout").await?;
    page.until("the log-in form", |snapshot| snapshot.asks_to_log_in).await?;
    page.open("/admin").await?;
    let shown = page.until("the log-in form", |snapshot| snapshot.asks_to_log_in).await?;
    ensure!(shown.panels.is_empty(), "panels are shown to nobody");
    Ok(())
}
