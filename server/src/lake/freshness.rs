//! How long a browser may keep a file of the lake.

use super::path::LOG_FOLDER;
use axum::http::HeaderValue;
use std::path::Path;

/// Whether a file can still change under its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Freshness {
    /// Never: it is written once.
    Immutable,
    /// It can: ask each time whether it is still the same.
    Revalidate,
}

impl Freshness {
    /// The `Cache-Control` of that. Always `private`: the bytes belong to one session.
    pub(super) fn cache_control(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Freshness::Immutable => "private, max-age=31536000, immutable",
            Freshness::Revalidate => "private, no-cache",
        })
    }
}

/// Judges a file by its path below `root`, and by whether it lies in a Delta table.
///
/// A Delta table never writes a commit, a checkpoint, a data file or a deletion vector twice. A
/// plain Parquet file that belongs to no Delta table may be replaced at any time.
///
/// Source: Delta protocol, "Delta Table Specification".
pub(super) fn freshness(root: &Path, path: &Path) -> Freshness {
    let in_log = path.components().any(|component| component.as_os_str() == LOG_FOLDER);
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return Freshness::Revalidate;
    };
    let once = if in_log {
        is_log_entry(name) || (path.parent().is_some_and(|p| p.ends_with("_sidecars")))
    } else {
        (name.ends_with(".parquet") || name.ends_with(".bin")) && in_delta_table(root, path)
    };
    if once { Freshness::Immutable } else { Freshness::Revalidate }
}

/// Whether `name` is a commit or a checkpoint: a version of 20 digits, then `.json`,
/// `.checkpoint.parquet`, or a checkpoint's longer names.
fn is_log_entry(name: &str) -> bool {
    let Some((version, kind)) = name.split_once('.') else { return false };
    let is_version = version.len() == 20 && version.bytes().all(|byte| byte.is_ascii_digit());
    let is_checkpoint =
        kind.starts_with("checkpoint.") && (kind.ends_with(".parquet") || kind.ends_with(".json"));
    is_version && (kind == "json" || is_checkpoint)
}

fn in_delta_table(root: &Path, path: &Path) -> bool {
    path.ancestors().skip(1).any(|folder| root.join(folder).join(LOG_FOLDER).is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_written_once_is_immutable() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("gold/orders/_delta_log")).unwrap();
        let check = |path: &str, expected: Freshness| {
            assert_eq!(freshness(root.path(), Path::new(path)), expected, "{path}");
        };
        let log = "gold/orders/_delta_log";
        let v = "00000000000000000010";
        check(&format!("{log}/{v}.json"), Freshness::Immutable);
        check(&format!("{log}/{v}.checkpoint.parquet"), Freshness::Immutable);
        check(&format!("{log}/{v}.checkpoint.0000000001.0000000002.parquet"), Freshness::Immutable);
        check(&format!("{log}/{v}.checkpoint.4c3-b.json"), Freshness::Immutable);
        check(&format!("{log}/_sidecars/a.parquet"), Freshness::Immutable);
        check("gold/orders/part-0.parquet", Freshness::Immutable);
        check("gold/orders/day=2024-01-01/part-0.parquet", Freshness::Immutable);
        check("gold/orders/deletion_vector_4c3.bin", Freshness::Immutable);

        check(&format!("{log}/_last_checkpoint"), Freshness::Revalidate);
        check(&format!("{log}/{v}.crc"), Freshness::Revalidate);
        check(&format!("{log}/10.json"), Freshness::Revalidate);
        check(&format!("{log}/_commit_4c3.json.tmp"), Freshness::Revalidate);
        check(&format!("{log}/a.parquet"), Freshness::Revalidate);
        check("gold/plain.parquet", Freshness::Revalidate);
        check("plain.parquet", Freshness::Revalidate);
        check("gold/orders/readme.txt", Freshness::Revalidate);
        check("_lakefront/catalog.json", Freshness::Revalidate);
    }
}
