//! Measures the page of the demo: cold in a new profile, warm in the same one.

use super::driver::{Browser, Launch, until};
use super::lakefront::{self, Server, TESTER, Traffic};
use super::page::{DEADLINE, Page};
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The mark that the page sets when the first panel shows its answer.
const FIRST_PANEL: &str = "lakefront:first-panel";

/// The mark that the page sets when every panel does.
const ALL_PANELS: &str = "lakefront:all-panels";

/// How long the server's log must stay as it is to be complete.
const LOG_SETTLED: Duration = Duration::from_millis(500);

/// One visit.
struct Visit {
    /// From the start of the navigation to the first panel's answer on the screen.
    first_panel_ms: f64,
    console_errors: Vec<String>,
    traffic: Traffic,
}

/// Makes a demo of that scale in a folder of its own, visits its page twice and returns what was
/// measured. Progress goes to stderr.
///
/// # Errors
/// When a part cannot be started or a panel never shows its answer.
pub async fn measure(scale: u32) -> anyhow::Result<Value> {
    let dir = tempfile::tempdir()?;
    let project = dir.path().join("demo");
    eprintln!("making a marketplace of scale {scale}");
    lakefront::make_demo(&project, scale)?;
    lakefront::add_user(&project, TESTER)?;
    let server = Server::serve(&project)?;
    eprintln!("logging in at {}", server.origin);
    let cookies = log_in(&server).await?;

    let profile_dir = dir.path().join("profile");
    let cold = visit(&server, &profile_dir, &cookies).await?;
    eprintln!("cold: first panel after {:.0} ms", cold.first_panel_ms);
    let warm = visit(&server, &profile_dir, &cookies).await?;
    eprintln!("warm: first panel after {:.0} ms", warm.first_panel_ms);

    let errors = [cold.console_errors, warm.console_errors].concat();
    for error in &errors {
        eprintln!("error in the console: {error}");
    }
    let assets = PathBuf::from(
        std::env::var_os("LAKEFRONT_PAGE_DIR").context("LAKEFRONT_PAGE_DIR is not set")?,
    )
    .join("assets");
    Ok(json!({
        "cold_first_panel_ms": cold.first_panel_ms.round(),
        "warm_first_panel_ms": warm.first_panel_ms.round(),
        "engine_wasm_bytes": size_bytes(&assets, "engine-", ".wasm")?,
        "engine_wasm_brotli_bytes": size_bytes(&assets, "engine-", ".wasm.br")?,
        "page_wasm_brotli_bytes": size_bytes(&assets, "app-", ".wasm.br")?,
        "data_bytes": cold.traffic.n_bytes,
        "data_requests": cold.traffic.n_requests,
        "console_errors": errors.len(),
    }))
}

/// Logs in through the form, in a browser of its own, and returns its cookies: the visits that are
/// measured then begin with the page and not with typing.
async fn log_in(server: &Server) -> anyhow::Result<Vec<(String, String)>> {
    let browser = Browser::start(Launch::default()).await?;
    let page = Page::new(&browser, &server.origin);
    page.open("/admin").await?;
    page.send_log_in(TESTER.name, TESTER.password).await?;
    page.until("panels after the log-in", |snapshot| !snapshot.panels.is_empty()).await?;
    let cookies = browser.driver().get_all_cookies().await?;
    let cookies = cookies.into_iter().map(|cookie| (cookie.name, cookie.value)).collect();
    drop(browser);
    Ok(cookies)
}

async fn visit(
    server: &Server,
    profile_dir: &Path,
    cookies: &[(String, String)],
) -> anyhow::Result<Visit> {
    let before = settled_traffic(server).await?;
    let launch = Launch { profile_dir: Some(profile_dir.to_path_buf()), ..Launch::default() };
    let browser = Browser::start(launch).await?;
    for (name, value) in cookies {
        let cookie = json!({
            "name": name,
            "value": value,
            "url": server.origin,
            "path": "/",
            "secure": true,
            "httpOnly": true,
            "sameSite": "Strict",
        });
        browser.cdp("Network.setCookie", cookie).await?;
    }
    let page = Page::new(&browser, &server.origin);
    page.open("/admin").await?;
    page.settled("all panels", |_| true).await?;
    let all_panels = until(ALL_PANELS, DEADLINE, async || mark_ms(&browser, ALL_PANELS).await);
    let all_panels_ms = all_panels.await?;
    let first_panel_ms = mark_ms(&browser, FIRST_PANEL)
        .await?
        .with_context(|| format!("the page does not set {FIRST_PANEL}"))?;
    ensure!(first_panel_ms <= all_panels_ms, "{ALL_PANELS} was set before {FIRST_PANEL}");
    let console_errors = browser.console_errors().await?;
    drop(browser);
    let after = settled_traffic(server).await?;
    Ok(Visit {
        first_panel_ms,
        console_errors,
        traffic: Traffic {
            n_requests: after.n_requests - before.n_requests,
            n_bytes: after.n_bytes - before.n_bytes,
        },
    })
}

/// When a performance mark was set, from the start of the navigation.
async fn mark_ms(browser: &Browser, name: &str) -> anyhow::Result<Option<f64>> {
    let script = "const mark = performance.getEntriesByName(arguments[0])[0];\
        return mark ? mark.startTime : null;";
    Ok(browser.evaluate(script, vec![json!(name)]).await?.as_f64())
}

/// The server logs a request once its answer has gone, which may be a moment later.
///
/// # Errors
/// When it does not settle.
pub async fn settled_traffic(server: &Server) -> anyhow::Result<Traffic> {
    let mut last = (server.traffic(), std::time::Instant::now());
    until("the server's log to settle", DEADLINE, async || {
        let traffic = server.traffic();
        if traffic != last.0 {
            last = (traffic, std::time::Instant::now());
        }
        Ok((last.1.elapsed() >= LOG_SETTLED).then_some(traffic))
    })
    .await
}

/// The size of the one file in `dir` whose name starts and ends so.
fn size_bytes(dir: &Path, start: &str, end: &str) -> anyhow::Result<u64> {
    let entries =
        std::fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(start) && name.ends_with(end) {
            return Ok(entry.metadata()?.len());
        }
    }
    anyhow::bail!("{} holds no {start}*{end}", dir.display())
}
