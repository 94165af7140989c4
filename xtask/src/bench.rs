//! `cargo xtask bench reads`: what questions cost in bytes, requests and files. `cargo xtask bench build`:
//! what a build costs.
//!
//! The measuring itself is in the binaries `bench-reads` and `bench-build` of the tests package; here they and
//! what they need are built, and they are started. Their tables are kept between runs.

use crate::arguments::BenchOptions;
use crate::binary::{self, PAGE_VARIABLE};
use crate::child;
use crate::page;
use crate::progress::{Stages, say};
use crate::setup;
use crate::workspace::Workspace;
use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The newest DuckDB-wasm that carries Parquet in its npm package; newer ones fetch it from elsewhere.
const DUCKDB: &str = "@duckdb/duckdb-wasm@1.27.0";

/// Builds what is missing and measures.
///
/// # Errors
/// When something cannot be built or started, or a question fails.
pub fn reads(workspace: &Workspace, options: &BenchOptions) -> anyhow::Result<()> {
    let stages = Stages::new(4, &workspace.cache_dir);
    stages.run("the program that measures", || {
        let mut cargo = workspace.cargo(["build", "--workspace", "--bin=bench-reads"]);
        child::run("bench", &mut cargo)
    })?;
    let browser = stages.run("browser", setup::for_browser)?;
    let page_dir = stages.run("page and engine", || page::build_alone(workspace))?;
    let dir = workspace.cache_dir.join("bench");
    std::fs::create_dir_all(&dir)?;
    let mut command = Command::new(workspace.target_dir.join("debug/bench-reads"));
    command.arg("--browser").arg("--dir").arg(&dir).arg("--json").arg(&options.json);
    match duckdb(&dir) {
        Ok(npm_dir) => drop(command.arg("--duckdb").arg(npm_dir)),
        Err(error) => say(&format!("DuckDB-wasm is not measured: {error:#}")),
    }
    stages.run("questions", || {
        command
            .args(&options.rest)
            .env(PAGE_VARIABLE, &page_dir)
            .env("LAKEFRONT_CORPUS", workspace.corpus_dir())
            .env("LAKEFRONT_CHROMIUM", &browser.chromium)
            .env("LAKEFRONT_CHROMEDRIVER", &browser.chromedriver)
            .stdin(Stdio::null());
        start(&mut command)
    })
}

/// Builds what is missing and measures.
///
/// # Errors
/// When something cannot be built or started, or a build fails.
pub fn build(workspace: &Workspace, options: &BenchOptions) -> anyhow::Result<()> {
    let stages = Stages::new(binary::N_STAGES + 3, &workspace.cache_dir);
    let python = stages.run("DuckDB", || setup::for_comparison(workspace))?;
    let built = binary::ensure(workspace, &stages)?;
    stages.run("the program that measures", || {
        let mut cargo = workspace.cargo(["build", "--workspace", "--bin=bench-build"]);
        child::run("bench", cargo.env(PAGE_VARIABLE, &built.page_dir))
    })?;
    let dir = workspace.cache_dir.join("bench");
    std::fs::create_dir_all(&dir)?;
    stages.run("builds", || {
        let mut command = Command::new(workspace.target_dir.join("debug/bench-build"));
        command.arg("--dir").arg(&dir).arg("--json").arg(&options.json).args(&options.rest);
        command
            .env("LAKEFRONT_BIN", &built.lakefront)
            .env("LAKEFRONT_DUCKDB_PYTHON", &python)
            .stdin(Stdio::null());
        start(&mut command)
    })
}

fn start(command: &mut Command) -> anyhow::Result<()> {
    let status =
        command.status().with_context(|| format!("cannot start {}", child::shown(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", child::shown(command));
    }
    Ok(())
}

/// A folder with DuckDB-wasm in its `node_modules`.
fn duckdb(dir: &Path) -> anyhow::Result<PathBuf> {
    let npm_dir = dir.join("npm");
    if !npm_dir.join("node_modules/@duckdb/duckdb-wasm").is_dir() {
        std::fs::create_dir_all(&npm_dir)?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(&npm_dir).arg(DUCKDB);
        child::run("npm", &mut npm)?;
    }
    Ok(npm_dir)
}
