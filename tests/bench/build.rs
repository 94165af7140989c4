//! Builds of the marketplace, measured from outside: the binary's own events, its time and its memory.

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use walkdir::WalkDir;

/// The layers in the order in which they are built.
pub const LAYERS: [&str; 3] = ["bronze", "silver", "gold"];

/// A marketplace with its sources made.
#[derive(Debug)]
pub struct Project {
    binary: PathBuf,
    dir: PathBuf,
    memory: String,
}

/// One model.
#[derive(Debug, Clone, Copy)]
pub struct ModelTime {
    /// Rows that were written.
    pub n_rows: u64,
    /// From its begin to its commit.
    pub time: Duration,
}

/// One build, of a layer or of everything.
#[derive(Debug)]
pub struct Layer {
    /// From the start of the process to its end.
    pub time: Duration,
    /// The most memory that the process had; 0 where `/proc` does not say.
    pub peak_bytes: u64,
    /// By name.
    pub models: BTreeMap<String, ModelTime>,
}

/// What DuckDB made of each model: its time, or why it does not run.
pub type DuckDb = BTreeMap<String, Result<ModelTime, String>>;

impl Layer {
    /// Rows of all models.
    pub fn n_rows(&self) -> u64 {
        self.models.values().map(|model| model.n_rows).sum()
    }
}

/// The events of a build that matter here.
#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Event {
    ModelFinished {
        model: String,
        rows_written: u64,
        elapsed_ms: u64,
    },
    #[serde(other)]
    Other,
}

impl Project {
    /// Copies `examples/marketplace` to a folder in `dir` and makes its sources of `scale`, unless they are there.
    /// `LAKEFRONT_BIN` names the binary.
    ///
    /// # Errors
    /// When a file cannot be written or the generator fails.
    pub fn make(dir: &Path, scale: u32, memory: &str) -> anyhow::Result<Project> {
        let binary = std::env::var_os("LAKEFRONT_BIN").context("LAKEFRONT_BIN names no binary")?;
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/marketplace");
        let made = dir.join(format!("build-{scale}"));
        for entry in WalkDir::new(&example) {
            let entry = entry?;
            let target = made.join(entry.path().strip_prefix(&example)?);
            if entry.file_type().is_dir() {
                std::fs::create_dir_all(&target)?;
            } else {
                std::fs::copy(entry.path(), &target)?;
            }
        }
        let project = Project { binary: binary.into(), dir: made, memory: memory.to_owned() };
        let mut command = project.command();
        command.args(["--select", "bronze.categories"]).env("SCALE", scale.to_string());
        let output = command.output().context("cannot start LAKEFRONT_BIN")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(project)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(["build", "--json", "--memory", &self.memory]).arg(&self.dir);
        command.stdin(Stdio::null());
        command
    }

    fn lake(&self) -> PathBuf {
        self.dir.join("lake")
    }

    /// Removes the lake; the sources stay.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn clear(&self) -> anyhow::Result<()> {
        match std::fs::remove_dir_all(self.lake()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Builds `layer`, or everything.
    ///
    /// # Errors
    /// When the build fails.
    pub fn build(&self, layer: Option<&str>) -> anyhow::Result<Layer> {
        let mut command = self.command();
        if let Some(layer) = layer {
            command.arg("--select").arg(format!("{layer}.*"));
        }
        let start = Instant::now();
        let mut child = command.stdout(Stdio::piped()).spawn().context("LAKEFRONT_BIN")?;
        let stdout = child.stdout.take().context("no stdout")?;
        let done = AtomicBool::new(false);
        let id = child.id();
        let (models, peak_bytes, status) = std::thread::scope(|scope| -> anyhow::Result<_> {
            let watch = scope.spawn(|| watch_memory(id, &done));
            let models = read_models(BufReader::new(stdout));
            let status = child.wait().context("LAKEFRONT_BIN");
            done.store(true, Ordering::Relaxed);
            let peak_bytes = watch.join().unwrap_or(0);
            Ok((models?, peak_bytes, status?))
        })?;
        ensure!(status.success(), "the build ended with {status}");
        Ok(Layer { time: start.elapsed(), peak_bytes, models })
    }
}

fn read_models(lines: impl BufRead) -> anyhow::Result<BTreeMap<String, ModelTime>> {
    let mut models = BTreeMap::new();
    for line in lines.lines() {
        let line = line?;
        if let Event::ModelFinished { model, rows_written, elapsed_ms } =
            serde_json::from_str(&line).with_context(|| line.clone())?
        {
            let time = Duration::from_millis(elapsed_ms);
            models.insert(model, ModelTime { n_rows: rows_written, time });
        }
    }
    Ok(models)
}

/// The high-water mark of a process's memory, as the kernel last said it before the end.
fn watch_memory(process: u32, done: &AtomicBool) -> u64 {
    let mut peak_bytes = 0;
    while !done.load(Ordering::Relaxed) {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|text| text.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
        peak_bytes = peak_bytes.max(kib.unwrap_or(0) * 1024);
        std::thread::sleep(Duration::from_millis(20));
    }
    peak_bytes
}

/// Runs the models with DuckDB `n_runs` times over what `project` has in its lake; medians.
/// `LAKEFRONT_DUCKDB_PYTHON` names a Python that has it.
///
/// # Errors
/// When it cannot be started.
pub fn duckdb(project: &Project, n_runs: usize) -> anyhow::Result<DuckDb> {
    let python = std::env::var_os("LAKEFRONT_DUCKDB_PYTHON")
        .context("LAKEFRONT_DUCKDB_PYTHON is not set")?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("duckdb/bench_models.py");
    let mut runs: BTreeMap<String, Result<Vec<ModelTime>, String>> = BTreeMap::new();
    for _ in 0..n_runs.max(1) {
        let mut command = Command::new(&python);
        command.arg(&script).arg(&project.dir).arg(project.lake());
        let output = command.output().context("cannot start LAKEFRONT_DUCKDB_PYTHON")?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr));
        }
        for line in String::from_utf8(output.stdout)?.lines() {
            let ran: Ran = serde_json::from_str(line).with_context(|| line.to_owned())?;
            let all = runs.entry(ran.model).or_insert_with(|| Ok(Vec::new()));
            match (ran.error, all) {
                (None, Ok(times)) => {
                    times.push(ModelTime { n_rows: ran.rows, time: Duration::from_millis(ran.ms) })
                }
                (Some(error), all) => *all = Err(error),
                (None, Err(_)) => {}
            }
        }
    }
    let median = |mut times: Vec<ModelTime>| {
        times.sort_by_key(|run| run.time);
        times[times.len() / 2]
    };
    Ok(runs.into_iter().map(|(model, times)| (model, times.map(median))).collect())
}

/// One line of the script.
#[derive(Deserialize)]
struct Ran {
    model: String,
    #[serde(default)]
    rows: u64,
    #[serde(default)]
    ms: u64,
    error: Option<String>,
}
