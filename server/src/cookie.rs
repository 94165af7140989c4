//! The session's cookie, read and written.

use crate::session::SessionId;
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

/// The cookie's name. The prefix makes a browser take it only from a secure page, for this host
/// and all its paths.
pub const COOKIE_NAME: &str = "__Host-lakefront";

/// The session's id that the request carries, if any.
pub(crate) fn session_id(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(';')).find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE_NAME).then_some(value)
    })
}

/// Has the browser keep the id until it closes; when the session ends is for the server to say.
pub(crate) fn keep(id: &SessionId) -> Option<HeaderValue> {
    let text = format!("{COOKIE_NAME}={}; HttpOnly; Secure; SameSite=Strict; Path=/", id.as_str());
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Has the browser drop the id.
pub(crate) fn drop() -> HeaderValue {
    HeaderValue::from_static(
        "__Host-lakefront=; HttpOnly; Secure; SameSite=Strict; Path=/; Max-Age=0",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_found_among_other_cookies() {
        let check = |lines: &[&str], expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(COOKIE, HeaderValue::from_str(line).unwrap());
            }
            assert_eq!(session_id(&headers), expected, "{lines:?}");
        };
        check(&[], None);
        check(&["__Host-lakefront=abc"], Some("abc"));
        check(&["a=1; __Host-lakefront=abc; b=2"], Some("abc"));
        check(&["a=1", "b=2;__Host-lakefront=abc"], Some("abc"));
        check(&["lakefront=abc; X__Host-lakefront=abc; __Host-lakefront"], None);
    }

    #[test]
    fn dropping_names_the_same_cookie() {
        assert!(drop().to_str().unwrap().starts_with(&format!("{COOKIE_NAME}=;")));
    }
}
