//! Where things are: the checkout, the folder that cargo builds in, the folder of installed tools.

use anyhow::Context;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What `cargo run` sets for the program it starts, besides `CARGO_PKG_*`.
const CARGO_RUN_VARIABLES: [&str; 7] = [
    "CARGO",
    "CARGO_BIN_NAME",
    "CARGO_CRATE_NAME",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_MANIFEST_PATH",
    "CARGO_PRIMARY_PACKAGE",
];

/// The folders of one run.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// The checkout; holds the workspace's Cargo.toml.
    pub root: PathBuf,
    /// CARGO_TARGET_DIR of everything that this run starts.
    pub target_dir: PathBuf,
    /// What is kept between runs and checkouts: engines, pages, binaries, each under its key.
    pub cache_dir: PathBuf,
    /// Tools that set-up installed; executables are in `bin` below it.
    pub tools_dir: PathBuf,
}

impl Workspace {
    /// Finds the checkout that this program was built from, and the folders beside it.
    ///
    /// # Errors
    /// When there is no home folder and CARGO_TARGET_DIR is not set either.
    pub fn find() -> anyhow::Result<Workspace> {
        // cargo sets it when it runs this program; the compiled-in path serves a direct start.
        let manifest_dir = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest_dir.parent().context("xtask lies in no folder")?.to_path_buf();
        let target_dir = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(dir) if !dir.is_empty() => std::path::absolute(PathBuf::from(dir))?,
            _ => {
                let home = std::env::var_os("HOME")
                    .context("neither CARGO_TARGET_DIR nor HOME is set; set CARGO_TARGET_DIR")?;
                PathBuf::from(home).join(".cache/lakefront/target")
            }
        };
        let tools_dir = target_dir.parent().unwrap_or(&target_dir).join("tools");
        let cache_dir = target_dir.join("lakefront");
        std::fs::create_dir_all(&cache_dir)
            .with_context(|| format!("cannot create {}", cache_dir.display()))?;
        Ok(Workspace { root, target_dir, cache_dir, tools_dir })
    }

    /// A cargo command in the checkout, building into the shared folder.
    pub fn cargo<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new("cargo");
        command.args(args);
        self.prepare(&mut command);
        command
    }

    /// Has `command`, a cargo or something that starts one, work in the checkout and build into the
    /// shared folder.
    pub fn prepare(&self, command: &mut Command) {
        // cargo tells this program about its own package, and build scripts of others read and track
        // the same variables: with them left, everything above `ring` would be compiled anew for each
        // checkout, and again for a cargo that is started by hand.
        for (name, _) in std::env::vars_os() {
            let is_of_this_program = name.to_str().is_some_and(|name| {
                name.starts_with("CARGO_PKG_") || CARGO_RUN_VARIABLES.contains(&name)
            });
            if is_of_this_program {
                command.env_remove(name);
            }
        }
        command
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target_dir)
            .env("CARGO_TERM_PROGRESS_WHEN", "never");
    }

    /// The project that `demo` makes and keeps.
    pub fn demo_dir(&self) -> PathBuf {
        self.target_dir.parent().unwrap_or(&self.target_dir).join("demo")
    }

    /// Where set-up puts executables.
    pub fn tools_bin(&self) -> PathBuf {
        self.tools_dir.join("bin")
    }

    /// The corpus of real files that tests read: LAKEFRONT_CORPUS, or the folder beside the checkout.
    /// It need not exist.
    pub fn corpus_dir(&self) -> PathBuf {
        match std::env::var_os("LAKEFRONT_CORPUS") {
            Some(dir) => {
                std::path::absolute(self.root.join(&dir)).unwrap_or_else(|_| PathBuf::from(dir))
            }
            None => self.root.parent().unwrap_or(Path::new("/")).join("shared/corpus"),
        }
    }

    /// An empty folder for intermediate files, below the folder that cargo builds in.
    ///
    /// # Errors
    /// When it cannot be emptied or made.
    pub fn staging(&self, name: &str) -> anyhow::Result<PathBuf> {
        let dir = self.cache_dir.join("staging").join(name);
        if dir.exists() {
            std::fs::remove_dir_all(&dir)
                .with_context(|| format!("cannot empty {}", dir.display()))?;
        }
        std::fs::create_dir_all(&dir)
            .with_context(|| format!("cannot create {}", dir.display()))?;
        Ok(dir)
    }
}
