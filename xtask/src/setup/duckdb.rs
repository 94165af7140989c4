//! A Python that has DuckDB, in a folder of its own. Tests compare lakes with what DuckDB makes of the
//! same source files.

use super::{announce, apt, on_path};
use crate::child;
use crate::workspace::Workspace;
use anyhow::Context;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The package of PyPI and its version.
const PACKAGE: &str = "duckdb==2.0.0";

/// Python's own module for such folders is a package by itself on Debian.
const PYTHON: apt::Package = apt::Package {
    what: "Python with venv",
    why: "DuckDB comes as a Python package, and tests compare lakes with it",
    debian: &["python3", "python3-venv"],
    ubuntu: &["python3", "python3-venv"],
    homebrew: "brew install python",
};

/// Finds or makes the Python.
///
/// # Errors
/// When it cannot be made; names what to do by hand.
pub fn ensure(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let folder = workspace.cache_dir.join("duckdb");
    let python = folder.join("bin/python");
    let version = folder.join("version");
    // Starting Python to ask takes longer than reading what was installed last.
    if std::fs::read_to_string(&version).is_ok_and(|found| found == PACKAGE) && python.is_file() {
        return Ok(python);
    }
    announce(PACKAGE, "an independent engine checks the examples");
    std::fs::create_dir_all(&folder)?;
    if on_path(&["python3"]).is_none() || make(&folder).is_err() {
        apt::install(&PYTHON)?;
        make(&folder).context("python3 -m venv fails")?;
    }
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE]);
    child::run("pip", &mut pip).with_context(|| {
        format!("install it by hand: {} -m pip install {PACKAGE}", python.display())
    })?;
    std::fs::write(&version, PACKAGE)?;
    Ok(python)
}

fn make(folder: &Path) -> anyhow::Result<()> {
    child::run("venv", Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))
}
