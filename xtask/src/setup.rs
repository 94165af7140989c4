//! Installs what a command needs and the machine lacks, and says what and why. What is there is left
//! as it is, wherever it came from.

mod apt;
mod azurite;
mod browser;
mod cargo_tool;
mod clang;
mod duckdb;
mod mariadb;
mod moto;
mod python;
mod wasm_opt;

use crate::child;
use crate::lockfile::Lockfile;
use crate::progress::say;
use crate::workspace::Workspace;
use anyhow::Context;
use std::path::{Path, PathBuf};
use std::process::Command;

pub use browser::Browser;
pub use mariadb::VARIABLE as MARIADB_VARIABLE;

/// What builds the page and the engine.
#[derive(Debug, Clone)]
pub struct PageTools {
    /// The wasm-bindgen that fits Cargo.lock.
    pub wasm_bindgen: PathBuf,
    /// Trunk.
    pub trunk: PathBuf,
    /// Binaryen's optimiser.
    pub wasm_opt: PathBuf,
    /// A clang that compiles for wasm32.
    pub clang: PathBuf,
}

impl PageTools {
    /// Has `command`, a cargo or something that starts one, compile C for wasm32 with our clang.
    ///
    /// Where .cargo/config.toml finds it by itself, nothing is set: cargo would compile everything
    /// anew that was compiled with the variable unset.
    pub fn name_clang(&self, command: &mut Command) {
        if on_path(&["clang"]).as_ref() != Some(&self.clang) {
            command.env(clang::VARIABLE, &self.clang);
        }
    }
}

/// Installs all that any command needs.
///
/// # Errors
/// When something cannot be installed; names what to do by hand.
pub fn everything(workspace: &Workspace) -> anyhow::Result<()> {
    let tools = for_page(workspace)?;
    for tool in [&tools.wasm_bindgen, &tools.trunk, &tools.wasm_opt, &tools.clang] {
        say(&format!("have {}", tool.display()));
    }
    let browser = for_browser()?;
    for tool in [&browser.chromium, &browser.chromedriver, &for_databases()?] {
        say(&format!("have {}", tool.display()));
    }
    say(&format!("have {}", for_comparison(workspace)?.display()));
    say(&format!("have {}", for_comparison_of_tables(workspace)?.1.display()));
    for (_, server) in for_object_stores(workspace)? {
        say(&format!("have {}", server.display()));
    }
    Ok(())
}

/// Installs what builds the page and the engine.
///
/// # Errors
/// When something cannot be installed; names what to do by hand.
pub fn for_page(workspace: &Workspace) -> anyhow::Result<PageTools> {
    let lockfile = Lockfile::parse(&crate::key::read(&workspace.root.join("Cargo.lock"))?)?;
    wasm32_target()?;
    Ok(PageTools {
        clang: clang::ensure()?,
        wasm_bindgen: cargo_tool::wasm_bindgen(workspace, lockfile.version_of("wasm-bindgen")?)?,
        trunk: cargo_tool::trunk(workspace)?,
        wasm_opt: wasm_opt::ensure(workspace)?,
    })
}

/// Installs what tests in a browser need.
///
/// # Errors
/// When something cannot be installed; names what to do by hand.
pub fn for_browser() -> anyhow::Result<Browser> {
    browser::ensure()
}

/// Installs a Python with DuckDB, which tests compare lakes with.
///
/// # Errors
/// When something cannot be installed; names what to do by hand.
pub fn for_comparison(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    duckdb::ensure(workspace)
}

/// Installs a Python with a DuckDB that reads Delta: the variable that names it to the tests, and the Python.
///
/// # Errors
/// When something cannot be installed; names what to do by hand.
pub fn for_comparison_of_tables(workspace: &Workspace) -> anyhow::Result<(&'static str, PathBuf)> {
    Ok((duckdb::DELTA_VARIABLE, duckdb::ensure_with_delta(workspace)?))
}

/// Installs the database server that tests read from.
///
/// # Errors
/// When it cannot be installed; names what to do by hand.
pub fn for_databases() -> anyhow::Result<PathBuf> {
    mariadb::ensure()
}

/// Installs the servers of object stores that tests write lakes to: the variables that name them to the
/// tests, and the servers. Where there is no npm the one that comes by it is left out, and its test is
/// skipped.
///
/// # Errors
/// When one cannot be installed; names what to do by hand.
pub fn for_object_stores(workspace: &Workspace) -> anyhow::Result<Vec<(&'static str, PathBuf)>> {
    let mut servers = vec![(moto::VARIABLE, moto::ensure(workspace)?)];
    servers.extend(azurite::ensure(workspace)?.map(|server| (azurite::VARIABLE, server)));
    Ok(servers)
}

/// Installs the scheduler and the executor of a cluster: the variables that name them to the tests, and the programs.
///
/// # Errors
/// When one cannot be installed; names what to do by hand.
pub fn for_cluster(workspace: &Workspace) -> anyhow::Result<Vec<(&'static str, PathBuf)>> {
    let lockfile = workspace.root.join("cluster/Cargo.lock");
    let lockfile = Lockfile::parse(&crate::key::read(&lockfile)?)?;
    let version = lockfile.version_of("ballista")?;
    let program = |package| cargo_tool::ballista(workspace, package, version);
    Ok(vec![
        ("LAKEFRONT_BALLISTA_SCHEDULER", program("ballista-scheduler")?),
        ("LAKEFRONT_BALLISTA_EXECUTOR", program("ballista-executor")?),
    ])
}

/// rust-toolchain.toml names the target, but a toolchain that was there before it did may lack it.
fn wasm32_target() -> anyhow::Result<()> {
    let sysroot = child::answer(Command::new("rustc").args(["--print", "sysroot"]))
        .context("`rustc --print sysroot` fails; is Rust installed by rustup?")?;
    if Path::new(sysroot.trim()).join("lib/rustlib/wasm32-unknown-unknown/lib").is_dir() {
        return Ok(());
    }
    announce("the wasm32-unknown-unknown target", "page and engine run in the browser");
    child::run("rustup", Command::new("rustup").args(["target", "add", "wasm32-unknown-unknown"]))
        .context("add it by hand: rustup target add wasm32-unknown-unknown")
}

fn announce(what: &str, why: &str) {
    say(&format!("installing {what}: {why}"));
}

/// The first of `names` that is an executable in a folder of PATH.
fn on_path(names: &[&str]) -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_file())
}

/// The first number with dots in what `tool --version` prints, such as `0.2.130`.
fn version_of(tool: &Path) -> Option<String> {
    let text = child::answer(Command::new(tool).arg("--version"))?;
    first_version(&text)
}

fn first_version(text: &str) -> Option<String> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .map(|word| word.trim_matches('.'))
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .map(str::to_owned)
}

/// `156` of `156.0.8078.79`.
fn major(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_tools_print() {
        let check = |text: &str, version: Option<&str>| {
            assert_eq!(first_version(text).as_deref(), version, "{text}");
        };
        check("wasm-bindgen 0.2.130", Some("0.2.130"));
        check("wasm-opt version 132 (version_132)", Some("132"));
        check(
            "Chromium 156.0.8078.79 built on Debian GNU/Linux 12 (bookworm)",
            Some("156.0.8078.79"),
        );
        check("nothing", None);
        assert_eq!(major("156.0.8078.79"), Some(156));
    }
}
