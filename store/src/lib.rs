//! Where bytes come from. A store reads files and parts of files; it never lists, never probes with
//! HEAD, and never reads a whole file where a part was asked for.

pub mod budget;
pub mod cached;
pub mod clock;
pub mod conformance;
mod content;
#[cfg(not(target_arch = "wasm32"))]
pub mod dir;
mod error;
mod gate;
pub mod http;
mod location;
pub mod memory;
pub mod meter;
pub mod pace;
pub mod persistent;
pub mod presence;
#[cfg_attr(target_arch = "wasm32", path = "turn/browser.rs")]
#[cfg_attr(not(target_arch = "wasm32"), path = "turn/native.rs")]
mod turn;

pub use content::{Content, Part, Validator};
#[cfg(not(target_arch = "wasm32"))]
pub use dir::DirStore as PlatformStore;
pub use error::StoreError;
pub use http::HttpStore;
#[cfg(target_arch = "wasm32")]
pub use http::HttpStore as PlatformStore;
pub use location::Location;
pub use memory::MemoryStore;
pub use persistent::PersistentStore;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// How much [`ByteStore::get`] reads of a file at most; a commit that adds 300,000 files has 15 MB.
pub const MAX_WHOLE_BYTES: u64 = 64 << 20;

/// What a store knows of a file besides its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// Its length.
    pub size_bytes: u64,
    /// When it was last modified, UTC microseconds, if the server says so.
    pub modified_us: Option<i64>,
    /// Its entity tag, if the server says so.
    pub etag: Option<Arc<str>>,
}

impl FileFacts {
    /// A text that another content of the same file does not have: for [`Location::with_identity`].
    pub fn identity(&self) -> String {
        match (&self.etag, self.modified_us) {
            (Some(etag), _) => format!("{}-{etag}", self.size_bytes),
            (None, Some(modified_us)) => format!("{}-{modified_us}", self.size_bytes),
            (None, None) => String::new(),
        }
    }
}

/// Reads bytes. Futures are `Send` because DataFusion asks for it; in a browser there is one thread.
/// Dropping a future ends its request.
pub trait ByteStore: fmt::Debug + Send + Sync {
    /// The whole of a small file, such as a commit: at most [`MAX_WHOLE_BYTES`], or what the store
    /// was made with.
    fn get(&self, location: &Location) -> BoxFuture<'static, Result<Bytes, StoreError>>;

    /// The bytes of `range`, which is not empty: exactly so many, or an error.
    fn get_range(
        &self,
        location: &Location,
        range: Range<u64>,
    ) -> BoxFuture<'static, Result<Bytes, StoreError>>;

    /// Length and age of a file whose length no log tells.
    fn facts(&self, location: &Location) -> BoxFuture<'static, Result<FileFacts, StoreError>>;

    /// As [`ByteStore::get`] and [`ByteStore::get_range`], with what tells the content of the file
    /// from another. A store that knows no such thing leaves the validator empty.
    fn read(
        &self,
        location: &Location,
        part: Part,
    ) -> BoxFuture<'static, Result<Content, StoreError>> {
        let is_over = match part {
            Part::Whole { max_bytes } => Some(max_bytes),
            Part::Range(_) => None,
        };
        let bytes = match part {
            Part::Whole { .. } => self.get(location),
            Part::Range(range) => self.get_range(location, range),
        };
        let location = location.clone();
        async move {
            let bytes = bytes.await?;
            match is_over.filter(|max_bytes| bytes.len() as u64 > *max_bytes) {
                Some(limit_bytes) => Err(StoreError::TooLarge { location, limit_bytes }),
                None => Ok(Content { bytes, validator: Validator::default() }),
            }
        }
        .boxed()
    }

    /// How many bytes cost as much time as one more request: nearer ranges are read as one.
    fn gap_bytes(&self) -> u64 {
        pace::INITIAL_GAP_BYTES
    }
}
