//! The page and the engine as the folder of files that the server embeds: `index.html`, what
//! `public/` holds, everything else hashed below `assets/`, each with its brotli beside it, and the
//! service worker that keeps them.

pub mod assets;
pub mod brotli;
mod html;
mod keeper;

use crate::cache;
use crate::child;
use crate::engine;
use crate::key::{KeyBuilder, Profile, read};
use crate::lockfile::Lockfile;
use crate::progress::{Stages, say};
use crate::setup::{self, PageTools};
use crate::workspace::Workspace;
use anyhow::{Context, bail};
use assets::{Assets, Source};
use std::path::{Path, PathBuf};
use std::process::Command;
use walkdir::WalkDir;

/// wasm-opt's level for the page's module.
const WASM_OPT_LEVEL: &str = "-Oz";

/// The tag that tells the page where the engine's worker is.
const ENGINE_META: &str = "lakefront-engine";

/// The page that this checkout builds, built or not.
pub struct Plan {
    engine_key: String,
    page_key: String,
    /// The folder that holds it once it is built.
    pub page_dir: PathBuf,
}

impl Plan {
    /// Computes the keys.
    ///
    /// # Errors
    /// When a source cannot be read.
    pub fn new(workspace: &Workspace) -> anyhow::Result<Plan> {
        let lockfile = Lockfile::parse(&read(&workspace.root.join("Cargo.lock"))?)?;
        let engine_key = engine::key(workspace, &lockfile)?;
        let mut key = KeyBuilder::new(workspace, "page");
        key.text("engine", &engine_key);
        key.package(&lockfile, "app", Profile::Wasm)?;
        key.text("wasm-bindgen-cli", lockfile.version_of("wasm-bindgen")?);
        for path in ["style", "public", "Trunk.toml", "xtask/src/page.rs", "xtask/src/page"] {
            key.path(path)?;
        }
        let page_key = key.finish();
        let page_dir = cache::place(workspace, "page", &page_key);
        Ok(Plan { engine_key, page_key, page_dir })
    }

    /// The key of page and engine together.
    pub fn key(&self) -> &str {
        &self.page_key
    }

    /// Whether there is nothing left to build.
    pub fn is_built(&self) -> bool {
        cache::has(&self.page_dir)
    }
}

/// `cargo xtask page`: set-up and page; returns the folder.
///
/// # Errors
/// When something cannot be installed or built.
pub fn build_alone(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let plan = Plan::new(workspace)?;
    if !plan.is_built() {
        let stages = Stages::new(2, &workspace.cache_dir);
        let tools = stages.run("tools", || setup::for_page(workspace))?;
        stages.run("page and engine", || build(workspace, &tools, &plan))?;
    }
    Ok(plan.page_dir)
}

/// Builds what is missing of `plan`.
///
/// # Errors
/// When something does not compile or a tool fails.
pub fn build(workspace: &Workspace, tools: &PageTools, plan: &Plan) -> anyhow::Result<()> {
    let engine_dir = engine::place(workspace, &plan.engine_key);
    if cache::has(&engine_dir) {
        say("engine: unchanged");
        let app = compile_app(workspace, tools)?;
        return assemble(workspace, plan, &app, &engine_dir);
    }
    let module = engine::compile(workspace, tools)?;
    // The optimisers work on one core each, so the page compiles meanwhile.
    let app = std::thread::scope(|scope| {
        let finishing = scope.spawn(|| engine::finish(workspace, tools, &module, &plan.engine_key));
        let app = compile_app(workspace, tools);
        match finishing.join() {
            Ok(finished) => finished?,
            Err(_) => bail!("the thread that finished the engine panicked"),
        }
        app
    })?;
    assemble(workspace, plan, &app, &engine_dir)
}

/// Runs cargo and Trunk; returns Trunk's folder, its module optimised.
fn compile_app(workspace: &Workspace, tools: &PageTools) -> anyhow::Result<PathBuf> {
    let mut cargo = workspace.cargo([
        "build",
        "--package=app",
        "--target=wasm32-unknown-unknown",
        "--profile=wasm",
    ]);
    tools.name_clang(&mut cargo);
    // Trunk would do the same; so its progress is seen, and Trunk needs no network.
    child::run("page", &mut cargo)?;
    let dist = workspace.staging("page-dist")?;
    let mut trunk = Command::new(&tools.trunk);
    workspace.prepare(&mut trunk);
    trunk
        .args(["build", "--offline", "--skip-version-check", "--filehash=false"])
        .args(["--cargo-profile=wasm", "--dist"])
        .arg(&dist)
        .env("PATH", path_with(tools)?)
        // Trunk takes a value of its own for it, and CI systems set it to others.
        .env_remove("NO_COLOR");
    tools.name_clang(&mut trunk);
    child::run("page", &mut trunk)?;
    for path in files_of(&dist)? {
        if path.ends_with(".wasm") {
            engine::optimise(tools, "page", WASM_OPT_LEVEL, &dist.join(path))?;
        }
    }
    Ok(dist)
}

/// PATH with the folder of our wasm-bindgen first, where Trunk looks for it.
fn path_with(tools: &PageTools) -> anyhow::Result<std::ffi::OsString> {
    let first = tools.wasm_bindgen.parent().context("wasm-bindgen lies in no folder")?;
    let rest = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths(
        std::iter::once(first.to_path_buf()).chain(std::env::split_paths(&rest)),
    )?)
}

/// Puts Trunk's output, the engine and `public/` together.
fn assemble(
    workspace: &Workspace,
    plan: &Plan,
    dist: &Path,
    engine_dir: &Path,
) -> anyhow::Result<()> {
    let made = workspace.staging("page")?;
    let assets_dir = made.join("assets");
    let mut assets = Assets::new(&assets_dir)?;
    let public = files_of(&workspace.root.join("public"))?;
    for path in &public {
        copy(&workspace.root.join("public").join(path), &made.join(path))?;
    }
    assets.add_snippets(dist)?;
    let (index, sheets) = html::join_styles(&read(&dist.join("index.html"))?)?;
    // Files that name others come after them.
    let mut files: Vec<String> = files_of(dist)?
        .into_iter()
        .filter(|path| path != "index.html" && !path.starts_with("snippets/"))
        .filter(|path| !public.contains(path) && !sheets.contains(path))
        .collect();
    let rank = |path: &str| match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js") => 2,
        Some("css") => 1,
        _ => 0,
    };
    files.sort_by_key(|path| rank(path));
    for path in &files {
        let file = path.rsplit('/').next().unwrap_or(path);
        assets.add(&Source::file(dist, path, &file.replace("_bg.wasm", ".wasm")))?;
    }

    let sheets: Vec<String> =
        sheets.iter().map(|name| read(&dist.join(name))).collect::<anyhow::Result<_>>()?;
    assets.add(&Source::text(html::STYLE, sheets.join("\n")))?;

    let document = html::take_scripts(&index)?;
    for (idx, script) in document.scripts.iter().enumerate() {
        let script = assets.rename_in_document(script);
        assets.add(&Source::text(&html::placeholder(idx), script))?;
    }
    let boot = read(&engine_dir.join(engine::BOOT_NAME))?;
    let index = assets.rename_in_document(&document.html);
    let index = html::set_meta(&index, ENGINE_META, &format!("/assets/{boot}"))?;
    html::check_nothing_inline(&index)?;
    std::fs::write(made.join("index.html"), index)?;
    for path in files_of(engine_dir)? {
        if path != engine::BOOT_NAME {
            copy(&engine_dir.join(&path), &assets_dir.join(&path))?;
        }
    }
    let (template, name) = keeper::SCRIPT;
    let script = keeper::script(&workspace.root.join(template), &made, &files_of(&made)?)?;
    std::fs::write(made.join(name), script)?;
    brotli::compress_folder("page", &made)?;
    cache::publish(workspace, &made, &plan.page_dir)
}

/// Paths of all files below `dir`, relative to it, sorted; none when there is no such folder.
fn files_of(dir: &Path) -> anyhow::Result<Vec<String>> {
    let mut paths = Vec::new();
    if !dir.exists() {
        return Ok(paths);
    }
    for entry in WalkDir::new(dir).sort_by_file_name() {
        let entry = entry?;
        if entry.file_type().is_file() {
            paths.push(entry.path().strip_prefix(dir)?.to_string_lossy().into_owned());
        }
    }
    Ok(paths)
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::copy(from, to)
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}
