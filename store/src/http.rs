//! A server or a bucket over HTTP, for the engine in a browser.
//!
//! Only GET, whole or with one `Range: bytes=a-b`, which needs no CORS preflight.

use crate::{ByteStore, FileFacts, Location, StoreError};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use gloo_net::http::{Request, Response};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use send_wrapper::SendWrapper;
use std::ops::Range;

/// What a path segment may not hold as it is; `/` separates segments.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
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

/// Reads files below one URL.
#[derive(Debug, Clone)]
pub struct PlatformStore {
    root_url: String,
}

impl PlatformStore {
    /// A store over the files below `root_url`, which ends in `/`.
    pub fn new(root_url: impl Into<String>) -> PlatformStore {
        PlatformStore { root_url: root_url.into() }
    }

    fn url(&self, location: &Location) -> String {
        if location.is_url() {
            location.as_str().to_owned()
        } else {
            format!("{}{}", self.root_url, utf8_percent_encode(location.as_str(), SEGMENT))
        }
    }
}

impl ByteStore for PlatformStore {
    fn get(&self, location: &Location) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        let (url, location) = (self.url(location), location.clone());
        SendWrapper::new(async move {
            let (response, _abort) = fetch(&location, &url, None).await?;
            match response.status() {
                200 => body(&location, &response).await,
                status => Err(refusal(&location, status)),
            }
        })
        .boxed()
    }

    fn get_range(
        &self,
        location: &Location,
        range: Range<u64>,
    ) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        let (url, location) = (self.url(location), location.clone());
        SendWrapper::new(async move {
            let (response, _abort) = fetch(&location, &url, Some(&range)).await?;
            let wrong = |reason: String| StoreError::WrongBytes {
                location: location.clone(),
                start: range.start,
                end: range.end,
                reason,
            };
            match response.status() {
                206 => {}
                // Returning drops the guard, which ends the download.
                200 => return Err(StoreError::NoRanges { location: location.clone() }),
                416 => return Err(wrong("the file is shorter than that (status 416)".to_owned())),
                status => return Err(refusal(&location, status)),
            }
            // A server of another origin may hide the header; the length is checked all the same.
            if let Some(header) = response.headers().get("content-range") {
                let expected = format!("bytes {}-{}/", range.start, range.end.saturating_sub(1));
                if !header.starts_with(&expected) {
                    return Err(wrong(format!("the server sent {header:?}")));
                }
            }
            let bytes = body(&location, &response).await?;
            let n_bytes = range.end.saturating_sub(range.start);
            if bytes.len() as u64 == n_bytes {
                Ok(bytes)
            } else {
                Err(wrong(format!("{} bytes came", bytes.len())))
            }
        })
        .boxed()
    }

    fn facts(&self, location: &Location) -> BoxFuture<'static, Result<FileFacts, StoreError>> {
        let (url, location) = (self.url(location), location.clone());
        SendWrapper::new(async move {
            let (response, _abort) = fetch(&location, &url, Some(&(0..1))).await?;
            match response.status() {
                206 => {}
                // Returning drops the guard, which ends the download.
                200 => return Err(StoreError::NoRanges { location: location.clone() }),
                status => return Err(refusal(&location, status)),
            }
            let size = response
                .headers()
                .get("content-range")
                .and_then(|header| header.rsplit_once('/').and_then(|(_, size)| size.parse().ok()));
            let Some(size_bytes) = size else {
                let reason = "the server hides Content-Range; let CORS expose it".to_owned();
                return Err(StoreError::Network { location, reason });
            };
            let modified_us = response
                .headers()
                .get("last-modified")
                .map(|header| js_sys::Date::parse(&header) * 1000.0)
                .filter(|us| us.is_finite())
                .map(|us| us as i64);
            Ok(FileFacts { size_bytes, modified_us })
        })
        .boxed()
    }
}

/// Ends the request when its future is dropped before the body has come; does nothing after.
struct AbortOnDrop(web_sys::AbortController);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn fetch(
    location: &Location,
    url: &str,
    range: Option<&Range<u64>>,
) -> Result<(Response, AbortOnDrop), StoreError> {
    let failed = |reason: String| StoreError::Network { location: location.clone(), reason };
    let abort = web_sys::AbortController::new()
        .map(AbortOnDrop)
        .map_err(|_| failed("this browser has no AbortController".to_owned()))?;
    let mut request = Request::get(url).abort_signal(Some(&abort.0.signal()));
    if let Some(range) = range {
        let last = range.end.saturating_sub(1);
        request = request.header("Range", &format!("bytes={}-{last}", range.start));
    }
    let response = request.send().await.map_err(|error| failed(format!("{error}")))?;
    Ok((response, abort))
}

async fn body(location: &Location, response: &Response) -> Result<Bytes, StoreError> {
    let bytes = response.binary().await.map_err(|error| StoreError::Network {
        location: location.clone(),
        reason: format!("the body broke off: {error}"),
    })?;
    Ok(Bytes::from(bytes))
}

fn refusal(location: &Location, status: u16) -> StoreError {
    let location = location.clone();
    match status {
        401 => StoreError::Unauthorized { location },
        403 => StoreError::Forbidden { location },
        404 | 410 => StoreError::Absent { location },
        _ => StoreError::Network { location, reason: format!("the server answered {status}") },
    }
}
