//! The path of a request, as the path of a file below the lake's root.
//!
//! Decoded once, as a browser encoded it: the partition folder `day=2024-01-01` comes as it is, a
//! file that has `%20` in its name on disk comes as `%2520`.

use percent_encoding::percent_decode_str;
use std::path::{Component, Path, PathBuf};

/// The folder of a Delta table's log.
pub(super) const LOG_FOLDER: &str = "_delta_log";

/// Folders with a leading `_` that are served. By the lakes' convention such names are not part of
/// the table: what writers leave behind for themselves.
const OPEN_FOLDERS: [&str; 3] = [LOG_FOLDER, "_change_data", "_lakefront"];

/// Decodes what follows `/lake/` in a request's path; `None` for anything but the plain path of a
/// file that may be seen.
pub(super) fn decode(encoded: &str) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for segment in encoded.split('/') {
        path.push(decode_segment(segment)?);
    }
    is_visible(&path).then_some(path)
}

/// Whether a path below the lake's root names nothing hidden: no leading `.`, and a leading `_` in
/// the known folders, below them, and for partition columns (`_year=2024`) only.
pub(super) fn is_visible(path: &Path) -> bool {
    let mut in_open_folder = false;
    path.components().all(|component| {
        let Component::Normal(name) = component else { return false };
        let Some(name) = name.to_str() else { return false };
        in_open_folder |= OPEN_FOLDERS.contains(&name);
        let open = in_open_folder || !name.starts_with('_') || name.contains('=');
        open && !name.starts_with('.')
    })
}

fn decode_segment(encoded: &str) -> Option<String> {
    // The decoder leaves a broken escape as it is; a file of that name comes with `%25`.
    let mut rest = encoded.as_bytes();
    while let Some(place) = rest.iter().position(|byte| *byte == b'%') {
        let escape = rest.get(place + 1..place + 3)?;
        if !escape.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        rest = rest.get(place + 3..)?;
    }
    let segment = percent_decode_str(encoded).decode_utf8().ok()?;
    let refused = |char: char| matches!(char, '/' | '\\') || char.is_control();
    let plain = !segment.is_empty() && !segment.starts_with('.') && !segment.contains(refused);
    plain.then(|| segment.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_decoded_once() {
        let check = |encoded: &str, expected: &str| {
            assert_eq!(decode(encoded), Some(PathBuf::from(expected)), "{encoded}");
        };
        check("a.parquet", "a.parquet");
        check("gold/day=2024-01-01/a.parquet", "gold/day=2024-01-01/a.parquet");
        check("gold/day%3D2024/a.parquet", "gold/day=2024/a.parquet");
        check("a%20b/c+d", "a b/c+d");
        check("at=2024-01-01%252000%253A00/a", "at=2024-01-01%2000%3A00/a");
        check("caf%C3%A9/a..b", "café/a..b");
        check("gold/_delta_log/_last_checkpoint", "gold/_delta_log/_last_checkpoint");
        check("_lakefront/catalog.json", "_lakefront/catalog.json");
        check("_year=2024/a.parquet", "_year=2024/a.parquet");
    }

    #[test]
    fn anything_else_is_refused() {
        for encoded in [
            "",
            "/",
            "a/",
            "/a",
            "a//b",
            ".",
            "..",
            "../a",
            "a/../b",
            "a/..",
            "./a",
            "%2e%2e/a",
            "%2E%2e/a",
            "a%2fb",
            "a%2Fb",
            "..%2fa",
            "..%5ca",
            "a%5cb",
            "a\\b",
            "a%00",
            "a%0a",
            "a%7f",
            ".lakefront/users.json",
            "gold/.a.parquet.crc",
            "a/%2ehidden",
            "%zz",
            "a%2",
            "a%",
            "%ff",
            "%c0%ae%c0%ae/a",
            "_SUCCESS",
            "gold/_temporary/a.parquet",
            "_delta_log/.hidden",
            "..;/a",
            "...",
        ] {
            assert_eq!(decode(encoded), None, "{encoded}");
        }
    }
}
