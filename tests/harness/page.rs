//! The page as a test sees it: panels with their states and numbers, chips, the notice. It reads the
//! `data-test` attributes and knows no class or tag.

use super::driver::{Browser, until};
use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use thirtyfour::{By, WebElement};

/// How long anything on the page may take: the engine is compiled, on a machine that does more.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Everything that tests read, taken at one moment.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
pub struct Snapshot {
    /// By name.
    pub panels: BTreeMap<String, PanelView>,
    /// The selection, as shown above the panels.
    pub chips: Vec<ChipView>,
    /// What the page has to say, if it does.
    pub notice: Option<String>,
    /// Whether the log-in form is shown.
    pub asks_to_log_in: bool,
    /// The preset that is pressed.
    pub range: Option<String>,
    /// Path, query and fragment.
    pub address: String,
}

/// One panel.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PanelView {
    /// `loading`, `ready`, `empty`, `error` or `refreshing`.
    pub state: String,
    /// Whether its canvas shows what the state says.
    pub is_painted: bool,
    /// The number of a KPI card, with all its digits.
    pub exact: Option<String>,
    /// What can be clicked.
    pub marks: Vec<MarkView>,
    /// Data files that were read for it.
    pub n_files: Option<String>,
    /// Which filters it says that it does not follow.
    pub not_filtered: Option<String>,
}

/// One bar or slice.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct MarkView {
    /// The value of the dimension; `None` is null.
    pub value: Option<String>,
    /// The measure, with all its digits.
    pub exact: Option<String>,
    /// Whether the selection has it.
    pub is_pressed: bool,
}

/// The number of a KPI card, and the marks of a chart with their numbers, all with all digits.
pub type Shown = (Option<String>, Vec<(Option<String>, String)>);

/// One value of the selection.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ChipView {
    /// The dimension.
    pub dimension: Option<String>,
    /// The value.
    pub value: Option<String>,
}

const TAKE_SNAPSHOT: &str = r#"
const one = (root, name) => root.querySelector(`[data-test="${name}"]`);
const all = (root, name) => [...root.querySelectorAll(`[data-test="${name}"]`)];
const value = (element) =>
  element.dataset.null === 'true' ? null : (element.dataset.value ?? null);
const shown = (element) => element !== null && element.getClientRects().length > 0;
const panels = {};
for (const root of document.querySelectorAll('[data-test^="panel-"]')) {
  const kpi = root.querySelector('[data-test^="kpi-"]');
  const facts = one(root, 'facts');
  panels[root.dataset.test.slice('panel-'.length)] = {
    state: root.dataset.state ?? '',
    is_painted: root.dataset.painted === 'true',
    exact: kpi?.dataset.exact ?? null,
    n_files: facts?.dataset.files ?? null,
    not_filtered: one(root, 'not-filtered')?.textContent.trim() ?? null,
    marks: all(root, 'mark').map((mark) => ({
      value: value(mark),
      exact: mark.dataset.exact ?? null,
      is_pressed: mark.getAttribute('aria-pressed') === 'true',
    })),
  };
}
const notice = one(document, 'notice');
const range = document.querySelector('[data-test^="range-"][aria-pressed="true"]');
return {
  panels,
  chips: all(document, 'chip').map((chip) => ({
    dimension: chip.dataset.dimension ?? null,
    value: value(chip),
  })),
  notice: shown(notice) ? notice.textContent.trim() : null,
  asks_to_log_in: shown(one(document, 'login-user')),
  range: range === null ? null : range.dataset.test.slice('range-'.length),
  address: location.pathname + location.search + location.hash,
};
"#;

/// A page of one server in one browser.
pub struct Page<'a> {
    browser: &'a Browser,
    origin: String,
}

impl<'a> Page<'a> {
    /// The pages of `origin`, such as `http://localhost:8080`.
    pub fn new(browser: &'a Browser, origin: &str) -> Page<'a> {
        Page { browser, origin: origin.trim_end_matches('/').to_owned() }
    }

    /// Opens `path`.
    ///
    /// # Errors
    /// When the browser cannot.
    pub async fn open(&self, path: &str) -> anyhow::Result<()> {
        Ok(self.browser.driver().goto(format!("{}{path}", self.origin)).await?)
    }

    /// Fills the log-in form and sends it.
    ///
    /// # Errors
    /// When there is no form.
    pub async fn send_log_in(&self, user: &str, password: &str) -> anyhow::Result<()> {
        for (name, text) in [("login-user", user), ("login-password", password)] {
            let field = self.element(name).await?;
            field.clear().await?;
            field.send_keys(text).await?;
        }
        self.click("login-submit").await
    }

    /// The element with that `data-test`, once it is there.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn element(&self, name: &str) -> anyhow::Result<WebElement> {
        self.find(&format!("[data-test='{name}']")).await
    }

    /// The first element of that CSS selector, once it is there and shown.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn find(&self, selector: &str) -> anyhow::Result<WebElement> {
        let found = until(selector, DEADLINE, async || {
            let element = self.browser.driver().find(By::Css(selector)).await?;
            Ok(element.is_displayed().await?.then_some(element))
        });
        match found.await {
            Ok(element) => Ok(element),
            Err(error) => Err(self.explained(error).await),
        }
    }

    /// Clicks the element with that `data-test`.
    ///
    /// # Errors
    /// When it is not there or something covers it.
    pub async fn click(&self, name: &str) -> anyhow::Result<()> {
        Ok(self.element(name).await?.click().await?)
    }

    /// Clicks the mark of `value` in a panel. A page that is drawn anew meanwhile is asked again.
    ///
    /// # Errors
    /// When there is no such mark.
    pub async fn click_mark(&self, panel: &str, value: &str) -> anyhow::Result<()> {
        // Through the element itself: marks lie over a canvas and may be thin.
        let script = "const mark = [...document.querySelectorAll(\
            `[data-test=\"panel-${arguments[0]}\"] [data-test=\"mark\"]`)]\
            .find((mark) => mark.dataset.value === arguments[1]);\
            if (!mark) return false; mark.click(); return true;";
        let clicked = self.browser.evaluate(script, vec![json!(panel), json!(value)]).await?;
        if clicked != Value::Bool(true) {
            bail!("panel {panel} has no mark {value:?}: {:?}", self.snapshot().await?);
        }
        Ok(())
    }

    /// Clicks the tab of the dashboard of that title.
    ///
    /// # Errors
    /// When there is none.
    pub async fn click_dashboard(&self, title: &str) -> anyhow::Result<()> {
        let script = "const tab = [...document.querySelectorAll('[data-test=\"dashboard-tab\"]')]\
            .find((tab) => tab.textContent.trim() === arguments[0]);\
            if (!tab) return false; tab.click(); return true;";
        let clicked = self.browser.evaluate(script, vec![json!(title)]).await?;
        if clicked != Value::Bool(true) {
            bail!("there is no dashboard {title:?}");
        }
        Ok(())
    }

    /// Takes the filter on a dimension away by its chip.
    ///
    /// # Errors
    /// When there is no such chip.
    pub async fn click_chip(&self, dimension: &str) -> anyhow::Result<()> {
        let chip = self.find(&format!("[data-test='chip'][data-dimension='{dimension}']")).await?;
        Ok(chip.click().await?)
    }

    /// What is on the page now.
    ///
    /// # Errors
    /// When the page is not one of ours.
    pub async fn snapshot(&self) -> anyhow::Result<Snapshot> {
        let value = self.browser.evaluate(TAKE_SNAPSHOT, Vec::new()).await?;
        serde_json::from_value(value).context("the page's attributes are not as expected")
    }

    /// The page once `is_so`.
    ///
    /// # Errors
    /// When it does not become so; shows what it was.
    pub async fn until(
        &self,
        what: &str,
        is_so: impl Fn(&Snapshot) -> bool,
    ) -> anyhow::Result<Snapshot> {
        let waited = until(what, DEADLINE, async || {
            let snapshot = self.snapshot().await?;
            Ok(is_so(&snapshot).then_some(snapshot))
        });
        match waited.await {
            Ok(snapshot) => Ok(snapshot),
            Err(error) => Err(self.explained(error).await),
        }
    }

    /// The page once every panel shows its answer and `is_so`.
    ///
    /// # Errors
    /// As [`Page::until`].
    pub async fn settled(
        &self,
        what: &str,
        is_so: impl Fn(&Snapshot) -> bool,
    ) -> anyhow::Result<Snapshot> {
        self.until(what, |snapshot| snapshot.is_settled() && is_so(snapshot)).await
    }

    /// Fails when the console has errors.
    ///
    /// # Errors
    /// Names them.
    pub async fn expect_clean_console(&self) -> anyhow::Result<()> {
        let errors = self.browser.console_errors().await?;
        anyhow::ensure!(errors.is_empty(), "errors in the console:\n{}", errors.join("\n"));
        Ok(())
    }

    /// Writes what the page looks like to `test-output/NAME.png` and returns the path.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn screenshot(&self, name: &str) -> anyhow::Result<PathBuf> {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-output");
        std::fs::create_dir_all(&dir)?;
        let path = dir.join(format!("{name}.png"));
        std::fs::write(&path, self.browser.driver().screenshot_as_png().await?)?;
        Ok(path)
    }

    /// `error` with what the page shows.
    async fn explained(&self, error: anyhow::Error) -> anyhow::Error {
        let text = self.browser.evaluate("return document.body.innerText", Vec::new()).await;
        let shown = self.snapshot().await;
        let console = self.browser.console_errors().await;
        let name = format!("failed-{}", std::process::id());
        let picture = self.screenshot(&name).await;
        error.context(format!(
            "the page: {shown:?}\nits text: {text:?}\nits console: {console:?}\npicture: {picture:?}"
        ))
    }
}

impl Snapshot {
    /// Whether there are panels and each shows its answer.
    pub fn is_settled(&self) -> bool {
        !self.panels.is_empty()
            && self
                .panels
                .values()
                .all(|panel| ["ready", "empty"].contains(&panel.state.as_str()) && panel.is_painted)
    }

    /// The number of a KPI card; empty when there is none.
    pub fn kpi(&self, panel: &str) -> &str {
        self.panels.get(panel).and_then(|panel| panel.exact.as_deref()).unwrap_or_default()
    }

    /// Values and measures of a panel's marks, in their order.
    pub fn marks(&self, panel: &str) -> Vec<(Option<String>, String)> {
        self.panels
            .get(panel)
            .map(|panel| {
                panel
                    .marks
                    .iter()
                    .map(|mark| (mark.value.clone(), mark.exact.clone().unwrap_or_default()))
                    .collect()
            })
            .unwrap_or_default()
    }

    /// All numbers of all panels, to compare two states of the page.
    pub fn numbers(&self) -> BTreeMap<String, Shown> {
        self.panels
            .iter()
            .map(|(name, panel)| (name.clone(), (panel.exact.clone(), self.marks(name))))
            .collect()
    }
}
