//! Where log files lie, and what the path of a data file means.

use percent_encoding::percent_decode_str;

/// The path of `_last_checkpoint`, relative to the table's root.
pub(crate) const HINT_PATH: &str = "_delta_log/_last_checkpoint";

/// The path of the commit of `version`, relative to the table's root.
pub fn commit_path(version: u64) -> String {
    format!("_delta_log/{version:020}.json")
}

/// The path of the single-file checkpoint of `version`, relative to the table's root.
pub fn checkpoint_path(version: u64) -> String {
    format!("_delta_log/{version:020}.checkpoint.parquet")
}

/// The path of the log compaction file over the commits from `first` to `last`, relative to the
/// table's root.
pub(crate) fn compacted_path(first: u64, last: u64) -> String {
    format!("_delta_log/{first:020}.{last:020}.compacted.json")
}

/// The path of the checksum of `version`, relative to the table's root.
pub(crate) fn checksum_path(version: u64) -> String {
    format!("_delta_log/{version:020}.crc")
}

/// The path of one part of a checkpoint in `n_parts` files, relative to the table's root. Parts
/// count from 1.
pub(crate) fn checkpoint_part_path(version: u64, part: u64, n_parts: u64) -> String {
    format!("_delta_log/{version:020}.checkpoint.{part:010}.{n_parts:010}.parquet")
}

/// The path of the v2 checkpoint of `version` that has the name at the end of `path`; `None` when
/// no such checkpoint has that name.
pub(crate) fn named_checkpoint_path(version: u64, path: &str) -> Option<String> {
    let name = file_name(path)?;
    let is_of_version = name.starts_with(&format!("{version:020}.checkpoint."));
    let is_known = name.ends_with(".json") || name.ends_with(".parquet");
    (is_of_version && is_known).then(|| format!("_delta_log/{name}"))
}

/// The path of a sidecar, relative to the table's root. The log may have it as a mere name or as a
/// URL; by the protocol a sidecar always lies in the table's own folder of sidecars, so the name at
/// the end says it all, also after the table was moved.
pub(crate) fn sidecar_path(path: &str) -> Option<String> {
    file_name(path).map(|name| format!("_delta_log/_sidecars/{name}"))
}

/// The name at the end of an encoded path.
fn file_name(path: &str) -> Option<String> {
    let name = path.rsplit('/').next()?;
    let name = percent_decode_str(name).decode_utf8().ok()?;
    let is_name = !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\']);
    is_name.then(|| name.into_owned())
}

/// Where a data file lies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FilePath {
    /// Relative to the table's root, percent-decoded: the name that a file system shows. A caller
    /// that makes a URL of it encodes each segment again. Has no `..` segment.
    Relative(String),
    /// A URL with a scheme, or a path that starts with `/`, as the log has it, still encoded.
    Absolute(String),
}

impl FilePath {
    /// Reads the `path` of an add or a remove.
    ///
    /// # Errors
    /// [`PathError`] when the path is empty, does not decode to UTF-8, or has a `..` segment.
    ///
    /// Source: Delta protocol, "Add File and Remove File": a URI by RFC 2396.
    pub fn parse(path: &str) -> Result<FilePath, PathError> {
        if path.is_empty() {
            return Err(PathError::Empty);
        }
        if path.starts_with('/') || has_scheme(path) {
            return Ok(FilePath::Absolute(path.to_owned()));
        }
        let decoded = percent_decode_str(path)
            .decode_utf8()
            .map_err(|_| PathError::NotUtf8 { path: path.to_owned() })?
            .into_owned();
        // A decoded `/` or `..` would name another file than its encoded form does.
        if decoded.starts_with('/') || decoded.split('/').any(|segment| segment == "..") {
            return Err(PathError::Outside { path: path.to_owned() });
        }
        Ok(FilePath::Relative(decoded))
    }

    /// The path's text, whichever of the two it is.
    pub fn as_str(&self) -> &str {
        match self {
            FilePath::Relative(path) | FilePath::Absolute(path) => path,
        }
    }
}

/// Whether `path` starts with a URI scheme and a colon.
fn has_scheme(path: &str) -> bool {
    path.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}

/// Why the path of a data file is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// No path at all.
    #[error("the path is empty")]
    Empty,
    /// The decoded bytes are not text.
    #[error("path `{path}` does not decode to UTF-8")]
    NotUtf8 {
        /// The path as the log has it.
        path: String,
    },
    /// The path climbs out of the table.
    #[error("path `{path}` leads out of the table")]
    Outside {
        /// The path as the log has it.
        path: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: Result<FilePath, &str>) {
        let expected = expected.map_err(str::to_owned);
        assert_eq!(FilePath::parse(path).map_err(|e| e.to_string()), expected, "{path}");
    }

    fn relative(path: &str) -> Result<FilePath, &'static str> {
        Ok(FilePath::Relative(path.to_owned()))
    }

    fn absolute(path: &str) -> Result<FilePath, &'static str> {
        Ok(FilePath::Absolute(path.to_owned()))
    }

    #[test]
    fn paths_of_data_files() {
        check("part-0.parquet", relative("part-0.parquet"));
        check("special%20p@%23h", relative("special p@#h"));
        check("day=2020-01-01 10%3A00%3A00/a", relative("day=2020-01-01 10:00:00/a"));
        check("t=10:00/a", relative("t=10:00/a"));
        check("p=%252F/a", relative("p=%2F/a"));
        check("100%/a", relative("100%/a"));
        check("s3://lake/t/a%20b.parquet", absolute("s3://lake/t/a%20b.parquet"));
        check("file:/t/a.parquet", absolute("file:/t/a.parquet"));
        check("/t/a.parquet", absolute("/t/a.parquet"));
        check("a..b/..c", relative("a..b/..c"));
        check("", Err("the path is empty"));
        check("a/../../b", Err("path `a/../../b` leads out of the table"));
        check("%2e%2E/b", Err("path `%2e%2E/b` leads out of the table"));
        check("%2Fetc", Err("path `%2Fetc` leads out of the table"));
        check("%ff", Err("path `%ff` does not decode to UTF-8"));
    }

    #[test]
    fn paths_of_log_files() {
        assert_eq!(commit_path(7), "_delta_log/00000000000000000007.json");
        assert_eq!(checkpoint_path(123_456), "_delta_log/00000000000000123456.checkpoint.parquet");
        assert_eq!(
            checkpoint_part_path(1, 2, 5),
            "_delta_log/00000000000000000001.checkpoint.0000000002.0000000005.parquet"
        );
        let check = |version, path: &str, expected: Option<&str>| {
            let expected = expected.map(|name| format!("_delta_log/{name}"));
            assert_eq!(named_checkpoint_path(version, path), expected, "{path}");
        };
        let name = "00000000000000000003.checkpoint.a-b.json";
        check(3, name, Some(name));
        check(3, &format!("s3://lake/t/_delta_log/{name}"), Some(name));
        check(4, name, None);
        check(3, "00000000000000000003.checkpoint.a-b.orc", None);
        let check = |path: &str, expected: Option<&str>| {
            let expected = expected.map(|name| format!("_delta_log/_sidecars/{name}"));
            assert_eq!(sidecar_path(path), expected, "{path}");
        };
        check("a.parquet", Some("a.parquet"));
        check("file:/t/_delta_log/_sidecars/a%20b.parquet", Some("a b.parquet"));
        check("", None);
        check("a/", None);
        check("%2e%2e", None);
        check("a%2Fb", None);
    }
}
