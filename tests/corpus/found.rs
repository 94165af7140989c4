//! What there is to read below a folder: Delta tables, found by their `_delta_log`, and Parquet files
//! of no table; in plain folders and in archives.

use super::archive::{self, Packing};
use super::oracle;
use super::record::Kind;
use protocol::At;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// The folder that holds the rows a table should have.
const EXPECTED: &str = "expected";

/// Something to read.
#[derive(Debug, Clone)]
pub struct Found {
    /// As in [`super::record::Record::path`].
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Where it lies on this machine: the table's folder, the file, or the archive.
    pub place: PathBuf,
    /// What its rows should be; empty when nobody says.
    pub expected: Vec<Expected>,
    /// Why it cannot be read at all, of an archive.
    pub problem: Option<String>,
}

/// The rows of one version.
#[derive(Debug, Clone)]
pub struct Expected {
    /// Of which version.
    pub at: At,
    /// The folder of the Parquet files that hold them.
    pub dir: PathBuf,
}

/// Everything below `dir`, in the order of the paths. Archives are unpacked below `unpacked`, an
/// empty folder.
pub fn find(dir: &Path, unpacked: &Path) -> Vec<Found> {
    let mut found = search(dir, "");
    let archives: Vec<(String, PathBuf, Packing)> = files_below(dir)
        .into_iter()
        .filter_map(|path| {
            let packing = Packing::of(&path.file_name()?.to_string_lossy())?;
            Some((relative(dir, &path), path, packing))
        })
        .collect();
    for (number, (name, path, packing)) in archives.into_iter().enumerate() {
        let into = unpacked.join(number.to_string());
        let outcome = fs::create_dir_all(&into)
            .map_err(anyhow::Error::from)
            .and_then(|()| archive::unpack(&path, packing, &into));
        found.extend(search(&into, &format!("{name}/")));
        if let Err(error) = outcome {
            found.push(Found {
                path: name,
                kind: Kind::Archive,
                place: path,
                expected: Vec::new(),
                problem: Some(format!("{error:#}")),
            });
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// What lies below `dir`, archives aside.
fn search(dir: &Path, prefix: &str) -> Vec<Found> {
    let tables = tables_below(dir);
    let delta = tables.iter().map(|place| Found {
        path: format!("{prefix}{}", relative(dir, place)),
        kind: Kind::Delta,
        place: place.clone(),
        expected: expected(place, &tables),
        problem: None,
    });
    let is_in_table = |path: &Path| path.ancestors().any(|folder| tables.contains(folder));
    let is_expected = |path: &Path| {
        path.strip_prefix(dir)
            .is_ok_and(|path| path.iter().any(|part| part == OsStr::new(EXPECTED)))
    };
    let files = files_below(dir);
    let parquet = files
        .iter()
        .filter(|path| !is_in_table(path) && !is_expected(path) && is_parquet(path))
        .map(|place| Found {
            path: format!("{prefix}{}", relative(dir, place)),
            kind: Kind::Parquet,
            place: place.clone(),
            expected: Vec::new(),
            problem: None,
        });
    delta.chain(parquet).collect()
}

/// The folders with a `_delta_log`, however deep, also inside of one another.
fn tables_below(dir: &Path) -> BTreeSet<PathBuf> {
    WalkDir::new(dir)
        .follow_links(true)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_dir() && entry.file_name() == "_delta_log")
        .filter_map(|entry| entry.path().parent().map(Path::to_owned))
        .collect()
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    WalkDir::new(dir)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| entry.path().to_owned())
        .collect()
}

/// `*.parquet` and `*.parq`, whatever they hold, and files with such an ending before another one
/// when they begin as Parquet does: encrypted ones are called `*.parquet.encrypted`.
fn is_parquet(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    if name.ends_with(".parquet") || name.ends_with(".parq") {
        return true;
    }
    if !name.contains(".parquet.") {
        return false;
    }
    let mut magic = [0; 4];
    let is_read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut magic)).is_ok();
    is_read && (&magic == b"PAR1" || &magic == b"PARE")
}

/// What lies in the folder `expected` beside a table: either its newest rows, or `latest` and `vN`
/// as the Delta acceptance tests have them.
fn expected(table: &Path, tables: &BTreeSet<PathBuf>) -> Vec<Expected> {
    let Some(parent) = table.parent() else { return Vec::new() };
    let dir = parent.join(EXPECTED);
    let is_named_delta = table.file_name() == Some(OsStr::new("delta"));
    // Beside several tables it would not be clear whose rows they are.
    let is_alone = tables.iter().filter(|other| other.parent() == Some(parent)).count() == 1;
    if !dir.is_dir() || tables.contains(&dir) || !(is_named_delta || is_alone) {
        return Vec::new();
    }
    let mut versions: Vec<(u64, PathBuf)> = fs::read_dir(&dir)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            Some((name.strip_prefix('v')?.parse().ok()?, entry.path()))
        })
        .filter(|(_, dir)| dir.is_dir())
        .collect();
    versions.sort_unstable();
    let latest = dir.join("latest");
    let newest = match (latest.is_dir(), versions.is_empty()) {
        (true, _) => Some(latest),
        (false, true) => Some(dir),
        (false, false) => None,
    };
    let newest = newest.map(|dir| Expected { at: At::Newest, dir });
    let versions =
        versions.into_iter().map(|(version, dir)| Expected { at: At::Version(version), dir });
    newest
        .into_iter()
        .chain(versions)
        .filter(|expected| !oracle::parquet_files(&expected.dir).is_empty())
        .collect()
}

fn relative(dir: &Path, path: &Path) -> String {
    let path = path.strip_prefix(dir).unwrap_or(path);
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_files_and_their_expected_rows_are_found() -> anyhow::Result<()> {
        let dir = tempfile::tempdir()?;
        for file in [
            "a/delta/_delta_log/0.json",
            "a/delta/part-0.parquet",
            "a/expected/part-0.parquet",
            "b/delta/_delta_log/0.json",
            "b/expected/latest/table_content/part-0.parquet",
            "b/expected/v3/table_content/part-0.parquet",
            "c/x/_delta_log/0.json",
            "c/y/_delta_log/0.json",
            "c/y/inner/_delta_log/0.json",
            "c/expected/part-0.parquet",
            "d/plain.PARQUET",
            "d/sealed.parquet.encrypted",
            "d/plain.parquet.crc",
            "d/notes.txt",
            "broken.tar.zst",
        ] {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap_or(dir.path()))?;
            // As an encrypted file begins, but for what is no Parquet file.
            fs::write(path, if file.ends_with(".crc") { "crc" } else { "PARE" })?;
        }
        fs::create_dir_all(dir.path().join("empty/_delta_log"))?;
        let unpacked = tempfile::tempdir()?;
        let found: Vec<(String, Kind, usize)> = find(dir.path(), unpacked.path())
            .into_iter()
            .map(|found| (found.path, found.kind, found.expected.len()))
            .collect();
        let expected = [
            ("a/delta", Kind::Delta, 1),
            ("b/delta", Kind::Delta, 2),
            ("broken.tar.zst", Kind::Archive, 0),
            ("c/x", Kind::Delta, 0),
            ("c/y", Kind::Delta, 0),
            ("c/y/inner", Kind::Delta, 0),
            ("d/plain.PARQUET", Kind::Parquet, 0),
            ("d/sealed.parquet.encrypted", Kind::Parquet, 0),
            ("empty", Kind::Delta, 0),
        ];
        let expected = expected.map(|(path, kind, n)| (path.to_owned(), kind, n));
        assert_eq!(found, expected);
        Ok(())
    }
}
