//! wasm-opt, which makes modules smaller after linking.

use super::{apt, major, on_path, version_of};
use crate::child;
use crate::workspace::Workspace;
use anyhow::Context;
use std::path::PathBuf;
use std::process::Command;

/// The oldest version that reads what today's compiler writes. Debian's package may be older.
const OLDEST_MAJOR: u32 = 120;

/// The package of npm and its version: Binaryen compiled to wasm, so the same for every machine.
const NPM_PACKAGE: &str = "binaryen@132.0.0";

const NPM: apt::Package = apt::Package {
    what: "npm",
    why: "it brings a wasm-opt that is new enough; it is not used for anything else",
    debian: &["npm"],
    ubuntu: &["npm"],
    homebrew: "brew install binaryen",
};

/// Finds or installs wasm-opt.
///
/// # Errors
/// When none can be installed.
pub fn ensure(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let folder = workspace.tools_dir.join("binaryen");
    let installed = folder.join("node_modules/.bin/wasm-opt");
    // The installed one starts slowly, and its folder names its version.
    if installed.exists()
        && std::fs::read_to_string(folder.join("version")).is_ok_and(|v| v == NPM_PACKAGE)
    {
        return Ok(installed);
    }
    let is_new_enough = |path: &PathBuf| {
        version_of(path).and_then(|version| major(&version)).is_some_and(|n| n >= OLDEST_MAJOR)
    };
    if let Some(found) = on_path(&["wasm-opt"]).filter(is_new_enough) {
        return Ok(found);
    }
    if on_path(&["npm"]).is_none() {
        apt::install(&NPM)?;
    }
    super::announce(NPM_PACKAGE, "its wasm-opt makes the modules smaller");
    std::fs::create_dir_all(&folder)?;
    let mut command = Command::new("npm");
    command
        .args(["install", "--no-save", "--no-audit", "--no-fund", "--prefix"])
        .arg(&folder)
        .arg(NPM_PACKAGE);
    child::run("npm", &mut command).context("install Binaryen by hand, 120 or newer")?;
    version_of(&installed).context("the wasm-opt that was installed does not run")?;
    std::fs::write(folder.join("version"), NPM_PACKAGE)?;
    Ok(installed)
}
