//! What a test sees of the page about tables.

use anyhow::{Context, ensure};
use lakefront_tests::harness::driver::{Browser, until};
use lakefront_tests::harness::page::DEADLINE;
use protocol::TableDescription;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What is on the page, taken at one moment.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
pub struct Shown {
    /// The state of each part: `loading`, `outdated`, `ready`, `error`.
    pub parts: BTreeMap<String, String>,
    /// The exact numbers of the head.
    pub facts: BTreeMap<String, String>,
    /// The view that is chosen.
    pub view: Option<String>,
    /// Columns of the schema.
    pub columns: Vec<String>,
    /// Versions of the commits.
    pub commits: Vec<String>,
    /// Paths of the files.
    pub files: Vec<String>,
    /// Rows of the preview, nulls as nulls.
    pub rows: Vec<Vec<Option<String>>>,
    /// What went wrong: the code, and the words of whoever found it.
    pub trouble: Option<(String, String)>,
    /// Path, query and fragment.
    pub address: String,
}

impl Shown {
    pub fn is_settled(&self) -> bool {
        !self.parts.is_empty()
            && self.parts.values().all(|state| ["ready", "error"].contains(&state.as_str()))
    }

    pub fn fact(&self, name: &str) -> &str {
        self.facts.get(name).map_or("", String::as_str)
    }
}

const TAKE: &str = r#"
const all = (selector) => [...document.querySelectorAll(selector)];
const texts = (list, key) => list.map((it) => it.dataset[key]);
const trouble = document.querySelector('[data-test="trouble"]');
return {
  parts: Object.fromEntries(all('[data-part]').map((it) => [it.dataset.part, it.dataset.state])),
  facts: Object.fromEntries(all('[data-test^="fact-"]').map(
    (it) => [it.dataset.test.slice(5), it.dataset.exact])),
  view: document.querySelector('[role="tab"][aria-selected="true"]')?.dataset.test.slice(4) ?? null,
  columns: texts(all('[data-test="schema-row"]'), 'column'),
  commits: texts(all('[data-test="commit"]'), 'version'),
  files: texts(all('[data-test="file"]'), 'path'),
  rows: all('[data-test="preview-row"]').map((row) => [...row.querySelectorAll('td')].map(
    (cell) => cell.dataset.null === 'true' ? null : (cell.title || cell.textContent))),
  trouble: trouble === null ? null : [
    trouble.dataset.code, trouble.querySelector('[data-test="trouble-words"]').textContent],
  address: location.pathname + location.search + location.hash,
};
"#;

pub async fn shown(browser: &Browser) -> anyhow::Result<Shown> {
    let value = browser.evaluate(TAKE, Vec::new()).await?;
    serde_json::from_value(value).context("the page's attributes are not as expected")
}

/// The page once nothing is awaited and `is_so`.
pub async fn settled(
    browser: &Browser,
    what: &str,
    is_so: impl Fn(&Shown) -> bool,
) -> anyhow::Result<Shown> {
    let mut last = Shown::default();
    let waited = until(what, DEADLINE, async || {
        last = shown(browser).await?;
        Ok((last.is_settled() && is_so(&last)).then(|| last.clone()))
    });
    let outcome = waited.await;
    match outcome {
        Ok(shown) => Ok(shown),
        Err(error) => {
            let text = browser.evaluate("return document.body.innerText", Vec::new()).await;
            Err(error.context(format!("the page: {last:?}\nits text: {text:?}")))
        }
    }
}

pub fn agrees(shown: &Shown, described: &TableDescription) -> anyhow::Result<()> {
    let number = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
    for (name, expected) in [
        ("version", number(described.version)),
        ("rows", number(described.n_rows)),
        ("files", described.n_files.to_string()),
        ("size", described.size_bytes.to_string()),
        ("columns", described.columns.len().to_string()),
    ] {
        ensure!(shown.fact(name) == expected, "{name} is {:?}, not {expected}", shown.fact(name));
    }
    Ok(())
}
