//! Files that no version within the retention has are deleted: those that were removed before it began,
//! and those that were never committed because their writer was killed.
//!
//! A file that nobody ever named in the log may belong to a commit that another writer is about to make
//! (ours are kept away by the lock), so it stays until it is [`UNCOMMITTED`] old.

use super::history::History;
use super::{BoxedError, Files, file};
use crate::lake::{Clock, Root};
use chrono::{DateTime, TimeDelta, Utc};
use deltalake::DeltaTable;
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectMeta;
use object_store::path::Path as StorePath;
use std::collections::HashSet;
use std::path::Path;

/// How long a file that no commit names may still be committed.
const UNCOMMITTED: TimeDelta = TimeDelta::days(1);

/// How many commits are read at once.
const N_AT_ONCE: usize = 16;

/// Files that may be deleted.
#[derive(Debug, Default)]
pub(super) struct Waste {
    paths: Vec<StorePath>,
    pub(super) files: Files,
}

/// The data files that lie in the folder of `table`. To be listed before the log is read: so that a file
/// that is listed and committed is found in the log, too.
///
/// # Errors
/// When the folder cannot be listed.
pub(super) async fn list(table: &DeltaTable) -> Result<Vec<ObjectMeta>, BoxedError> {
    let store = table.log_store().object_store(None);
    let all: Vec<ObjectMeta> = store.list(None).try_collect().await?;
    Ok(all.into_iter().filter(|file| is_data_file(&file.location)).collect())
}

/// Those of `listed` that neither `table` nor any of its versions from `oldest` on has.
///
/// # Errors
/// When the log cannot be read, or lacks a commit after `oldest`.
pub(super) async fn find(
    table: &DeltaTable,
    listed: Vec<ObjectMeta>,
    history: &History,
    oldest: u64,
    clock: &Clock,
) -> Result<Waste, BoxedError> {
    let young = clock.now() - UNCOMMITTED;
    let named = named(table, history, oldest, young).await?;
    let mut waste = Waste::default();
    for file in listed {
        let is_settled = file.last_modified <= young || named.lately.contains(&file.location);
        if is_settled && !named.needed.contains(&file.location) {
            waste.files.add(file.size);
            waste.paths.push(file.location);
        }
    }
    Ok(waste)
}

/// What the log names.
#[derive(Debug, Default)]
struct NamedFiles {
    /// What a version from the oldest on has.
    needed: HashSet<StorePath>,
    /// What a young commit named: such a file is not one that is about to be committed.
    lately: HashSet<StorePath>,
}

async fn named(
    table: &DeltaTable,
    history: &History,
    oldest: u64,
    young: DateTime<Utc>,
) -> Result<NamedFiles, BoxedError> {
    let mut named = NamedFiles::default();
    for live in file::partitions(table.snapshot()?.snapshot())?.into_values().flatten() {
        insert(&mut named.needed, &live.add().path);
    }
    let last = table.version().unwrap_or_default();
    let n_after = history.commits().filter(|(version, _)| (oldest + 1..=last).contains(version));
    if n_after.count() as u64 != last.saturating_sub(oldest) {
        return Err(format!("its log lacks a commit between {oldest} and {last}").into());
    }
    let log_store = table.log_store();
    let read = history
        .commits()
        .filter(|(version, time)| *version <= last && (*version > oldest || *time >= young))
        .map(|(version, time)| {
            let log_store = log_store.clone();
            async move { (version, time, log_store.read_commit_entry(version).await) }
        });
    let mut commits = futures::stream::iter(read).buffered(N_AT_ONCE);
    while let Some((version, time, bytes)) = commits.next().await {
        let bytes = bytes?.ok_or_else(|| format!("commit {version} is gone from its log"))?;
        for action in delta_log::file_actions(version, &bytes)? {
            if version > oldest {
                insert(&mut named.needed, &action.path);
            }
            if time >= young {
                insert(&mut named.lately, &action.path);
            }
        }
    }
    Ok(named)
}

impl Waste {
    /// Deletes it.
    ///
    /// # Errors
    /// When a file cannot be deleted; those before it are.
    pub(super) async fn delete(self, table: &DeltaTable) -> Result<(), BoxedError> {
        let store = table.log_store().object_store(None);
        let paths = futures::stream::iter(self.paths).map(Ok).boxed();
        store.delete_stream(paths).try_for_each(|_| futures::future::ok(())).await?;
        Ok(())
    }
}

/// Paths are URL-encoded in the log; some writers encode less, so both readings are kept.
fn insert(paths: &mut HashSet<StorePath>, path: &str) {
    paths.extend(StorePath::from_url_path(path));
    paths.extend(StorePath::parse(path));
}

/// Parquet files, but not those of folders that Delta hides. Deletion vectors stay: they are small, and
/// their names in the log are of another kind.
fn is_data_file(path: &StorePath) -> bool {
    let is_hidden =
        |part: &str| part.starts_with(['_', '.']) && !part.contains('=') && part != "_change_data";
    path.extension() == Some("parquet") && !path.parts().any(|part| is_hidden(part.as_ref()))
}

/// Deletes what killed writers left of files that they had not finished, in a lake that is a folder. No
/// store lists these, so they would stay forever; that one cannot be deleted harms nothing.
///
/// On an object store the parts of an upload that was not finished are left to the bucket's own rules.
pub(super) fn sweep(root: &Root, clock: &Clock) {
    if let Some(dir) = root.local_dir() {
        sweep_folder(dir, clock.now() - UNCOMMITTED);
    }
}

fn sweep_folder(folder: &Path, young: DateTime<Utc>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.filter_map(Result::ok) {
        let (path, Ok(metadata)) = (entry.path(), entry.metadata()) else { continue };
        if metadata.is_dir() {
            sweep_folder(&path, young);
        } else if is_unfinished(&entry.file_name().to_string_lossy())
            && metadata.modified().is_ok_and(|time| DateTime::<Utc>::from(time) <= young)
        {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Whether object_store gave a file this name while it wrote it: `#` and a number behind its own.
fn is_unfinished(name: &str) -> bool {
    name.rsplit_once('#').is_some_and(|(_, number)| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_data_files_are_looked_at() {
        let check = |path: &str, expected| {
            assert_eq!(is_data_file(&StorePath::parse(path).unwrap()), expected, "{path}");
        };
        check("part-0.parquet", true);
        check("day=2024-01-01/part-0.parquet", true);
        check("_day=1/part-0.parquet", true);
        check("_change_data/part-0.parquet", true);
        check("_delta_log/00000000000000000010.checkpoint.parquet", false);
        check("_other/part-0.parquet", false);
        check(".hidden/part-0.parquet", false);
        check("_part-0.parquet", false);
        check("notes.txt", false);
        check("deletion_vector_1.bin", false);
    }

    #[test]
    fn what_is_half_written_is_swept_when_it_is_old() {
        let folder = tempfile::tempdir().unwrap();
        let old = std::time::SystemTime::now() - std::time::Duration::from_secs(2 * 24 * 60 * 60);
        std::fs::create_dir_all(folder.path().join("a/b")).unwrap();
        for name in ["a/b/x.parquet#1", "a/b/x.parquet#x", "a/b/x.parquet", "y#12", "z#1"] {
            let file = std::fs::File::create(folder.path().join(name)).unwrap();
            if name != "z#1" {
                file.set_modified(old).unwrap();
            }
        }
        sweep(&Root::folder(folder.path()).unwrap(), &Clock::system());
        let is_there = |name: &str| folder.path().join(name).exists();
        assert!(!is_there("a/b/x.parquet#1") && !is_there("y#12"));
        assert!(is_there("a/b/x.parquet#x") && is_there("a/b/x.parquet") && is_there("z#1"));
    }
}
