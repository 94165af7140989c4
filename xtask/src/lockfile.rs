//! Cargo.lock, read as far as keys and versions need it: which packages one package is built from.

use anyhow::{Context, bail};
use std::collections::{BTreeMap, BTreeSet};

/// The packages of a Cargo.lock.
pub struct Lockfile {
    packages: Vec<Package>,
}

/// One `[[package]]`.
struct Package {
    name: String,
    version: String,
    is_ours: bool,
    /// As written: a name, or a name and a version where the name alone is not enough.
    dependencies: Vec<String>,
    text: String,
}

/// What one package is built from.
pub struct Closure {
    /// Names of packages of this workspace.
    pub ours: BTreeSet<String>,
    /// Every package's block of the lock file, by name and version.
    pub blocks: BTreeMap<String, String>,
    /// Names of all packages.
    pub names: BTreeSet<String>,
}

impl Lockfile {
    /// Reads the text of a lock file as cargo writes it (version 3 or 4).
    ///
    /// # Errors
    /// When a package has no name or version.
    pub fn parse(text: &str) -> anyhow::Result<Lockfile> {
        let mut packages = Vec::new();
        for block in text.split("[[package]]").skip(1) {
            let field = |key: &str| {
                block.lines().find_map(|line| {
                    let value = line.strip_prefix(key)?.strip_prefix(" = \"")?;
                    Some(value.trim_end_matches('"').to_owned())
                })
            };
            let dependencies = match block.split_once("dependencies = [") {
                Some((_, rest)) => rest
                    .split(']')
                    .next()
                    .unwrap_or_default()
                    .lines()
                    .filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\","))
                    .map(str::to_owned)
                    .collect(),
                None => Vec::new(),
            };
            packages.push(Package {
                name: field("name").context("Cargo.lock: a package has no name")?,
                version: field("version").context("Cargo.lock: a package has no version")?,
                is_ours: field("source").is_none(),
                dependencies,
                text: block.trim().to_owned(),
            });
        }
        Ok(Lockfile { packages })
    }

    /// The version of `name`.
    ///
    /// # Errors
    /// When there is no such package, or more than one version of it.
    pub fn version_of(&self, name: &str) -> anyhow::Result<&str> {
        let mut versions = self.packages.iter().filter(|package| package.name == name);
        match (versions.next(), versions.next()) {
            (Some(package), None) => Ok(&package.version),
            (None, _) => bail!("Cargo.lock: there is no package {name}"),
            (Some(_), Some(_)) => bail!("Cargo.lock: there are several versions of {name}"),
        }
    }

    /// `root` and everything it is built from, for any platform, tests included.
    ///
    /// # Errors
    /// When a package is named that the file lacks: then it is older than the manifests.
    pub fn closure(&self, root: &str) -> anyhow::Result<Closure> {
        let mut closure =
            Closure { ours: BTreeSet::new(), blocks: BTreeMap::new(), names: BTreeSet::new() };
        let mut open = vec![root.to_owned()];
        while let Some(dependency) = open.pop() {
            let package = self.find(&dependency)?;
            let id = format!("{} {}", package.name, package.version);
            if closure.blocks.insert(id, package.text.clone()).is_none() {
                closure.names.insert(package.name.clone());
                if package.is_ours {
                    closure.ours.insert(package.name.clone());
                }
                open.extend(package.dependencies.iter().cloned());
            }
        }
        Ok(closure)
    }

    fn find(&self, dependency: &str) -> anyhow::Result<&Package> {
        let mut words = dependency.split(' ');
        let (name, version) = (words.next().unwrap_or_default(), words.next());
        self.packages
            .iter()
            .find(|package| {
                package.name == name && version.is_none_or(|version| package.version == version)
            })
            .with_context(|| format!("Cargo.lock: there is no package {dependency}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
version = 4

[[package]]
name = "app"
version = "0.1.0"
dependencies = [
 "bytes",
 "rand 0.9.1",
]

[[package]]
name = "bytes"
version = "1.2.3"
source = "registry+x"
checksum = "ab"

[[package]]
name = "rand"
version = "0.8.0"
source = "registry+x"

[[package]]
name = "rand"
version = "0.9.1"
source = "registry+x"
dependencies = [
 "bytes",
]

[[package]]
name = "worker"
version = "0.1.0"
"#;

    #[test]
    fn a_closure_holds_what_is_reached_and_no_more() {
        let lockfile = Lockfile::parse(LOCK).unwrap();
        let closure = lockfile.closure("app").unwrap();
        assert_eq!(
            closure.blocks.keys().collect::<Vec<_>>(),
            ["app 0.1.0", "bytes 1.2.3", "rand 0.9.1"]
        );
        assert_eq!(closure.ours.iter().collect::<Vec<_>>(), ["app"]);
        assert!(lockfile.closure("nothing").is_err());
    }

    #[test]
    fn a_version_is_unique_or_an_error() {
        let lockfile = Lockfile::parse(LOCK).unwrap();
        assert_eq!(lockfile.version_of("bytes").unwrap(), "1.2.3");
        assert!(lockfile.version_of("rand").is_err());
        assert!(lockfile.version_of("serde").is_err());
    }
}
