//! What the engine reads of tables that upkeep has put in order: the same rows and answers as before, from
//! fewer files.
//!
//! The foreign tables are those of the corpus folder named by `LAKEFRONT_CORPUS` (default
//! `../shared/corpus`); without it that test says so and counts as skipped.

use anyhow::{Context, Result, anyhow, ensure};
use arrow::array::RecordBatch;
use catalog::{Catalog, DimensionKind};
use lakefront_tests::corpus::archive::{Packing, unpack};
use lakefront_tests::corpus::reading::every_row;
use lakefront_tests::corpus::rowset;
use lakefront_tests::lake::{marketplace, questions};
use pipeline::upkeep::{self, Options, Order, Retention, Table};
use pipeline::{Clock, Project, Root};
use protocol::At;
use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use walkdir::WalkDir;
use worker::lake::DEFAULT_MEMORY_BYTES;
use worker::store::PlatformStore;
use worker::{Engine, Lake};

/// Everything that can go goes.
fn thorough(target_size_bytes: u64) -> Options {
    Options {
        target_size_bytes: NonZeroU64::new(target_size_bytes).unwrap_or(NonZeroU64::MIN),
        retention: Retention::even_short(Duration::ZERO),
        ..Options::default()
    }
}

/// The answers to the golden questions by name, each with the files that were read for it.
async fn answers(lake: &Path) -> Result<BTreeMap<String, (Vec<RecordBatch>, u64)>> {
    let json = std::fs::read_to_string(lake.join("_lakefront/catalog.json"))?;
    let store = Arc::new(PlatformStore::new(lake));
    let lake = Lake::new(store, DEFAULT_MEMORY_BYTES).map_err(|failure| anyhow!("{failure}"))?;
    let engine = Engine::open(Arc::new(lake), Catalog::from_json(&json)?).await;
    let (engine, _) = engine.map_err(|failure| anyhow!("{failure}"))?;
    let mut answers = BTreeMap::new();
    for question in questions()? {
        let rows = engine.answer(&question.spec).await;
        let rows = rows.map_err(|failure| anyhow!("{}: {failure}", question.name))?;
        answers.insert(question.name, (rows.batches, rows.facts.n_files_read));
    }
    Ok(answers)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_question_has_the_same_answer() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let lake = marketplace(&folder.path().join("shop"), 20).await?;
    let before = answers(&lake).await?;
    let project = Project::open(&folder.path().join("shop"))?;
    let catalog =
        Catalog::from_json(&std::fs::read_to_string(lake.join("_lakefront/catalog.json"))?)?;
    let mut tables = upkeep::tables(&project, &[]).await?;
    for table in &mut tables {
        // Cut along the days by which the dashboards filter.
        let shown = catalog.tables.iter().find(|shown| shown.location == table.location);
        let days = shown.and_then(|shown| {
            shown.dimensions.iter().find(|dimension| dimension.kind == DimensionKind::Date)
        });
        if let Some(days) = days {
            table.order = Order::Clustered(vec![days.column.clone()]);
        }
    }
    let clock = Clock::system();
    let reports = upkeep::run(&project.lake, &tables, &thorough(32 << 10), &clock, |_| ()).await?;
    let n_cut = reports.iter().filter(|report| report.after.n_files > 3).count();
    ensure!(n_cut > 0, "no table is cut into files: {reports:?}");
    let after = answers(&lake).await?;
    for (name, (rows, _)) in &before {
        let (found, _) = &after[name];
        if let Some(difference) = rowset::difference(found, rows) {
            anyhow::bail!("{name}: {difference}");
        }
    }
    let n_files = |name: &str| after.get(name).map(|(_, n_files)| *n_files).context("a question");
    let (whole, day) = (n_files("the whole")?, n_files("one day")?);
    ensure!(day * 3 <= whole, "{day} of {whole} files are read for a day");
    Ok(())
}

/// Why upkeep leaves tables alone.
const REFUSALS: [&str; 2] = ["Unsupported table features required", "which upkeep does not write"];

#[tokio::test(flavor = "multi_thread")]
async fn foreign_tables_keep_their_rows() -> Result<()> {
    let Some(corpus) = test_support::corpus("delta/kernel") else { return Ok(()) };
    let (mut n_kept, mut wrong) = (0, Vec::new());
    for entry in std::fs::read_dir(&corpus)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // The largest takes minutes and has nothing that the others have not.
        if name.starts_with("300k") {
            continue;
        }
        let folder = tempfile::tempdir()?;
        match Packing::of(&name) {
            Some(packing) => unpack(&path, packing, folder.path())?,
            None if path.is_dir() => copy(&path, &folder.path().join(&name))?,
            None => continue,
        }
        for location in tables_below(folder.path()) {
            match kept(folder.path(), &location).await {
                Ok(Kept::Same) => n_kept += 1,
                Ok(Kept::Unread) => {}
                Ok(Kept::Refused(reason)) => {
                    if !REFUSALS.iter().any(|refusal| reason.contains(refusal)) {
                        wrong.push(format!("{name}: {reason}"));
                    }
                }
                Err(error) => wrong.push(format!("{name}: {error:#}")),
            }
        }
    }
    println!("{n_kept} tables have the rows that they had");
    assert!(wrong.is_empty(), "{} tables:\n{}", wrong.len(), wrong.join("\n"));
    assert!(n_kept > 20, "{n_kept}");
    Ok(())
}

/// What became of a table.
enum Kept {
    Same,
    /// It could not be read before either.
    Unread,
    /// Upkeep does not write it; its rows are the same.
    Refused(String),
}

async fn kept(root: &Path, location: &str) -> Result<Kept> {
    let Ok(before) = rows(root, location).await else { return Ok(Kept::Unread) };
    let table = Table {
        location: location.to_owned(),
        order: Order::Plain,
        filtered: Vec::new(),
        needed_version: None,
        known_version: None,
    };
    let clock = Clock::system();
    let lake = Root::folder(root)?;
    // Far above what they hold, so that every file that may be written anew is.
    let done = upkeep::run(&lake, &[table], &thorough(1 << 40), &clock, |_| ()).await;
    let after = rows(root, location).await.context("after upkeep")?;
    if let Some(difference) = rowset::difference(&after, &before) {
        anyhow::bail!("{difference}");
    }
    Ok(match done {
        Ok(_) => Kept::Same,
        Err(error) => Kept::Refused(error.to_string()),
    })
}

async fn rows(root: &Path, location: &str) -> Result<Vec<RecordBatch>> {
    let store = Arc::new(PlatformStore::new(root));
    let lake = Lake::new(store, DEFAULT_MEMORY_BYTES).map_err(|failure| anyhow!("{failure}"))?;
    let rows = lake.rows(&every_row(location, At::Newest)).await;
    Ok(rows.map_err(|failure| anyhow!("{failure}"))?.batches)
}

/// The folders with a log below `root`, relative to it.
fn tables_below(root: &Path) -> Vec<String> {
    let entries = WalkDir::new(root).sort_by_file_name().into_iter().filter_map(Result::ok);
    let logs = entries.filter(|entry| entry.file_name() == "_delta_log");
    let relative = |log: walkdir::DirEntry| {
        let table = log.path().parent()?.strip_prefix(root).ok()?;
        Some(table.to_string_lossy().into_owned())
    };
    logs.filter_map(relative).collect()
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    for entry in WalkDir::new(from) {
        let entry = entry?;
        let target = to.join(entry.path().strip_prefix(from)?);
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(&target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
