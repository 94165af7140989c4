//! Where bytes come from. A store reads files and parts of files; it never lists, never probes with
//! HEAD, and never reads a whole file where a part was asked for.

pub mod cached;
pub mod meter;
#[cfg_attr(target_arch = "wasm32", path = "http.rs")]
#[cfg_attr(not(target_arch = "wasm32"), path = "dir.rs")]
mod platform;
#[cfg_attr(target_arch = "wasm32", path = "turn/browser.rs")]
#[cfg_attr(not(target_arch = "wasm32"), path = "turn/native.rs")]
mod turn;

pub use platform::PlatformStore;

use bytes::Bytes;
use futures::future::BoxFuture;
use std::fmt;
use std::ops::Range;

/// A file: a path below the lake's root (`gold/sales/part-0.parquet`, not percent-encoded), or an
/// absolute URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location(String);

impl Location {
    /// The location of `path`, which may be an absolute URL.
    pub fn new(path: impl Into<String>) -> Location {
        Location(path.into())
    }

    /// The location of `path` below this one; `path` itself if it is an absolute URL.
    pub fn join(&self, path: &str) -> Location {
        if is_url(path) {
            Location(path.to_owned())
        } else {
            Location(format!("{}/{path}", self.0.trim_end_matches('/')))
        }
    }

    /// The location as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is an absolute URL.
    pub fn is_url(&self) -> bool {
        is_url(&self.0)
    }
}

fn is_url(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+')
    })
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a store knows of a file besides its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileFacts {
    /// Its length.
    pub size_bytes: u64,
    /// When it was last modified, UTC microseconds, if the server says so.
    pub modified_us: Option<i64>,
}

/// Reads bytes. Futures are `Send` because DataFusion asks for it; in a browser there is one thread.
pub trait ByteStore: fmt::Debug + Send + Sync {
    /// The whole of a small file, such as a commit.
    fn get(&self, location: &Location) -> BoxFuture<'static, Result<Bytes, StoreError>>;

    /// The bytes of `range`, which is not empty: exactly so many, or an error.
    fn get_range(
        &self,
        location: &Location,
        range: Range<u64>,
    ) -> BoxFuture<'static, Result<Bytes, StoreError>>;

    /// Length and age of a file whose length no log tells.
    fn facts(&self, location: &Location) -> BoxFuture<'static, Result<FileFacts, StoreError>>;
}

/// Why bytes did not come. Cloned to everybody who waited for them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The file is not there.
    #[error("{location} is not there")]
    Absent {
        /// The file.
        location: Location,
    },
    /// The server does not know who asks.
    #[error("{location} is only for those who are logged in")]
    Unauthorized {
        /// The file.
        location: Location,
    },
    /// The server knows who asks and refuses.
    #[error("{location} is not for this user (status 403)")]
    Forbidden {
        /// The file.
        location: Location,
    },
    /// The server ignores ranges. The body was not read.
    #[error(
        "the server of {location} answered 200 to a range: it does not serve byte ranges, and nothing is downloaded whole instead"
    )]
    NoRanges {
        /// The file.
        location: Location,
    },
    /// Fewer or other bytes came than were asked for.
    #[error("{location}: asked for bytes {start}..{end}, {reason}")]
    WrongBytes {
        /// The file.
        location: Location,
        /// First byte asked for.
        start: u64,
        /// One past the last byte asked for.
        end: u64,
        /// What came instead.
        reason: String,
    },
    /// The server or the network failed.
    #[error("{location} could not be read: {reason}")]
    Network {
        /// The file.
        location: Location,
        /// Status or the browser's text.
        reason: String,
    },
}
