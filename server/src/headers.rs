//! The headers that every response carries.
//!
//! Cross-origin isolation (COOP, COEP) is left out on purpose: the page needs none of it, and it
//! would keep dashboards out of other people's portals.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;

/// What a page of this server may load and do: its own files only, nothing inline.
///
/// It may also read from other servers over HTTPS, and from this machine over HTTP: a table can be
/// opened by its URL, wherever its bucket or CDN is, and which one is not known here. Such answers
/// are bytes to the engine, never code, style or frame, and no cookie of this server goes with the
/// question. Plain HTTP elsewhere stays shut: what comes over it may have been changed on the way.
pub(crate) const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
    style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self' \
    https: http://localhost:* http://127.0.0.1:*; worker-src 'self'; manifest-src 'self'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const PERMISSIONS: &str = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";

/// Adds the headers to `response`. Without a `Cache-Control` of its own it must not be kept at all.
pub(crate) async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(PERMISSIONS),
    );
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
