//! The table of 300,000 files: how long its snapshot takes and what memory it needs, from its commits
//! and from a checkpoint that deltalake makes of them.

use crate::corpus::archive::{self, Packing};
use crate::corpus::run::default_dir;
use crate::harness::engine::{EngineInBrowser, Said, Worker};
use anyhow::{Context, anyhow, bail};
use catalog::Catalog;
use protocol::Answer;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::fmt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use worker::lake::DEFAULT_MEMORY_BYTES;
use worker::store::PlatformStore;
use worker::{Engine, Lake};

/// The word with which the program measures one table in a process of its own.
pub const MEASURES: &str = "--snapshot";

/// Of the corpus.
const ARCHIVE: &str = "delta/kernel/300k-add-files-100-col-partitioned.tar.zst";

const TABLE: &str = "300k-add-files-100-col-partitioned";

/// How long a snapshot may take.
const LIMIT: Duration = Duration::from_secs(180);

/// What a snapshot cost.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SnapshotCost {
    /// From what, and by which engine.
    pub what: String,
    /// Files of the table.
    pub n_files: u64,
    /// From the question to the answer.
    pub elapsed_ms: f64,
    /// Memory at most, what the process had before taken off.
    pub peak_bytes: u64,
    /// Bytes of the log that were fetched, where they are counted.
    pub log_bytes: u64,
}

impl fmt::Display for SnapshotCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SnapshotCost { what, n_files, elapsed_ms, peak_bytes, log_bytes } = self;
        let peak_mb = *peak_bytes as f64 / 1e6;
        write!(f, "{what}: {n_files} files, {elapsed_ms:.0} ms, {peak_mb:.0} MB, {log_bytes} bytes")
    }
}

/// Measures natively and, with a browser, there; nothing without the corpus. The tables are made in
/// the folder `lake` below `dir`, which the browser is served.
///
/// # Errors
/// When a table cannot be made or opened.
pub async fn measure(
    dir: &Path,
    browser: Option<&EngineInBrowser>,
) -> anyhow::Result<Vec<SnapshotCost>> {
    let archive = default_dir().join(ARCHIVE);
    if !archive.is_file() {
        eprintln!("skipped: there is no {}", archive.display());
        return Ok(Vec::new());
    }
    let mut costs = Vec::new();
    for (from, folder) in [("commits", "300k_commits"), ("a checkpoint", "300k_checkpoint")] {
        let place = dir.join("lake").join(folder);
        let table = place.join(TABLE);
        if !place.is_dir() {
            let fresh = dir.join("lake").join(format!("{folder}_new"));
            std::fs::create_dir_all(&fresh)?;
            archive::unpack(&archive, Packing::Zstd, &fresh)?;
            if folder == "300k_checkpoint" {
                eprintln!("making a checkpoint of 300,000 files");
                make_checkpoint(&fresh.join(TABLE)).await?;
            }
            std::fs::rename(&fresh, &place)?;
        }
        eprintln!("snapshot from {from}");
        let program = std::env::current_exe()?;
        let output = Command::new(program).arg(MEASURES).arg(&table).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let mut cost: SnapshotCost = serde_json::from_str(text.trim())
            .with_context(|| format!("{text} {}", String::from_utf8_lossy(&output.stderr)))?;
        cost.what = format!("snapshot from {from}, native");
        costs.push(cost);
        if let Some(browser) = browser {
            let location = format!("{folder}/{TABLE}");
            let mut cost = in_browser(browser, &location).await?;
            cost.what = format!("snapshot from {from}, browser");
            costs.push(cost);
        }
    }
    Ok(costs)
}

/// Opens the table in the folder `table` and prints what it cost as JSON.
///
/// # Errors
/// When it cannot be opened.
pub async fn measure_here(table: &Path) -> anyhow::Result<()> {
    let failed = |failure: protocol::Failure| anyhow!("{failure}");
    let root = table.parent().context("a table lies in a folder")?;
    let name = table.file_name().context("a table has a name")?.to_string_lossy().into_owned();
    let before = memory("VmRSS:", "self");
    let started = Instant::now();
    let lake =
        Lake::new(Arc::new(PlatformStore::new(root)), DEFAULT_MEMORY_BYTES).map_err(failed)?;
    let (_, opened) = Engine::open(Arc::new(lake), catalog(&name)?).await.map_err(failed)?;
    let cost = SnapshotCost {
        what: String::new(),
        n_files: opened.tables.first().map_or(0, |table| table.n_files),
        elapsed_ms: started.elapsed().as_secs_f64() * 1000.0,
        peak_bytes: memory("VmHWM:", "self").saturating_sub(before),
        log_bytes: 0,
    };
    println!("{}", serde_json::to_string(&cost)?);
    Ok(())
}

async fn in_browser(engine: &EngineInBrowser, location: &str) -> anyhow::Result<SnapshotCost> {
    // A worker that has done nothing: what it has is taken off.
    let nothing = crate::harness::engine::no_catalog();
    engine.ask(Worker::New, nothing, [], LIMIT).await?;
    let before = renderer_memory("VmRSS:");
    engine.server.take_served();
    let heard = engine.ask(Worker::Same, catalog(location)?, [], LIMIT).await?;
    let n_files = match heard.said {
        Said::Answer(answer, _) => match *answer {
            Answer::Opened { tables, .. } => tables.first().map_or(0, |table| table.n_files),
            other => bail!("{other:?}"),
        },
        other => bail!("{other:?}"),
    };
    Ok(SnapshotCost {
        what: String::new(),
        n_files,
        elapsed_ms: heard.elapsed_ms,
        peak_bytes: renderer_memory("VmHWM:").saturating_sub(before),
        log_bytes: engine.server.take_served().iter().map(|served| served.n_bytes).sum(),
    })
}

async fn make_checkpoint(table: &Path) -> anyhow::Result<()> {
    let table = std::fs::canonicalize(table)?;
    let url = url::Url::from_directory_path(&table).map_err(|()| anyhow!("a path is a URL"))?;
    let table = deltalake::open_table(url).await?;
    deltalake::checkpoints::create_checkpoint(&table, None).await?;
    Ok(())
}

fn catalog(location: &str) -> anyhow::Result<Catalog> {
    Ok(serde_json::from_value(json!({
        "title": "", "currency": "EUR", "zone": "UTC", "dashboards": [],
        "tables": [{
            "name": "table", "location": location, "format": "delta", "links": [],
            "measures": [], "dimensions": [],
        }],
    }))?)
}

/// A figure of a process in bytes; 0 where the system does not tell.
fn memory(key: &str, process: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// The largest such figure among the renderers of the browser that this process started.
fn renderer_memory(key: &str) -> u64 {
    let own = std::process::id().to_string();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    processes
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|id| id.bytes().all(|b| b.is_ascii_digit()))
        .filter(|id| {
            let words = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&words).contains("--type=renderer") && descends(id, &own)
        })
        .map(|id| memory(key, &id))
        .max()
        .unwrap_or(0)
}

fn descends(id: &str, from: &str) -> bool {
    let mut id = id.to_owned();
    for _ in 0..16 {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
        match parent.map(str::trim) {
            Some(parent) if parent == from => return true,
            Some(parent) if parent != "0" => parent.clone_into(&mut id),
            _ => return false,
        }
    }
    false
}
