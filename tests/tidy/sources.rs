//! The files of the checkout, as the rules look at them.

use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// One file of text.
pub struct Source {
    /// Relative to the checkout, with `/`.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// A file made up by a test of a rule.
    pub fn of(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned() }
    }

    /// The last part of the path.
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether it is Rust.
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether it is a unit test module in a file of its own, or a part of one.
    fn is_test_module(&self) -> bool {
        let in_src = self.path.split_once("src/").map_or("", |(_, rest)| rest);
        self.file_name() == "tests.rs" || in_src.contains("tests/")
    }

    /// How long it is before its tests; a file of nothing but tests counts whole.
    pub fn n_lines(&self) -> usize {
        match self.is_test_module() {
            true => self.text.lines().count(),
            false => self.lines_before_tests().count(),
        }
    }

    /// Number (from 1) and text of the lines before `mod tests`; none of a test module.
    pub fn lines_before_tests(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines: Vec<&str> = self.text.lines().collect();
        let end = lines.iter().position(|line| line.trim_start().starts_with("mod tests")).map_or(
            lines.len(),
            |idx| {
                let is_marked = idx > 0 && lines[idx - 1].trim() == "#[cfg(test)]";
                if is_marked { idx - 1 } else { idx }
            },
        );
        let end = if self.is_test_module() { 0 } else { end };
        (1..).zip(lines).take(end)
    }

    /// `path:line: what`.
    pub fn finding(&self, line: usize, what: impl std::fmt::Display) -> String {
        format!("{}:{line}: {what}", self.path)
    }
}

/// The folder that holds the workspace's Cargo.toml.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Every file of text in the checkout but what builds and tests leave there, sorted by path.
pub fn all() -> Vec<Source> {
    let root = root();
    let is_ours = |name: &str| {
        !["target", "dist", "test-output", "node_modules"].contains(&name)
            && (!name.starts_with('.') || [".cargo", ".ci", ".gitignore"].contains(&name))
    };
    WalkDir::new(&root)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || entry.file_name().to_str().is_some_and(is_ours))
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .filter_map(|entry| {
            // What is not UTF-8 is an image or a table, not a text.
            let text = std::fs::read_to_string(entry.path()).ok()?;
            let path = entry.path().strip_prefix(&root).ok()?.to_string_lossy().replace('\\', "/");
            Some(Source { path, text })
        })
        .collect()
}

/// The text of one file; empty when it is not there.
pub fn text_of(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_default()
}
