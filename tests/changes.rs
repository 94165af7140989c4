//! The change data feed against delta_kernel's, on every table of the corpus that keeps one: the same
//! rows came and went, or both refuse.
//!
//! Needs the corpus folder named by `LAKEFRONT_CORPUS` (default `../shared/corpus`); without it the
//! test says so and counts as skipped.

use anyhow::{Context, Result, anyhow};
use arrow::array::RecordBatch;
use delta_kernel::engine::arrow_data::EngineDataArrowExt;
use delta_kernel::table_changes::TableChanges;
use delta_kernel_default_engine::DefaultEngine;
use delta_kernel_default_engine::storage::store_from_url;
use delta_log::COMMIT_TIMESTAMP;
use lakefront_tests::corpus::archive::{Packing, unpack};
use lakefront_tests::corpus::rowset;
use protocol::RowForm;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use url::Url;
use walkdir::WalkDir;
use worker::Lake;
use worker::lake::DEFAULT_MEMORY_BYTES;
use worker::store::PlatformStore;

/// Tables on which the two do not agree: the name, and why.
const KNOWN: &[(&str, &str)] = &[];

#[tokio::test(flavor = "multi_thread")]
async fn the_same_rows_come_and_go() -> Result<()> {
    let Some(folder) = test_support::corpus("delta/kernel") else { return Ok(()) };
    let unpacked = tempfile::tempdir()?;
    let (mut n_equal, mut n_refused, mut wrong) = (0, 0, Vec::new());
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.contains("cdf") {
            continue;
        }
        let root = match Packing::of(&name) {
            Some(packing) => {
                let into = unpacked.path().join(&name);
                std::fs::create_dir_all(&into)?;
                unpack(&path, packing, &into)?;
                into
            }
            None => path,
        };
        for table in tables_below(&root) {
            let (ours, theirs) = (ours(&table).await?, theirs(&table));
            let difference = match (&ours, &theirs) {
                (Ok(ours), Ok(theirs)) => {
                    rowset::difference(&without_time(ours)?, &without_time(theirs)?)
                }
                (Err(_), Err(_)) => {
                    n_refused += 1;
                    None
                }
                (Err(ours), Ok(_)) => Some(format!("only we refuse: {ours:#}")),
                (Ok(_), Err(theirs)) => Some(format!("only delta_kernel refuses: {theirs:#}")),
            };
            let known = KNOWN.iter().any(|(known, _)| name.starts_with(known));
            match (difference, known) {
                (None, false) => n_equal += 1,
                (Some(_), true) => {}
                (None, true) => wrong.push(format!("{name}: strike it off KNOWN")),
                (Some(difference), false) => wrong.push(format!("{name}: {difference}")),
            }
        }
    }
    println!("{n_equal} feeds agree, {n_refused} of them refused by both");
    assert!(wrong.is_empty(), "{} feeds differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(n_equal - n_refused > 5, "{n_equal} feeds agree, {n_refused} of them refused by both");
    Ok(())
}

/// delta_kernel takes the time of a commit from the file system, which an archive does not keep.
fn without_time(batches: &[RecordBatch]) -> Result<Vec<RecordBatch>> {
    let kept = batches.iter().map(|batch| {
        let schema = batch.schema();
        let columns = (0..batch.num_columns())
            .filter(|column_idx| schema.field(*column_idx).name() != COMMIT_TIMESTAMP);
        Ok(batch.project(&columns.collect::<Vec<usize>>())?)
    });
    kept.collect()
}

fn tables_below(root: &Path) -> Vec<PathBuf> {
    let entries = WalkDir::new(root).sort_by_file_name().into_iter().filter_map(Result::ok);
    let logs = entries.filter(|entry| entry.file_name() == "_delta_log");
    logs.filter_map(|log| Some(log.path().parent()?.to_owned())).collect()
}

/// All changes from version 0 on.
async fn ours(table: &Path) -> Result<Result<Vec<RecordBatch>>> {
    let (root, name) = (table.parent().context("a folder")?, table.file_name().context("a name")?);
    let store = Arc::new(PlatformStore::new(root));
    let lake = Lake::new(store, DEFAULT_MEMORY_BYTES).map_err(|failure| anyhow!("{failure}"))?;
    let last = last_version(table)?;
    let name = name.to_string_lossy();
    let rows = lake.changes(&name, 0, last, RowForm::Typed).await;
    Ok(rows.map(|rows| rows.batches).map_err(|failure| anyhow!("{failure}")))
}

fn last_version(table: &Path) -> Result<u64> {
    let commits = std::fs::read_dir(table.join("_delta_log"))?.filter_map(|entry| {
        let name = entry.ok()?.file_name().to_string_lossy().into_owned();
        name.strip_suffix(".json")?.parse().ok()
    });
    commits.max().context("a table has a commit")
}

fn theirs(table: &Path) -> Result<Vec<RecordBatch>> {
    let url = Url::from_directory_path(table.canonicalize()?).ok().context("a path is a URL")?;
    let engine = Arc::new(DefaultEngine::builder(store_from_url(&url)?).build());
    let changes = TableChanges::try_new(url, engine.as_ref(), 0, None)?;
    let scan = changes.into_scan_builder().build()?;
    scan.execute(engine)?.map(|rows| Ok(rows?.try_into_record_batch()?)).collect()
}
