//! Azurite, a server that speaks the protocol of Azure's blobs on this machine. It is a package of npm,
//! which not everybody has.

use super::{announce, on_path};
use crate::child;
use crate::workspace::Workspace;
use anyhow::Context;
use std::path::PathBuf;
use std::process::Command;

/// Names the server to the tests.
pub const VARIABLE: &str = "LAKEFRONT_AZURITE";

const PACKAGE: &str = "azurite@3.35.0";

/// Finds or installs the server; `None` where there is no npm.
///
/// # Errors
/// When it cannot be installed; names what to do by hand.
pub fn ensure(workspace: &Workspace) -> anyhow::Result<Option<PathBuf>> {
    let folder = workspace.cache_dir.join("azurite");
    let server = folder.join("node_modules/.bin/azurite-blob");
    let version = folder.join("version");
    if std::fs::read_to_string(&version).is_ok_and(|found| found == PACKAGE) && server.is_file() {
        return Ok(Some(server));
    }
    if on_path(&["npm"]).is_none() || on_path(&["node"]).is_none() {
        return Ok(None);
    }
    announce(PACKAGE, "the tests write lakes to Azure");
    std::fs::create_dir_all(&folder)?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(&folder).arg(PACKAGE);
    child::run("npm", &mut npm).with_context(|| {
        format!("install it by hand: npm install --prefix {} {PACKAGE}", folder.display())
    })?;
    std::fs::write(&version, PACKAGE)?;
    Ok(Some(server))
}
