//! Python packages, each in a folder of its own, so that what the machine has stays as it is.

use super::{announce, apt, on_path};
use crate::child;
use crate::workspace::Workspace;
use anyhow::Context;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Python's own module for such folders is a package by itself on Debian.
const PYTHON: apt::Package = apt::Package {
    what: "Python with venv",
    why: "some of what the tests compare with comes as Python packages",
    debian: &["python3", "python3-venv"],
    ubuntu: &["python3", "python3-venv"],
    homebrew: "brew install python",
};

/// The folder of the executables of `packages`, which are of PyPI and have a version, in the folder `name`
/// of the cache.
///
/// # Errors
/// When they cannot be installed; names what to do by hand.
pub fn ensure(
    workspace: &Workspace,
    name: &str,
    packages: &[&str],
    why: &str,
) -> anyhow::Result<PathBuf> {
    let folder = workspace.cache_dir.join(name);
    let bin = folder.join("bin");
    let python = bin.join("python");
    let versions = folder.join("version");
    let wanted = packages.join(" ");
    // Starting Python to ask takes longer than reading what was installed last.
    if std::fs::read_to_string(&versions).is_ok_and(|found| found == wanted) && python.is_file() {
        return Ok(bin);
    }
    announce(&wanted, why);
    std::fs::create_dir_all(&folder)?;
    if on_path(&["python3"]).is_none() || make(&folder).is_err() {
        apt::install(&PYTHON)?;
        make(&folder).context("python3 -m venv fails")?;
    }
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(packages);
    child::run("pip", &mut pip).with_context(|| {
        format!("install it by hand: {} -m pip install {wanted}", python.display())
    })?;
    std::fs::write(&versions, wanted)?;
    Ok(bin)
}

fn make(folder: &Path) -> anyhow::Result<()> {
    child::run("venv", Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))
}
