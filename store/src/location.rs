//! Which file: a path below a root or a URL, and which content of it.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::fmt;
use std::sync::Arc;

/// What a path in a URL may not hold as it is; `/` separates segments. A plus is a blank to S3.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'+')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A file: a path below the lake's root (`gold/sales/part-0.parquet`, not percent-encoded), or an
/// absolute URL, which may carry a signature as its query.
///
/// Shown without the query and without a user's name, so that no message tells a signature.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    path: String,
    identity: Option<Arc<str>>,
}

impl Location {
    /// The location of `path`, which may be an absolute URL.
    pub fn new(path: impl Into<String>) -> Location {
        Location { path: path.into(), identity: None }
    }

    /// The location of `path` below this one; `path` itself if it is an absolute URL. Below a URL
    /// the path is percent-encoded, and the query of the URL stays its query.
    pub fn join(&self, path: &str) -> Location {
        if is_url(path) {
            Location::new(path)
        } else if self.is_url() {
            Location::new(below(&self.path, path))
        } else {
            Location::new(format!("{}/{path}", self.path.trim_end_matches('/')))
        }
    }

    /// This file with the content that `identity` names, such as the size and the time of change
    /// that a log tells of it. Caches never answer for one identity with the bytes of another, and
    /// keep across visits only what has one. An empty identity is none.
    pub fn with_identity(self, identity: impl Into<Arc<str>>) -> Location {
        let identity = Some(identity.into()).filter(|identity: &Arc<str>| !identity.is_empty());
        Location { identity, ..self }
    }

    /// Which content of the file is meant, if that is known.
    pub fn identity(&self) -> Option<&str> {
        self.identity.as_deref()
    }

    /// The location as text, with a signature if it has one: not for messages.
    pub fn as_str(&self) -> &str {
        &self.path
    }

    /// Whether it is an absolute URL.
    pub fn is_url(&self) -> bool {
        is_url(&self.path)
    }

    /// Whether it is `folder` or lies below it, whatever their signatures.
    pub fn is_within(&self, folder: &Location) -> bool {
        let (place, folder) = (self.unsigned(), folder.unsigned());
        let folder = folder.trim_end_matches('/');
        let rest = place.strip_prefix(folder);
        rest.is_some_and(|rest| folder.is_empty() || rest.is_empty() || rest.starts_with('/'))
    }

    /// The text without query and user, which names the same file whatever its signature.
    pub fn unsigned(&self) -> String {
        unsigned(&self.path)
    }
}

/// The URL of the percent-encoded `path` below `root_url`, whose query it keeps.
pub(crate) fn below(root_url: &str, path: &str) -> String {
    let (base, query) = match root_url.split_once('?') {
        Some((base, query)) => (base, Some(query)),
        None => (root_url, None),
    };
    let mut url = format!(
        "{}/{}",
        base.trim_end_matches('/'),
        utf8_percent_encode(path.trim_start_matches('/'), SEGMENT)
    );
    if let Some(query) = query {
        url.push('?');
        url.push_str(query);
    }
    url
}

fn is_url(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+')
    })
}

fn unsigned(text: &str) -> String {
    if !is_url(text) {
        return text.to_owned();
    }
    let text = text.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (authority, path) = rest.split_once('/').map_or((rest, None), |(a, p)| (a, Some(p)));
    let host = authority.rsplit('@').next().unwrap_or_default();
    match path {
        Some(path) => format!("{scheme}://{host}/{path}"),
        None => format!("{scheme}://{host}"),
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.unsigned())
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({self}")?;
        if let Some(identity) = &self.identity {
            write!(f, " as {identity}")?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_joined_to_folders_and_urls() {
        let check = |base: &str, path: &str, expected: &str| {
            assert_eq!(Location::new(base).join(path).as_str(), expected);
        };
        check("gold/sales", "a b.parquet", "gold/sales/a b.parquet");
        check("gold/sales/", "_delta_log/0.json", "gold/sales/_delta_log/0.json");
        check("gold", "https://b.example/c%20d", "https://b.example/c%20d");
        check("https://b.example/t", "p=a%20b/c d", "https://b.example/t/p=a%2520b/c%20d");
        check("https://b.example/t/?sig=1&x", "c", "https://b.example/t/c?sig=1&x");
        check("https://b.example/t", "z=+02%3A00/c", "https://b.example/t/z=%2B02%253A00/c");
    }

    #[test]
    fn a_folder_is_not_its_namesake_with_a_longer_name() {
        let check = |place: &str, folder: &str, expected: bool| {
            let (place, folder) = (Location::new(place), Location::new(folder));
            assert_eq!(place.is_within(&folder), expected, "{place} {folder}");
        };
        check("gold/sales/a", "gold/sales", true);
        check("gold/sales/a", "gold/sales/", true);
        check("gold/sales", "gold/sales", true);
        check("gold/sales2/a", "gold/sales", false);
        check("gold/sale", "gold/sales", false);
        check("a", "", true);
        check("https://h/t/a?sig=1", "https://h/t?sig=2", true);
        check("https://h/t2/a", "https://h/t", false);
    }

    #[test]
    fn a_signature_is_never_shown() {
        let check = |text: &str, shown: &str| {
            let location = Location::new(text);
            assert_eq!(location.to_string(), shown);
            assert!(!format!("{location:?}").contains("secret"), "{location:?}");
        };
        check("https://b.example/c?sig=secret", "https://b.example/c");
        check("https://u:secret@b.example/c#secret", "https://b.example/c");
        check("https://b.example?secret", "https://b.example");
        check("gold/what?.parquet", "gold/what?.parquet");
    }

    #[test]
    fn an_identity_tells_contents_apart() {
        let plain = Location::new("a");
        assert_eq!(plain.clone().with_identity(""), plain);
        assert_ne!(plain.clone().with_identity("7"), plain);
        assert_ne!(plain.clone().with_identity("7"), plain.with_identity("8"));
    }
}
