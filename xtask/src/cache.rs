//! What is kept between runs and checkouts: a folder or file for each key, made whole or not at all.

use crate::workspace::Workspace;
use anyhow::Context;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How many of one kind are kept: enough for a few branches, few enough for the disk.
const N_KEPT: usize = 4;

/// Where the `kind` of that key is kept, such as `engine-0123456789abcdef`.
pub fn place(workspace: &Workspace, kind: &str, key: &str) -> PathBuf {
    workspace.cache_dir.join(format!("{kind}-{key}"))
}

/// Whether it is there; notes that it was used, so that [`publish`] keeps it.
pub fn has(place: &Path) -> bool {
    let is_there = place.exists();
    if is_there {
        note_use(place);
    }
    is_there
}

/// Moves `made`, a finished folder or file on the same disk, to `place`, and removes those of the same
/// kind that were not used for longest.
///
/// # Errors
/// When it cannot be moved.
pub fn publish(workspace: &Workspace, made: &Path, place: &Path) -> anyhow::Result<()> {
    if place.exists() {
        // Another run of ours was faster; equal keys mean equal content.
        return remove(made);
    }
    std::fs::rename(made, place)
        .with_context(|| format!("cannot move {} to {}", made.display(), place.display()))?;
    note_use(place);
    let kind = kind_of(place);
    let mut kept: Vec<(SystemTime, PathBuf)> = std::fs::read_dir(&workspace.cache_dir)?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| kind_of(path) == kind)
        .map(|path| (last_use(&path), path))
        .collect();
    kept.sort();
    let n_removed = kept.len().saturating_sub(N_KEPT);
    for (_, path) in kept.into_iter().take(n_removed) {
        remove(&path)?;
    }
    Ok(())
}

/// `engine` of `.../engine-0123456789abcdef`.
fn kind_of(place: &Path) -> Option<String> {
    let name = place.file_name()?.to_str()?;
    name.rsplit_once('-').map(|(kind, _)| kind.to_owned())
}

/// An empty file beside the places whose time is the last use. The place itself is not touched:
/// cargo watches the page's folder and would embed it anew.
fn mark_of(place: &Path) -> Option<PathBuf> {
    Some(place.parent()?.join("used").join(place.file_name()?))
}

/// That the time cannot be noted only makes the entry go earlier.
fn note_use(place: &Path) {
    if let Some(mark) = mark_of(place) {
        let _ = mark.parent().map(std::fs::create_dir_all);
        let _ = std::fs::write(mark, "");
    }
}

fn last_use(place: &Path) -> SystemTime {
    mark_of(place)
        .and_then(|mark| mark.metadata().ok()?.modified().ok())
        .unwrap_or(SystemTime::UNIX_EPOCH)
}

fn remove(path: &Path) -> anyhow::Result<()> {
    if let Some(mark) = mark_of(path) {
        let _ = std::fs::remove_file(mark);
    }
    let outcome =
        if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    outcome.with_context(|| format!("cannot remove {}", path.display()))
}
