//! clang, which compiles zstd's C for wasm32.

use super::apt;
use crate::child;
use anyhow::bail;
use std::path::PathBuf;
use std::process::Command;

const PACKAGE: apt::Package = apt::Package {
    what: "clang",
    why: "zstd is C, and only clang compiles it for wasm32",
    debian: &["clang", "llvm"],
    ubuntu: &["clang", "llvm"],
    homebrew: "brew install llvm",
};

/// What names the compiler to the build scripts of C libraries.
pub const VARIABLE: &str = "CC_wasm32_unknown_unknown";

/// Apple's own clang lacks wasm32; Homebrew's is not on PATH.
const ELSEWHERE: [&str; 2] = ["/opt/homebrew/opt/llvm/bin/clang", "/usr/local/opt/llvm/bin/clang"];

/// Finds or installs a clang that compiles for wasm32.
///
/// # Errors
/// When none can be installed.
pub fn ensure() -> anyhow::Result<PathBuf> {
    if let Some(clang) = find() {
        return Ok(clang);
    }
    apt::install(&PACKAGE)?;
    match find() {
        Some(clang) => Ok(clang),
        None => bail!("the clang that was installed does not compile for wasm32-unknown-unknown"),
    }
}

fn find() -> Option<PathBuf> {
    let named = std::env::var_os(VARIABLE).map(PathBuf::from);
    named
        .into_iter()
        .chain(super::on_path(&["clang"]))
        .chain(ELSEWHERE.iter().map(PathBuf::from))
        .find(|clang| {
            let mut command = Command::new(clang);
            command.args([
                "--target=wasm32-unknown-unknown",
                "-x",
                "c",
                "-c",
                "/dev/null",
                "-o",
                "-",
            ]);
            child::answer(&mut command).is_some()
        })
}
