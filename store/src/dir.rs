//! A folder on this machine, for the native engine.

use crate::{
    ByteStore, Content, FileFacts, Location, MAX_WHOLE_BYTES, Part, StoreError, Validator,
};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::fs::Metadata;
use std::io::{ErrorKind, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// Reads files below one folder.
#[derive(Debug, Clone)]
pub struct DirStore {
    root: PathBuf,
}

impl DirStore {
    /// A store over the folder `root`.
    pub fn new(root: impl AsRef<Path>) -> DirStore {
        DirStore { root: root.as_ref().to_owned() }
    }

    fn path(&self, location: &Location) -> Result<PathBuf, StoreError> {
        let leads_out = location.is_url()
            || Path::new(location.as_str())
                .components()
                .any(|part| !matches!(part, std::path::Component::Normal(_)));
        if leads_out {
            let reason = "a folder serves relative paths below itself only".to_owned();
            return Err(StoreError::Network { location: location.clone(), reason });
        }
        Ok(self.root.join(location.as_str()))
    }
}

impl ByteStore for DirStore {
    fn get(&self, location: &Location) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        let whole = self.read(location, Part::Whole { max_bytes: MAX_WHOLE_BYTES });
        async move { Ok(whole.await?.bytes) }.boxed()
    }

    fn get_range(
        &self,
        location: &Location,
        range: Range<u64>,
    ) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        let part = self.read(location, Part::Range(range));
        async move { Ok(part.await?.bytes) }.boxed()
    }

    fn facts(&self, location: &Location) -> BoxFuture<'static, Result<FileFacts, StoreError>> {
        let path = self.path(location);
        let location = location.clone();
        async move {
            let facts =
                tokio::fs::metadata(path?).await.map_err(|error| io_error(&location, &error))?;
            // As over HTTP, where a folder is no file.
            if facts.is_dir() {
                return Err(StoreError::Absent { location });
            }
            Ok(FileFacts { size_bytes: facts.len(), modified_us: modified_us(&facts), etag: None })
        }
        .boxed()
    }

    fn read(
        &self,
        location: &Location,
        part: Part,
    ) -> BoxFuture<'static, Result<Content, StoreError>> {
        let path = self.path(location);
        let location = location.clone();
        async move { read(&location, &path?, &part).await }.boxed()
    }
}

async fn read(location: &Location, path: &Path, part: &Part) -> Result<Content, StoreError> {
    let failed = |error: std::io::Error| io_error(location, &error);
    let mut file = tokio::fs::File::open(path).await.map_err(failed)?;
    let facts = file.metadata().await.map_err(failed)?;
    let size_bytes = facts.len();
    let range = match part {
        Part::Whole { max_bytes } if size_bytes > *max_bytes => {
            let (location, limit_bytes) = (location.clone(), *max_bytes);
            return Err(StoreError::TooLarge { location, limit_bytes });
        }
        Part::Whole { .. } => 0..size_bytes,
        Part::Range(range) => range.clone(),
    };
    let wrong = |reason: String| StoreError::WrongBytes {
        location: location.clone(),
        start: range.start,
        end: range.end,
        reason,
    };
    let n_bytes = range.end.saturating_sub(range.start);
    if n_bytes > 0 && range.end > size_bytes {
        return Err(wrong(format!("the file has {size_bytes} bytes")));
    }
    file.seek(SeekFrom::Start(range.start)).await.map_err(failed)?;
    let mut bytes = Vec::with_capacity(n_bytes as usize);
    file.take(n_bytes).read_to_end(&mut bytes).await.map_err(failed)?;
    if bytes.len() as u64 != n_bytes {
        return Err(wrong(format!("the file ends after {} of them", bytes.len())));
    }
    let modified = modified_us(&facts).map(|us| Arc::from(us.to_string()));
    let validator = Validator { etag: None, modified, size_bytes: Some(size_bytes) };
    Ok(Content { bytes: Bytes::from(bytes), validator })
}

fn modified_us(facts: &Metadata) -> Option<i64> {
    let since = facts.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_micros()).ok()
}

fn io_error(location: &Location, error: &std::io::Error) -> StoreError {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            StoreError::Absent { location: location.clone() }
        }
        _ => StoreError::Network { location: location.clone(), reason: error.to_string() },
    }
}
