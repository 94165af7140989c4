//! `lakefront files`: lists the Parquet files of a folder beside them, since a browser cannot list.

use anyhow::{Context, ensure};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// The name of the list; the engine looks for it in a folder without a log.
const LIST_NAME: &str = "_files.json";

/// Writes `_files.json`, which makes a folder of Parquet files a table.
#[derive(clap::Args)]
pub struct Args {
    /// The folder; files below folders named `key=value` have that column.
    folder: PathBuf,
}

/// Writes the list.
///
/// # Errors
/// When the folder cannot be read, holds no Parquet file, or the list cannot be written.
pub fn run(args: Args) -> anyhow::Result<()> {
    let mut files = Vec::new();
    collect(&args.folder, "", &mut files)?;
    files.sort();
    ensure!(!files.is_empty(), "{} holds no .parquet file", args.folder.display());
    let listed: Vec<_> =
        files.iter().map(|(path, size)| json!({ "path": path, "size": size })).collect();
    let path = args.folder.join(LIST_NAME);
    // Renamed into place: a reader sees the old list or the new one.
    let fresh = args.folder.join(format!("{LIST_NAME}.tmp"));
    fs::write(&fresh, format!("{:#}\n", json!({ "files": listed })))
        .and_then(|()| fs::rename(&fresh, &path))
        .with_context(|| format!("{} cannot be written", path.display()))?;
    let size_bytes: u64 = files.iter().map(|(_, size)| size).sum();
    println!("{}: {} files, {size_bytes} bytes", path.display(), files.len());
    Ok(())
}

/// The Parquet files below `folder` with their sizes; hidden ones and those of writers that begin
/// with `_` are left out, as everywhere in this field.
fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, u64)>) -> anyhow::Result<()> {
    let unreadable = || format!("{} cannot be read", folder.display());
    for entry in fs::read_dir(folder).with_context(unreadable)? {
        let entry = entry.with_context(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(['.', '_']) {
            continue;
        }
        let facts = fs::metadata(entry.path()).with_context(unreadable)?;
        if facts.is_dir() {
            collect(&entry.path(), &format!("{prefix}{name}/"), files)?;
        } else if name.to_lowercase().ends_with(".parquet") {
            files.push((format!("{prefix}{name}"), facts.len()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parquet_files_are_listed_with_their_folders() {
        let folder = tempfile::tempdir().unwrap();
        for (path, bytes) in
            [("y=2024/a.parquet", "abc"), ("y=2025/b.PARQUET", "d"), ("_log/c.parquet", "e")]
        {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        fs::write(folder.path().join("notes.txt"), "f").unwrap();
        run(Args { folder: folder.path().to_owned() }).unwrap();
        let list = fs::read_to_string(folder.path().join(LIST_NAME)).unwrap();
        let list: serde_json::Value = serde_json::from_str(&list).unwrap();
        let expected = json!({ "files": [
            { "path": "y=2024/a.parquet", "size": 3 },
            { "path": "y=2025/b.PARQUET", "size": 1 },
        ] });
        assert_eq!(list, expected);

        let empty = tempfile::tempdir().unwrap();
        let refused = run(Args { folder: empty.path().to_owned() }).unwrap_err().to_string();
        assert!(refused.ends_with("holds no .parquet file"), "{refused}");
    }
}
