//! Keys of what is built: a hash over everything that a build reads, so that equal content in another
//! checkout has the equal key and is not built again.

use crate::lockfile::{Closure, Lockfile};
use crate::workspace::Workspace;
use anyhow::Context;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use walkdir::WalkDir;

/// Folders below a crate that no build of the crate reads.
const NOT_BUILT: [&str; 4] = ["tests", "benches", "examples", "target"];

/// Which of the manifest's profiles a build uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// What runs in a browser.
    Wasm,
    /// What runs on this machine.
    Dev,
}

/// Collects what a build reads.
pub struct KeyBuilder<'a> {
    workspace: &'a Workspace,
    hash: Sha256,
}

impl<'a> KeyBuilder<'a> {
    /// A key of nothing but its kind, such as `engine`.
    pub fn new(workspace: &'a Workspace, kind: &str) -> KeyBuilder<'a> {
        let mut key = KeyBuilder { workspace, hash: Sha256::new() };
        key.text("kind", kind);
        key
    }

    /// Adds a named text, such as a version or another key.
    pub fn text(&mut self, name: &str, text: &str) {
        for part in [name, text] {
            // The length goes first, so that no two lists of parts give the same bytes.
            self.hash.update((part.len() as u64).to_le_bytes());
            self.hash.update(part.as_bytes());
        }
    }

    /// Adds a file, or every file below a folder, except those in [`NOT_BUILT`] folders. `path` is
    /// relative to the checkout; what is not there counts as empty.
    ///
    /// # Errors
    /// When something there cannot be read.
    pub fn path(&mut self, path: &str) -> anyhow::Result<()> {
        let full = self.workspace.root.join(path);
        if !full.exists() {
            self.text(path, "");
            return Ok(());
        }
        let entries = WalkDir::new(&full).sort_by_file_name().into_iter().filter_entry(|entry| {
            let is_skipped_folder = entry.depth() == 1
                && entry.file_type().is_dir()
                && entry.file_name().to_str().is_some_and(|name| NOT_BUILT.contains(&name));
            !is_skipped_folder
        });
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot list {}", full.display()))?;
            if entry.file_type().is_file() {
                let bytes = std::fs::read(entry.path())
                    .with_context(|| format!("cannot read {}", entry.path().display()))?;
                let relative = entry.path().strip_prefix(&self.workspace.root)?;
                self.text(&relative.to_string_lossy(), &hex(&Sha256::digest(&bytes)));
            }
        }
        Ok(())
    }

    /// Adds a package of this workspace with all that it is built from: the sources of our crates,
    /// the locked versions of the others, the manifest's profiles and the cargo configuration.
    ///
    /// # Errors
    /// When a manifest or source cannot be read, or the lock file is older than the manifests.
    pub fn package(
        &mut self,
        lockfile: &Lockfile,
        name: &str,
        profile: Profile,
    ) -> anyhow::Result<()> {
        let closure = lockfile.closure(name)?;
        for (id, block) in &closure.blocks {
            self.text(id, block);
        }
        let manifest = read(&self.workspace.root.join("Cargo.toml"))?;
        let folders = member_folders(&self.workspace.root, &manifest)?;
        for package in &closure.ours {
            let folder = folders
                .get(package)
                .with_context(|| format!("Cargo.toml: no member holds the package {package}"))?;
            self.path(folder)?;
        }
        self.text("Cargo.toml", &relevant_manifest(&manifest, &closure, profile));
        self.path(".cargo/config.toml")?;
        self.path("rust-toolchain.toml")
    }

    /// The key: 16 hexadecimal digits.
    pub fn finish(self) -> String {
        hex(&self.hash.finalize()).chars().take(16).collect()
    }
}

/// Lower-case hexadecimal digits of `bytes`.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The text of a file.
///
/// # Errors
/// When it cannot be read; names the file.
pub fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The folder of each member, by the name of its package.
fn member_folders(root: &Path, manifest: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let list = manifest
        .split_once("members = [")
        .and_then(|(_, rest)| rest.split_once(']'))
        .context("Cargo.toml: there is no list of members")?
        .0;
    let mut folders = BTreeMap::new();
    for folder in list.split(',').map(|word| word.trim().trim_matches('"')) {
        if folder.is_empty() {
            continue;
        }
        let member = read(&root.join(folder).join("Cargo.toml"))?;
        let name = member
            .lines()
            .find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
            .with_context(|| format!("{folder}/Cargo.toml: the package has no name"))?;
        folders.insert(name.to_owned(), folder.to_owned());
    }
    Ok(folders)
}

/// The workspace's manifest without what the packages of `closure` do not see: the list of members,
/// the lints, comments, the versions of other packages, the other profile.
fn relevant_manifest(manifest: &str, closure: &Closure, profile: Profile) -> String {
    let other = match profile {
        Profile::Wasm => "[profile.dev",
        Profile::Dev => "[profile.wasm",
    };
    let (mut section, mut keeps) = (String::new(), true);
    let mut text = String::new();
    for line in manifest.lines() {
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        if line.starts_with('[') {
            line.clone_into(&mut section);
            keeps = section != "[workspace]"
                && !section.starts_with("[workspace.lints")
                && !section.starts_with(other);
        } else if section == "[workspace.dependencies]" && !line.starts_with([' ', ']', '}']) {
            keeps = is_of(&closure.names, line);
        }
        if keeps {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

fn is_of(names: &BTreeSet<String>, line: &str) -> bool {
    line.split(['=', '.', ' ']).next().is_some_and(|name| names.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_package_sees_counts() {
        let manifest = "[workspace]\nmembers = [\n    \"a\",\n]\n\n# why\n[workspace.dependencies]\n\
            bytes = \"1\"\nrand = { version = \"1\", features = [\n    \"std\",\n] }\nserde = \"1\"\n\n\
            [workspace.lints.rust]\nx = 1\n\n[profile.wasm]\nlto = true\n\n[profile.dev.package.x]\nopt-level = 1\n";
        let closure = Closure {
            ours: BTreeSet::new(),
            blocks: BTreeMap::new(),
            names: ["bytes".to_owned(), "serde".to_owned()].into(),
        };
        assert_eq!(
            relevant_manifest(manifest, &closure, Profile::Wasm),
            "[workspace.dependencies]\nbytes = \"1\"\nserde = \"1\"\n[profile.wasm]\nlto = true\n"
        );
    }

    #[test]
    fn equal_content_elsewhere_has_the_equal_key() {
        let key_of = |file: &str, text: &str| {
            let root = std::env::temp_dir().join(format!(
                "lakefront-key-{}-{}",
                std::process::id(),
                file.replace('/', "-")
            ));
            let path = root.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            let workspace = Workspace {
                root: root.clone(),
                target_dir: root.clone(),
                cache_dir: root.clone(),
                tools_dir: root.clone(),
            };
            let mut key = KeyBuilder::new(&workspace, "x");
            key.path("crate").unwrap();
            let key = key.finish();
            std::fs::remove_dir_all(root).unwrap();
            key
        };
        let key = key_of("crate/src/lib.rs", "a");
        assert_eq!(key, key_of("crate/src/lib.rs", "a"));
        assert_ne!(key, key_of("crate/src/lib.rs", "b"));
        assert_ne!(key, key_of("crate/src/main.rs", "a"));
        assert_eq!(key_of("crate/tests/a.rs", "a"), key_of("crate/tests/a.rs", "b"));
    }
}
