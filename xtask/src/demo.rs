//! `cargo xtask demo`: builds what is missing and hands over to `lakefront demo`.

use crate::arguments::DemoOptions;
use crate::binary;
use crate::child::shown;
use crate::progress::{Stages, say};
use crate::workspace::Workspace;
use anyhow::Context;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Builds and serves; returns only when serving cannot begin.
///
/// # Errors
/// When something cannot be installed, built or started.
pub fn run(workspace: &Workspace, options: &DemoOptions) -> anyhow::Result<()> {
    let stages = Stages::new(binary::N_STAGES, &workspace.cache_dir);
    let built = binary::ensure(workspace, &stages)?;
    let mut command = Command::new(&built.lakefront);
    command.arg("demo");
    if !options.rest.iter().any(|word| word.starts_with("--dir")) {
        command.arg("--dir").arg(workspace.demo_dir());
    }
    if let Some(scale) = options.scale {
        command.args(["--scale", &scale.to_string()]);
    }
    if let Some(port) = options.port {
        command.args(["--port", &port.to_string()]);
    }
    command.args(&options.rest);
    say(&format!("starting {}", shown(&command)));
    // The server takes this process over, so that Ctrl-C reaches it and it stops gracefully.
    Err(command.exec()).with_context(|| format!("cannot start {}", shown(&command)))
}
