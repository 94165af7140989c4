//! The one path of a folder that every store understands.

use std::path::{Component, Path, PathBuf};

/// `dir` from the root of the file system and without `..`, which a store's path cannot have. As a
/// link may lead elsewhere, what `..` means is asked of the file system as far as `dir` exists.
pub(super) fn of(dir: &Path) -> std::io::Result<PathBuf> {
    let whole = std::path::absolute(dir)?;
    let mut path = PathBuf::new();
    for component in whole.components() {
        if component == Component::ParentDir {
            path = path.canonicalize().unwrap_or(path);
            path.pop();
        } else {
            path.push(component);
        }
    }
    Ok(path)
}
