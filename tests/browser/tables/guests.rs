//! Tables of the corpus beside those of the lake, and the native engine over them.

use crate::browser::scene::Scene;
use lakefront_tests::harness::driver::Launch;
use protocol::{At, Condition, RowForm, RowsSpec, TableAt, TableDescription};
use std::path::Path;
use std::sync::Arc;
use worker::Lake;
use worker::lake::DEFAULT_MEMORY_BYTES;
use worker::store::PlatformStore;

/// A scene whose viewer has logged in at `path`, with a table of several versions in its lake.
pub async fn at(user: &'static str, path: &str) -> anyhow::Result<Option<Scene>> {
    let Some(scene) = Scene::of_olist(user, Launch::default()).await? else { return Ok(None) };
    bring_tables(&scene)?;
    let page = scene.page();
    page.open(path).await?;
    page.send_log_in(scene.user.name, scene.user.password).await?;
    page.element("tables-page").await?;
    Ok(Some(scene))
}

/// Copies tables and files of the corpus beside those of the lake.
pub fn bring_tables(scene: &Scene) -> anyhow::Result<()> {
    let corpus = test_support::corpus_root();
    let guests = scene.project.join("lake/guests");
    if guests.is_dir() {
        return Ok(());
    }
    let made = scene.project.join(format!("guests-{}", scene.user.name));
    for (from, to) in [
        ("delta/kernel/basic_partitioned", "letters"),
        ("delta/kernel/table-with-cdf", "feed"),
        ("delta/kernel/parsed-stats", "stats"),
        ("parquet/data/alltypes_tiny_pages.parquet", "pages.parquet"),
        ("parquet/data/nested_structs.rust.parquet", "nested.parquet"),
    ] {
        copy(&corpus.join(from), &made.join(to))?;
    }
    std::fs::create_dir_all(made.join("empty"))?;
    std::fs::write(made.join("words.parquet"), "these are words and no Parquet file")?;
    // Another test may have been first.
    if std::fs::rename(&made, &guests).is_err() {
        std::fs::remove_dir_all(&made)?;
    }
    Ok(())
}

pub fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry?;
        let part = entry.path().strip_prefix(from)?;
        let target = if part.as_os_str().is_empty() { to.to_owned() } else { to.join(part) };
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(target)?;
        } else {
            target.parent().map(std::fs::create_dir_all).transpose()?;
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

pub fn native(scene: &Scene) -> anyhow::Result<Lake> {
    let store = Arc::new(PlatformStore::new(scene.project.join("lake")));
    Lake::new(store, DEFAULT_MEMORY_BYTES).map_err(|failure| anyhow::anyhow!("{failure}"))
}

pub async fn described(lake: &Lake, location: &str, at: At) -> anyhow::Result<TableDescription> {
    let table = TableAt { location: location.to_owned(), at };
    lake.describe(&table).await.map_err(|failure| anyhow::anyhow!("{failure}"))
}

/// The rows that the native engine gives, as texts.
pub async fn rows(lake: &Lake, location: &str, conditions: Vec<Condition>) -> anyhow::Result<u64> {
    let table = TableAt { location: location.to_owned(), at: At::Newest };
    let spec =
        RowsSpec { table, columns: Vec::new(), conditions, limit: Some(100), form: RowForm::Text };
    let rows = lake.rows(&spec).await.map_err(|failure| anyhow::anyhow!("{failure}"))?;
    Ok(rows.facts.n_rows)
}
