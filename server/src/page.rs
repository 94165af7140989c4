//! The page: files that the build put into the binary. They are code, not data, so they need no
//! session; the page asks for the log-in itself.

use crate::entity_tag::EntityTag;
use crate::refusal::Refusal;
use crate::router::App;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, LOCATION,
    VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures::stream;
use std::io::{self, Read};
use std::sync::Arc;

/// Decompressed bytes made at a time; little enough to be done between two tasks.
const CHUNK_BYTES: usize = 32 * 1024;
/// Where the hashed files are: another version of a file has another name.
const HASHED: &str = "/assets/";
const INDEX: &str = "/index.html";

/// How a file's bytes are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As they are.
    Identity,
    /// Compressed with brotli.
    Brotli,
}

/// One file of the page.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    /// Its path on the server, with the leading `/`.
    pub path: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// How `bytes` are stored.
    pub encoding: Encoding,
    /// The file.
    pub bytes: &'static [u8],
    /// The SHA-256 of `bytes`, in hexadecimal.
    pub sha256: &'static str,
}

/// The files of the page.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    assets: &'static [Asset],
}

mod embedded {
    //! The files that the build found.
    include!(concat!(env!("OUT_DIR"), "/page_assets.rs"));
}

impl Page {
    /// The page in this binary; empty when the binary was built without one.
    pub fn embedded() -> Page {
        Page { assets: embedded::ASSETS }
    }

    /// A page of these files.
    pub fn new(assets: &'static [Asset]) -> Page {
        Page { assets }
    }

    /// Whether there is something to show.
    pub fn is_empty(&self) -> bool {
        self.asset(INDEX).is_none()
    }

    fn asset(&self, path: &str) -> Option<&'static Asset> {
        self.assets.iter().find(|asset| asset.path == path)
    }
}

/// `GET /`.
pub(crate) async fn home() -> impl IntoResponse {
    (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, "/admin"), (CACHE_CONTROL, "no-cache")])
}

/// `GET /admin` and below: the page finds its own way from there.
pub(crate) async fn index(
    State(app): State<Arc<App>>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    match app.page.asset(INDEX) {
        Some(asset) => send(asset, &method, &headers),
        None => (
            StatusCode::SERVICE_UNAVAILABLE,
            "this binary was built without the page; build it with `cargo xtask demo`, or set \
             LAKEFRONT_PAGE_DIR to the folder of the built page and build again\n",
        )
            .into_response(),
    }
}

/// Every other path: a file of the page, or nothing.
pub(crate) async fn asset(
    State(app): State<Arc<App>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    match app.page.asset(uri.path()) {
        _ if !matches!(method, Method::GET | Method::HEAD) => {
            Refusal::method_not_allowed().into_response()
        }
        Some(asset) => send(asset, &method, &headers),
        None => Refusal::not_found(uri.path()).into_response(),
    }
}

fn send(asset: &'static Asset, method: &Method, headers: &HeaderMap) -> Response {
    let compressed = asset.encoding == Encoding::Brotli;
    let unpack = compressed && !accepts_brotli(headers);
    // Compressed and not are different bytes, so they have different tags.
    let tag = match (compressed, unpack) {
        (true, false) => EntityTag::new(format_args!("{}.br", asset.sha256)),
        _ => EntityTag::new(asset.sha256),
    };
    let mut answer = HeaderMap::new();
    answer.extend(tag.to_header().map(|value| (ETAG, value)));
    let cache_control = if asset.path.starts_with(HASHED) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    answer.insert(CACHE_CONTROL, HeaderValue::from_static(cache_control));
    if compressed {
        answer.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    if tag.is_held(headers) {
        return (StatusCode::NOT_MODIFIED, answer).into_response();
    }
    answer.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    if unpack {
        let body = if method == Method::HEAD { Body::empty() } else { unpacked(asset.bytes) };
        return (answer, body).into_response();
    }
    if compressed {
        answer.insert(CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    answer.insert(CONTENT_LENGTH, HeaderValue::from(asset.bytes.len()));
    (answer, Body::from(Bytes::from_static(asset.bytes))).into_response()
}

/// Decompresses as the client reads, so that a slow client costs neither memory nor a thread.
fn unpacked(bytes: &'static [u8]) -> Body {
    let decoder = brotli::Decompressor::new(bytes, CHUNK_BYTES);
    Body::from_stream(stream::try_unfold(decoder, |mut decoder| async move {
        let mut chunk = vec![0; CHUNK_BYTES];
        let n_bytes = decoder.read(&mut chunk)?;
        chunk.truncate(n_bytes);
        Ok::<_, io::Error>((n_bytes > 0).then(|| (Bytes::from(chunk), decoder)))
    }))
}

/// Whether the client takes brotli: it or `*` is named, and not with a weight of 0.
///
/// Source: RFC 9110, section 12.5.3.
fn accepts_brotli(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut any = false;
    for coding in lines.flat_map(|line| line.split(',')) {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
        let taken = weight.is_ok_and(|weight| weight > 0.0);
        match name.trim() {
            name if name.eq_ignore_ascii_case("br") => return taken,
            "*" => any = taken,
            _ => {}
        }
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brotli_is_sent_to_those_who_take_it() {
        let check = |value: &str, expected: bool| {
            let value = HeaderValue::from_str(value).unwrap();
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, value)]);
            assert_eq!(accepts_brotli(&headers), expected, "{headers:?}");
        };
        check("br", true);
        check("gzip, deflate, br, zstd", true);
        check("gzip, BR;q=0.5", true);
        check("*", true);
        check("gzip", false);
        check("", false);
        check("br;q=0", false);
        check("br;q=0, *", false);
        check("*;q=0", false);
        check("brotli", false);
        assert!(!accepts_brotli(&HeaderMap::new()));
    }

    #[test]
    fn the_embedded_page_is_whole_or_not_there() {
        let page = Page::embedded();
        assert_eq!(page.is_empty(), page.assets.is_empty());
        assert!(page.assets.iter().all(|asset| asset.path.starts_with('/')));
    }
}
