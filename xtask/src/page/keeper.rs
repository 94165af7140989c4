//! The service worker: the script of the page's sources with the list of all files of this page.

use crate::key::{hex, read};
use anyhow::Context;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::path::Path;

/// The script in the sources, and what the server calls it.
pub const SCRIPT: (&str, &str) = ("app/service-worker.js", "service-worker.js");

/// Of the page's files, those that no page loads.
const UNUSED: [&str; 3] = [".br", ".txt", ".map"];

/// The script of `template` for the page in `dir`, whose files lie at `paths` below it. Another file,
/// or another content, makes another script, by which browsers notice a new version.
///
/// # Errors
/// When a file cannot be read.
pub fn script(template: &Path, dir: &Path, paths: &[String]) -> anyhow::Result<String> {
    let used = |path: &&String| !UNUSED.iter().any(|end| path.ends_with(end));
    let (mut list, mut hash) = (String::new(), Sha256::new());
    for path in paths.iter().filter(used) {
        let bytes = std::fs::read(dir.join(path)).with_context(|| format!("cannot read {path}"))?;
        hash.update(format!("{path}\n{}\n", hex(&Sha256::digest(&bytes))));
        // Writing to a String cannot fail.
        let _ = writeln!(list, "    {:?},", format!("/{path}"));
    }
    let version: String = hex(&hash.finalize()).chars().take(16).collect();
    let template = read(template)?;
    Ok(format!(
        "const PAGE = {{\n  version: {version:?},\n  files: [\n{list}  ],\n}};\n\n{template}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_names_every_file_that_is_loaded() {
        let dir = std::env::temp_dir().join(format!("lakefront-keeper-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("assets")).unwrap();
        let write = |path: &str, text: &str| std::fs::write(dir.join(path), text).unwrap();
        write("index.html", "<html>");
        write("index.html.br", "?");
        write("assets/app-1.js", "let a;");
        write("template.js", "// as it is\n");
        let make = || {
            let paths = ["assets/app-1.js", "index.html", "index.html.br"].map(str::to_owned);
            script(&dir.join("template.js"), &dir, &paths).unwrap()
        };
        let first = make();
        assert!(first.starts_with("const PAGE = {\n  version: \""), "{first}");
        let list = "  files: [\n    \"/assets/app-1.js\",\n    \"/index.html\",\n  ],\n};\n\n// as it is\n";
        assert!(first.ends_with(list), "{first}");
        assert_eq!(make(), first);
        write("index.html", "<html lang=en>");
        assert_ne!(make(), first);
        std::fs::remove_dir_all(dir).unwrap();
    }
}
