//! `cargo xtask demo --check`: opens the demo in a headless browser and measures it.
//!
//! The measuring itself is the `page-check` binary of the tests package, where the browser's driver
//! is; here it is built and started.

use crate::arguments::DemoOptions;
use crate::binary;
use crate::child;
use crate::progress::{Stages, say};
use crate::setup;
use crate::workspace::Workspace;
use anyhow::{Context, bail};
use std::process::{Command, Stdio};

/// Builds what is missing, measures, and leaves one line of JSON on stdout.
///
/// # Errors
/// When something cannot be installed, built or started, or the page is not right.
pub fn run(workspace: &Workspace, options: &DemoOptions) -> anyhow::Result<()> {
    let stages = Stages::new(binary::N_STAGES + 3, &workspace.cache_dir);
    let browser = stages.run("browser", setup::for_browser)?;
    let built = binary::ensure(workspace, &stages)?;
    stages.run("the program that measures", || {
        let mut cargo = workspace.cargo(["build", "--workspace", "--bin=page-check"]);
        child::run("check", cargo.env(binary::PAGE_VARIABLE, &built.page_dir))
    })?;
    stages.run("the page in a browser, cold and warm", || {
        let mut command = Command::new(workspace.target_dir.join("debug/page-check"));
        command
            .args(["--scale", &options.scale.unwrap_or(1).to_string()])
            .args(&options.rest)
            .env("LAKEFRONT_BIN", &built.lakefront)
            .env(binary::PAGE_VARIABLE, &built.page_dir)
            .env("LAKEFRONT_CHROMIUM", &browser.chromium)
            .env("LAKEFRONT_CHROMEDRIVER", &browser.chromedriver)
            .stdin(Stdio::null());
        let status =
            command.status().with_context(|| format!("cannot start {}", child::shown(&command)))?;
        if !status.success() {
            bail!("{} ended with {status}", child::shown(&command));
        }
        Ok(())
    })?;
    say(&format!("times\n{}", stages.summary()));
    Ok(())
}
