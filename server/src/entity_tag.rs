//! Entity tags, and the conditions of a request that compare them.
//!
//! Source: RFC 9110, sections 8.8.3 and 13.

use axum::http::header::{IF_MATCH, IF_NONE_MATCH, IF_RANGE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// A strong entity tag: two answers with one tag are the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntityTag(String);

impl EntityTag {
    /// The tag of that text, which holds no quotes.
    pub(crate) fn new(text: impl std::fmt::Display) -> EntityTag {
        EntityTag(format!("\"{text}\""))
    }

    pub(crate) fn to_header(&self) -> Option<HeaderValue> {
        HeaderValue::try_from(self.0.as_str()).ok()
    }

    /// Whether the client has this very version already (`If-None-Match`).
    pub(crate) fn is_held(&self, headers: &HeaderMap) -> bool {
        listed(headers, IF_NONE_MATCH)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.0)
    }

    /// Whether the client wants another version only (`If-Match`).
    pub(crate) fn is_unwanted(&self, headers: &HeaderMap) -> bool {
        headers.contains_key(IF_MATCH)
            && !listed(headers, IF_MATCH).any(|tag| tag == "*" || tag == self.0)
    }

    /// Whether a range may be answered with part of this version (`If-Range`). A date never
    /// allows it: a file can change twice in a second.
    pub(crate) fn allows_range(&self, headers: &HeaderMap) -> bool {
        headers.get(IF_RANGE).is_none_or(|value| value.as_bytes() == self.0.as_bytes())
    }
}

/// The tags in all lines of a header. Ours hold no commas, so splitting at them finds ours.
fn listed(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines: Vec<&str> =
        headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    lines.into_iter().flat_map(|line| line.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn conditions_compare_as_the_rfc_says() {
        let tag = EntityTag::new("a1");
        let held = |value: &str| tag.is_held(&headers(IF_NONE_MATCH, value));
        assert!(held("\"a1\"") && held("W/\"a1\"") && held("*") && held("\"b\", \"a1\""));
        assert!(!held("\"b\"") && !held("a1") && !tag.is_held(&HeaderMap::new()));

        let unwanted = |value: &str| tag.is_unwanted(&headers(IF_MATCH, value));
        assert!(!unwanted("\"a1\"") && !unwanted("*") && !unwanted("\"b\",\"a1\""));
        assert!(unwanted("\"b\"") && unwanted("W/\"a1\"") && !tag.is_unwanted(&HeaderMap::new()));

        let allows = |value: &str| tag.allows_range(&headers(IF_RANGE, value));
        assert!(allows("\"a1\"") && tag.allows_range(&HeaderMap::new()));
        assert!(
            !allows("\"b\"") && !allows("W/\"a1\"") && !allows("Mon, 01 Jan 2024 00:00:00 GMT")
        );
    }
}
