//! A folder on this machine, for the native engine.

use crate::{ByteStore, FileFacts, Location, StoreError};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::io::{ErrorKind, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// Reads files below one folder.
#[derive(Debug, Clone)]
pub struct PlatformStore {
    root: PathBuf,
}

impl PlatformStore {
    /// A store over the folder `root`.
    pub fn new(root: impl AsRef<Path>) -> PlatformStore {
        PlatformStore { root: root.as_ref().to_owned() }
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

impl ByteStore for PlatformStore {
    fn get(&self, location: &Location) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        let path = self.path(location);
        let location = location.clone();
        async move {
            let bytes =
                tokio::fs::read(path?).await.map_err(|error| io_error(&location, &error))?;
            Ok(Bytes::from(bytes))
        }
        .boxed()
    }

    fn get_range(
        &self,
        location: &Location,
        range: Range<u64>,
    ) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        let path = self.path(location);
        let location = location.clone();
        async move {
            let failed = |error: std::io::Error| io_error(&location, &error);
            let mut file = tokio::fs::File::open(path?).await.map_err(failed)?;
            file.seek(SeekFrom::Start(range.start)).await.map_err(failed)?;
            let n_bytes = range.end.saturating_sub(range.start);
            let mut bytes = Vec::new();
            file.take(n_bytes).read_to_end(&mut bytes).await.map_err(failed)?;
            if bytes.len() as u64 != n_bytes {
                return Err(StoreError::WrongBytes {
                    location,
                    start: range.start,
                    end: range.end,
                    reason: format!("the file ends after {} of them", bytes.len()),
                });
            }
            Ok(Bytes::from(bytes))
        }
        .boxed()
    }

    fn facts(&self, location: &Location) -> BoxFuture<'static, Result<FileFacts, StoreError>> {
        let path = self.path(location);
        let location = location.clone();
        async move {
            let facts =
                tokio::fs::metadata(path?).await.map_err(|error| io_error(&location, &error))?;
            let modified_us = facts
                .modified()
                .ok()
                .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
                .and_then(|since| i64::try_from(since.as_micros()).ok());
            Ok(FileFacts { size_bytes: facts.len(), modified_us })
        }
        .boxed()
    }
}

fn io_error(location: &Location, error: &std::io::Error) -> StoreError {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            StoreError::Absent { location: location.clone() }
        }
        _ => StoreError::Network { location: location.clone(), reason: error.to_string() },
    }
}
