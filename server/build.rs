//! Puts the page into the binary: lists the files of the folder that `LAKEFRONT_PAGE_DIR` names, or
//! none when it is not set.
//!
//! A file with a sibling `.br` is embedded as that sibling alone: the server can make the plain
//! file of it, and the largest of them is many times smaller so.

use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

const VARIABLE: &str = "LAKEFRONT_PAGE_DIR";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let mut table = String::from("pub(super) static ASSETS: &[super::Asset] = &[\n");
    if let Some(folder) = env::var_os(VARIABLE).filter(|folder| !folder.is_empty()) {
        let folder = PathBuf::from(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        if !folder.is_absolute() || !folder.join("index.html").is_file() {
            let folder = folder.display();
            return Err(format!(
                "{VARIABLE}={folder} is not the absolute path of a built page: it has no index.html"
            )
            .into());
        }
        let mut paths = BTreeSet::new();
        list(&folder, &mut paths)?;
        for path in &paths {
            if !paths.contains(&with_br(path)) {
                embed(&folder, path, &mut table)?;
            }
        }
    }
    table.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    fs::write(out.join("page_assets.rs"), table)?;
    Ok(())
}

/// Finds all files but hidden ones.
fn list(folder: &Path, paths: &mut BTreeSet<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")) {
            continue;
        }
        if path.is_dir() {
            list(&path, paths)?;
        } else {
            paths.insert(path);
        }
    }
    Ok(())
}

fn with_br(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".br");
    PathBuf::from(name)
}

/// Writes the entry of one file.
fn embed(folder: &Path, path: &Path, table: &mut String) -> Result<(), Box<dyn Error>> {
    let file = path.to_str().ok_or_else(|| format!("{} is not UTF-8", path.display()))?;
    let below = path.strip_prefix(folder)?.to_str().ok_or("the path is not UTF-8")?;
    let (below, encoding) = match below.strip_suffix(".br") {
        Some(plain) => (plain, "Brotli"),
        None => (below, "Identity"),
    };
    let mut sha256 = String::new();
    for byte in Sha256::digest(fs::read(path)?) {
        write!(sha256, "{byte:02x}")?;
    }
    writeln!(
        table,
        "super::Asset {{ path: {:?}, content_type: {:?}, encoding: super::Encoding::{encoding}, \
         bytes: include_bytes!({file:?}), sha256: {sha256:?} }},",
        format!("/{below}"),
        content_type(below),
    )?;
    Ok(())
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("ico") => "image/x-icon",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("webmanifest") => "application/manifest+json",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}
