//! The engine: the worker crate compiled to wasm, optimised, hashed and compressed, ready to be
//! served below `/assets/`.

use crate::cache;
use crate::child;
use crate::key::{KeyBuilder, Profile};
use crate::lockfile::Lockfile;
use crate::page::assets::{Assets, Source};
use crate::page::brotli;
use crate::setup::PageTools;
use crate::workspace::Workspace;
use anyhow::Context;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How wasm-opt shrinks the engine, `None` to leave it as the linker made it: on a module of this size
/// wasm-opt works for longer than the linker, and `docs/measurements.md` has what it gains.
const WASM_OPT_LEVEL: Option<&str> = None;

/// What rustc and wasm-bindgen already use in a module, and so wasm-opt must understand.
pub const WASM_FEATURES: [&str; 8] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

/// The module that the page starts as a worker. It imports [`BINDGEN`].
const BOOT: &str = "worker/boot.js";

/// What wasm-bindgen calls its JavaScript; the module beside it is `engine-bindgen_bg.wasm`.
const BINDGEN: &str = "engine-bindgen";

/// The key of the engine that this checkout builds.
///
/// # Errors
/// When a source cannot be read.
pub fn key(workspace: &Workspace, lockfile: &Lockfile) -> anyhow::Result<String> {
    let mut key = KeyBuilder::new(workspace, "engine");
    key.package(lockfile, "worker", Profile::Wasm)?;
    key.text("wasm-bindgen-cli", lockfile.version_of("wasm-bindgen")?);
    for recipe in ["xtask/src/engine.rs", "xtask/src/page/assets.rs", "xtask/src/page/brotli.rs"] {
        key.path(recipe)?;
    }
    Ok(key.finish())
}

/// Where the engine of that key is, once it is built: files for `/assets/` and [`BOOT_NAME`].
pub fn place(workspace: &Workspace, key: &str) -> PathBuf {
    cache::place(workspace, "engine", key)
}

/// The file beside the assets that holds the boot module's name.
pub const BOOT_NAME: &str = "boot-name";

/// Compiles the worker to wasm; returns the module.
///
/// # Errors
/// When it does not compile.
pub fn compile(workspace: &Workspace, tools: &PageTools) -> anyhow::Result<PathBuf> {
    let target = "wasm32-unknown-unknown";
    let mut cargo = workspace.cargo(["build", "--package=worker", "--bin=engine"]);
    cargo.args(["--target", target, "--profile=wasm"]);
    tools.name_clang(&mut cargo);
    child::run("engine", &mut cargo)?;
    Ok(workspace.target_dir.join(target).join("wasm/engine.wasm"))
}

/// Turns a compiled module into the files of the engine and keeps them under `key`.
///
/// # Errors
/// When a tool fails or a file is not as expected.
pub fn finish(
    workspace: &Workspace,
    tools: &PageTools,
    module: &Path,
    key: &str,
) -> anyhow::Result<()> {
    let staging = workspace.staging("engine")?;
    let bindgen_dir = staging.join("bindgen");
    let mut bindgen = Command::new(&tools.wasm_bindgen);
    bindgen
        .args(["--target", "web", "--no-typescript", "--out-name", BINDGEN])
        .args(["--remove-name-section", "--remove-producers-section", "--out-dir"])
        .arg(&bindgen_dir)
        .arg(module);
    child::run("engine", &mut bindgen)?;
    let wasm = bindgen_dir.join(format!("{BINDGEN}_bg.wasm"));
    if let Some(level) = WASM_OPT_LEVEL {
        optimise(tools, "engine", level, &wasm)?;
    }
    std::fs::copy(workspace.root.join(BOOT), bindgen_dir.join("boot.js"))
        .with_context(|| format!("cannot copy {BOOT}"))?;

    let made = staging.join("made");
    let mut assets = Assets::new(&made)?;
    assets.add_snippets(&bindgen_dir)?;
    assets.add(&Source::file(&bindgen_dir, &format!("{BINDGEN}_bg.wasm"), "engine.wasm"))?;
    assets.add(&Source::file(&bindgen_dir, &format!("{BINDGEN}.js"), "engine-bindgen.js"))?;
    let boot = assets.add(&Source::file(&bindgen_dir, "boot.js", "engine.js"))?;
    brotli::compress_folder("engine", &made)?;
    std::fs::write(made.join(BOOT_NAME), boot)?;
    cache::publish(workspace, &made, &place(workspace, key))
}

/// Runs wasm-opt on `wasm` in its place.
///
/// # Errors
/// When it fails.
pub fn optimise(tools: &PageTools, label: &str, level: &str, wasm: &Path) -> anyhow::Result<()> {
    let optimised = wasm.with_extension("opt");
    let before_bytes = std::fs::metadata(wasm)?.len();
    let mut command = Command::new(&tools.wasm_opt);
    command.arg(level).args(WASM_FEATURES).arg("--strip-debug").arg(wasm).arg("-o").arg(&optimised);
    crate::progress::say(&format!("{label}: wasm-opt {level}"));
    child::run(label, &mut command)?;
    let after_bytes = std::fs::metadata(&optimised)?.len();
    crate::progress::say(&format!("{label}: {before_bytes} bytes became {after_bytes}"));
    std::fs::rename(&optimised, wasm)?;
    Ok(())
}
