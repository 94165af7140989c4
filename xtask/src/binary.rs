//! The `lakefront` binary with the page in it, kept under the key of everything that it is made of.
//!
//! Native builds always name the whole workspace: features are then the same for every command, and
//! DataFusion is compiled once for the demo and the tests together.

use crate::cache;
use crate::child;
use crate::key::{KeyBuilder, Profile, read};
use crate::lockfile::Lockfile;
use crate::page;
use crate::progress::{Stages, say};
use crate::setup;
use crate::workspace::Workspace;
use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names the folder of the page to the server's build script.
pub const PAGE_VARIABLE: &str = "LAKEFRONT_PAGE_DIR";

/// How many stages [`ensure`] has at most.
pub const N_STAGES: usize = 3;

/// A finished binary and page.
#[derive(Debug, Clone)]
pub struct Built {
    /// The executable.
    pub lakefront: PathBuf,
    /// The folder of the page that is in it.
    pub page_dir: PathBuf,
}

/// Builds whatever is missing of the page, the engine and the binary.
///
/// # Errors
/// When a tool cannot be installed or something does not compile.
pub fn ensure(workspace: &Workspace, stages: &Stages) -> anyhow::Result<Built> {
    let plan = page::Plan::new(workspace)?;
    let place = cache::place(workspace, "lakefront", &key(workspace, plan.key())?);
    if !plan.is_built() {
        let tools = stages.run("tools that build the page", || setup::for_page(workspace))?;
        stages.run("page and engine; beside them the native dependencies", || {
            std::thread::scope(|scope| {
                // Another profile and another target: the two cargos do not lock each other. The
                // page is not embedded here, so nothing of this waits for it.
                let native = scope.spawn(|| compile(workspace, None));
                let page = page::build(workspace, &tools, &plan);
                if let Err(error) = &page {
                    say(&format!("{error:#}; the native build is left to its end"));
                }
                match native.join() {
                    Ok(native) => page.and(native),
                    Err(_) => bail!("the thread of the native build panicked"),
                }
            })
        })?;
    }
    if !cache::has(&place) {
        stages.run("the lakefront binary", || finish(workspace, &plan.page_dir, &place))?;
    }
    Ok(Built { lakefront: place, page_dir: plan.page_dir })
}

fn key(workspace: &Workspace, page_key: &str) -> anyhow::Result<String> {
    let lockfile = Lockfile::parse(&read(&workspace.root.join("Cargo.lock"))?)?;
    let mut key = KeyBuilder::new(workspace, "lakefront");
    key.text("page", page_key);
    key.text("target", std::env::consts::ARCH);
    key.package(&lockfile, "cli", Profile::Dev)?;
    Ok(key.finish())
}

/// The binary for tests that need no page: with the page of `plan` in it where that is built, else without one.
///
/// # Errors
/// When it does not compile.
pub fn without_browser(workspace: &Workspace, plan: &page::Plan) -> anyhow::Result<PathBuf> {
    compile(workspace, plan.is_built().then_some(plan.page_dir.as_path()))?;
    let lakefront = workspace.staging("tested")?.join("lakefront");
    copy(workspace, &lakefront)?;
    Ok(lakefront)
}

fn compile(workspace: &Workspace, page_dir: Option<&Path>) -> anyhow::Result<()> {
    let mut cargo = workspace.cargo(["build", "--workspace", "--bin=lakefront"]);
    name_page(&mut cargo, page_dir);
    child::run("native", &mut cargo)
}

/// Has `cargo` put the page of that folder into the server, or none.
pub fn name_page(cargo: &mut Command, page_dir: Option<&Path>) {
    match page_dir {
        Some(page_dir) => cargo.env(PAGE_VARIABLE, page_dir),
        None => cargo.env_remove(PAGE_VARIABLE),
    };
}

fn finish(workspace: &Workspace, page_dir: &Path, place: &Path) -> anyhow::Result<()> {
    compile(workspace, Some(page_dir))?;
    let made = workspace.staging("binary")?.join("lakefront");
    copy(workspace, &made)?;
    cache::publish(workspace, &made, place)
}

/// A copy of the binary that cargo has just built: the next build of another checkout writes to the same path.
fn copy(workspace: &Workspace, to: &Path) -> anyhow::Result<()> {
    let built = workspace.target_dir.join("debug/lakefront");
    std::fs::copy(&built, to).with_context(|| format!("cannot copy {}", built.display()))?;
    Ok(())
}
