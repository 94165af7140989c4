//! Which crate names which, by cargo's own account.

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};
use std::collections::{BTreeMap, BTreeSet};

/// For each of our crates, those of ours that it may name: what design.md draws, and what lies below.
pub const MAY_NAME: [(&str, &[&str]); 13] = [
    ("catalog", &[]),
    ("delta_log", &[]),
    ("functions", &[]),
    ("query", &["catalog"]),
    ("protocol", &["catalog", "query"]),
    ("coordinator", &["catalog", "query", "protocol"]),
    ("chart", &["catalog", "query", "protocol"]),
    ("app", &["catalog", "query", "protocol", "coordinator", "chart"]),
    ("store", &["protocol"]),
    ("worker", &["catalog", "query", "protocol", "delta_log", "functions", "store"]),
    ("server", &["catalog", "query", "protocol", "delta_log"]),
    ("pipeline", &["catalog", "delta_log", "functions"]),
    ("cli", &["catalog", "query", "protocol", "delta_log", "server", "pipeline"]),
];

/// May name everything, and nobody may name them but for tests.
pub const OUTSIDE: [&str; 3] = ["lakefront-tests", "test_support", "xtask"];

/// The members, each with the names of everything of ours that its manifest names.
pub fn named_by_members() -> anyhow::Result<BTreeMap<String, BTreeSet<String>>> {
    let metadata = MetadataCommand::new()
        .manifest_path(crate::tidy::sources::root().join("Cargo.toml"))
        .no_deps()
        .exec()?;
    let members = metadata.workspace_packages();
    let ours: BTreeSet<&str> = members.iter().map(|package| package.name.as_str()).collect();
    Ok(members
        .iter()
        .map(|package| {
            let named = package
                .dependencies
                .iter()
                .filter(|dependency| {
                    dependency.kind != DependencyKind::Development
                        || dependency.name != "test_support"
                })
                .map(|dependency| dependency.name.clone())
                .filter(|name| ours.contains(name.as_str()))
                .collect();
            (package.name.to_string(), named)
        })
        .collect())
}

/// The folder of each member, relative to the checkout.
pub fn member_folders() -> anyhow::Result<BTreeMap<String, String>> {
    let root = crate::tidy::sources::root();
    let metadata =
        MetadataCommand::new().manifest_path(root.join("Cargo.toml")).no_deps().exec()?;
    let mut folders = BTreeMap::new();
    for package in metadata.workspace_packages() {
        let folder = package.manifest_path.parent().map(|path| path.as_std_path());
        if let Some(folder) = folder.and_then(|path| path.strip_prefix(&root).ok()) {
            folders.insert(package.name.to_string(), folder.to_string_lossy().into_owned());
        }
    }
    Ok(folders)
}

/// What cargo links into a build for the browser.
pub fn for_the_browser() -> anyhow::Result<Metadata> {
    Ok(MetadataCommand::new()
        .manifest_path(crate::tidy::sources::root().join("Cargo.toml"))
        .other_options(["--filter-platform".to_owned(), "wasm32-unknown-unknown".to_owned()])
        .exec()?)
}

/// Names of all packages that `root` is linked from, itself included.
pub fn reached(metadata: &Metadata, root: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut seen: BTreeSet<&PackageId> = BTreeSet::new();
    let Some(resolve) = &metadata.resolve else { return reached };
    let mut open: Vec<&PackageId> = metadata
        .workspace_packages()
        .iter()
        .filter(|package| package.name.as_str() == root)
        .map(|package| &package.id)
        .collect();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        reached
            .extend(metadata.packages.iter().filter(|p| &p.id == id).map(|p| p.name.to_string()));
        for node in resolve.nodes.iter().filter(|node| &node.id == id) {
            let linked = node
                .deps
                .iter()
                .filter(|dep| dep.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal));
            open.extend(linked.map(|dep| &dep.pkg));
        }
    }
    reached
}
