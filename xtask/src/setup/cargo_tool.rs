//! Tools that come as crates: wasm-bindgen, Trunk, and the programs of a cluster. They go to our own folder, so that another
//! project's versions stay what they are.

use super::{announce, on_path, version_of};
use crate::child;
use crate::progress::say;
use crate::workspace::Workspace;
use anyhow::Context;
use std::path::PathBuf;

/// The newest stable Trunk that the toolchain of rust-toolchain.toml compiles.
const TRUNK_VERSION: &str = "0.21.14";

/// A tool to be built from its crate.
struct Tool<'a> {
    executable: &'a str,
    package: &'a str,
    version: &'a str,
    why: &'a str,
    /// Leaves out what is not used here. Without its default features Trunk does not look for updates.
    flags: &'a [&'a str],
    /// The tool runs for seconds on large modules, so it is worth some optimisation; or it only
    /// starts other programs.
    opt_level: &'a str,
}

/// The wasm-bindgen of exactly that version: the module and the tool agree on a private format.
///
/// # Errors
/// When it cannot be built.
pub fn wasm_bindgen(workspace: &Workspace, version: &str) -> anyhow::Result<PathBuf> {
    ensure(
        workspace,
        &Tool {
            executable: "wasm-bindgen",
            package: "wasm-bindgen-cli",
            version,
            why: "it makes the JavaScript beside a module, and must be of the version in Cargo.lock",
            flags: &["--bin=wasm-bindgen"],
            opt_level: "1",
        },
    )
}

/// Trunk, which builds the page.
///
/// # Errors
/// When it cannot be built.
pub fn trunk(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    ensure(
        workspace,
        &Tool {
            executable: "trunk",
            package: "trunk",
            version: TRUNK_VERSION,
            why: "it builds the page from app/index.html",
            flags: &["--no-default-features"],
            opt_level: "0",
        },
    )
}

/// `ballista-scheduler` or `ballista-executor`, of the version that the client in `cluster/` speaks to.
///
/// # Errors
/// When it cannot be built.
pub fn ballista(workspace: &Workspace, package: &str, version: &str) -> anyhow::Result<PathBuf> {
    let why = "lakes are built on a cluster and compared with those that are built here";
    let tool = Tool {
        executable: package,
        package,
        version,
        why,
        flags: &["--bin", package],
        opt_level: "0",
    };
    ensure(workspace, &tool)
}

fn ensure(workspace: &Workspace, tool: &Tool) -> anyhow::Result<PathBuf> {
    let installed = workspace.tools_bin().join(tool.executable);
    let is_right = |path: &PathBuf| version_of(path).is_some_and(|found| found == tool.version);
    if installed.is_file() && is_right(&installed) {
        return Ok(installed);
    }
    if let Some(found) = on_path(&[tool.executable]).filter(is_right) {
        return Ok(found);
    }
    announce(&format!("{} {}", tool.package, tool.version), tool.why);
    // The versions that the tool was released with are tried first; a registry may lack one of them,
    // and then newer ones do.
    let locked = child::run(tool.executable, &mut install(workspace, tool, &["--locked"]));
    if let Err(error) = locked {
        say(&format!("{error:#}; again, without the versions it was released with"));
        child::run(tool.executable, &mut install(workspace, tool, &[])).with_context(|| {
            format!("install it by hand: cargo install {} --version {}", tool.package, tool.version)
        })?;
    }
    Ok(installed)
}

fn install(workspace: &Workspace, tool: &Tool, more: &[&str]) -> std::process::Command {
    let opt_level = format!("profile.release.opt-level={}", tool.opt_level);
    let mut command =
        workspace.cargo(["install", tool.package, "--version", tool.version, "--force"]);
    command
        .args(tool.flags)
        .args(more)
        .arg("--root")
        .arg(&workspace.tools_dir)
        .args(["--config", "profile.release.lto=false"])
        .args(["--config", "profile.release.codegen-units=16"])
        .args(["--config", "profile.release.debug=false"])
        .args(["--config", &opt_level])
        // Its own build folder: it shares nothing with ours and is not needed afterwards.
        .env("CARGO_TARGET_DIR", workspace.target_dir.join("tools"));
    command
}
