//! Files of the lake, as bytes, for those who are logged in.
//!
//! `Vary: Cookie` goes with every file, also with those that a browser may keep for a year: after a
//! log-out, or for someone else at the same browser, the cookie is another one, so the browser has
//! to ask again and gets 401, or 304 without the bytes. Within one session nothing is asked twice.
//!
//! There are no listings, and what is hidden, lies outside or is no file is simply not there.

mod freshness;
mod path;
mod range;

use crate::entity_tag::EntityTag;
use crate::login::authenticate;
use crate::refusal::Refusal;
use crate::router::{App, ConfigError};
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED,
    RANGE, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use freshness::{Freshness, freshness};
use protocol::{CATALOG_PATH, ErrorCode, LAKE_PREFIX};
use range::Asked;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

/// Bytes read from the disk at a time.
const CHUNK_BYTES: usize = 128 * 1024;

/// The folder that is served.
pub(crate) struct Lake {
    /// Without links in it.
    root: PathBuf,
}

/// A file that may be served, open.
struct Found {
    file: File,
    metadata: Metadata,
    freshness: Freshness,
    content_type: &'static str,
}

impl Lake {
    /// # Errors
    /// [`ConfigError`] when the folder is not there or has no catalog.
    pub(crate) fn open(root: &Path) -> Result<Lake, ConfigError> {
        let no_lake = |source| ConfigError::NoLake { path: root.to_path_buf(), source };
        let root = root.canonicalize().map_err(no_lake)?;
        if !root.is_dir() {
            return Err(no_lake(ErrorKind::NotADirectory.into()));
        }
        let catalog = root.join(CATALOG_PATH);
        if !catalog.is_file() {
            return Err(ConfigError::NoCatalog { path: catalog });
        }
        Ok(Lake { root })
    }
}

/// `GET /lake/...`.
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let mut response = answer(&app, &method, &uri, &headers).await.into_response();
    response.headers_mut().insert(VARY, HeaderValue::from_static("Cookie"));
    response
}

async fn answer(
    app: &App,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    // Before anything else, so that nobody learns from outside which files there are.
    authenticate(app, headers).await?;
    let not_found = || Refusal::not_found(uri.path());
    let encoded = uri.path().strip_prefix(LAKE_PREFIX).ok_or_else(not_found)?;
    let path = path::decode(encoded).ok_or_else(not_found)?;
    let root = app.lake.root.clone();
    let found = tokio::task::spawn_blocking(move || find(&root, &path)).await;
    let found = found.map_err(Refusal::internal)?.map_err(Refusal::internal)?;
    respond(found.ok_or_else(not_found)?, method, headers).await
}

/// Opens the file at `path` below `root`; `None` when nothing that may be served is there.
fn find(root: &Path, path: &Path) -> io::Result<Option<Found>> {
    let opened = (|| {
        let real = root.join(path).canonicalize()?;
        // Links may lead about within the lake, but neither out of it nor to what is hidden.
        let inside = real.strip_prefix(root).ok().filter(|inside| path::is_visible(inside));
        // Opening a pipe would wait for its writer.
        if inside.is_none() || !fs::metadata(&real)?.is_file() {
            return Ok(None);
        }
        let file = File::open(&real)?;
        let metadata = file.metadata()?;
        let freshness = freshness(root, path);
        Ok(Some(Found { file, metadata, freshness, content_type: content_type(path) }))
    })();
    match opened {
        Err(error) if is_absence(&error) => Ok(None),
        opened => opened,
    }
}

/// Whether an error says that there is no such file, rather than that it cannot be read.
fn is_absence(error: &io::Error) -> bool {
    use ErrorKind::{InvalidFilename, InvalidInput, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | InvalidFilename | InvalidInput)
}

async fn respond(found: Found, method: &Method, headers: &HeaderMap) -> Result<Response, Refusal> {
    let Found { file, metadata, freshness, content_type } = found;
    let size_bytes = metadata.len();
    let tag = tag_of(&metadata);
    if tag.is_unwanted(headers) {
        return Err(Refusal::new(
            StatusCode::PRECONDITION_FAILED,
            ErrorCode::InvalidRequest,
            "the file is not the version that was asked for",
        ));
    }
    let mut answer = HeaderMap::new();
    answer.insert(CACHE_CONTROL, freshness.cache_control());
    answer.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    answer.extend(tag.to_header().map(|value| (ETAG, value)));
    answer.extend(last_modified(&metadata).map(|value| (LAST_MODIFIED, value)));
    if tag.is_held(headers) {
        return Ok((StatusCode::NOT_MODIFIED, answer).into_response());
    }

    // Ranges are defined for GET alone.
    let ranges = method == Method::GET && tag.allows_range(headers);
    let header = headers.get(RANGE).filter(|_| ranges).and_then(|value| value.to_str().ok());
    let (status, range) = match range::parse(header, size_bytes) {
        Asked::Whole => (StatusCode::OK, 0..size_bytes),
        Asked::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Asked::Unsatisfiable => return Err(Refusal::no_such_range(size_bytes)),
    };
    let length = range.end - range.start;
    answer.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer.insert(CONTENT_LENGTH, HeaderValue::from(length));
    if status == StatusCode::PARTIAL_CONTENT {
        let text = format!("bytes {}-{}/{size_bytes}", range.start, range.end.saturating_sub(1));
        answer.insert(CONTENT_RANGE, HeaderValue::try_from(text).map_err(Refusal::internal)?);
    }
    if method == Method::HEAD {
        return Ok((status, answer).into_response());
    }
    let mut file = tokio::fs::File::from_std(file);
    if range.start > 0 {
        file.seek(SeekFrom::Start(range.start)).await.map_err(Refusal::internal)?;
    }
    // A file that shrinks meanwhile ends the connection: the announced length is not reached.
    let body = Body::from_stream(ReaderStream::with_capacity(file.take(length), CHUNK_BYTES));
    Ok((status, answer, body).into_response())
}

/// Changes whenever the file is written or replaced.
fn tag_of(metadata: &Metadata) -> EntityTag {
    let (seconds, nanoseconds) = (metadata.mtime(), metadata.mtime_nsec());
    let (inode, size_bytes) = (metadata.ino(), metadata.len());
    EntityTag::new(format_args!("{inode:x}-{size_bytes:x}-{seconds:x}.{nanoseconds:x}"))
}

fn last_modified(metadata: &Metadata) -> Option<HeaderValue> {
    let modified = chrono::DateTime::from_timestamp(metadata.mtime(), 0)?;
    let text = modified.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    HeaderValue::try_from(text).ok()
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("parquet") => "application/vnd.apache.parquet",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}
