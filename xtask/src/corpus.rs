//! `cargo xtask corpus`: reads every table and Parquet file below a folder.
//!
//! The reading itself is the `corpus` binary of the tests package, where the engine is; here it is
//! built and started.

use crate::arguments::{CorpusEngine, CorpusOptions};
use crate::binary::PAGE_VARIABLE;
use crate::child;
use crate::page;
use crate::progress::Stages;
use crate::setup;
use crate::workspace::Workspace;
use anyhow::Context;
use std::process::{Command, ExitCode, Stdio};

/// Builds what is missing and reads; the code is that of the reading: 1 when a table was read wrong,
/// killed the reader or took too long.
///
/// # Errors
/// When something cannot be built or started.
pub fn run(workspace: &Workspace, options: &CorpusOptions) -> anyhow::Result<ExitCode> {
    let stages = Stages::new(2, &workspace.cache_dir);
    stages.run("the program that reads", || {
        let mut cargo = workspace.cargo(["build", "--workspace", "--bin=corpus"]);
        child::run("corpus", &mut cargo)
    })?;
    let mut command = Command::new(workspace.target_dir.join("debug/corpus"));
    if options.engine == CorpusEngine::Browser {
        let browser = setup::for_browser()?;
        command
            .arg("--browser")
            .env(PAGE_VARIABLE, page::build_alone(workspace)?)
            .env("LAKEFRONT_CHROMIUM", &browser.chromium)
            .env("LAKEFRONT_CHROMEDRIVER", &browser.chromedriver);
    }
    stages.run("every table and file", || {
        let dir = options.dir.clone().unwrap_or_else(|| workspace.corpus_dir());
        command.arg("--json").arg(&options.json).arg("--dir").arg(dir);
        command.args(&options.rest).stdin(Stdio::null());
        let status =
            command.status().with_context(|| format!("cannot start {}", child::shown(&command)))?;
        Ok(match status.code() {
            Some(code) => ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)),
            None => ExitCode::FAILURE,
        })
    })
}
