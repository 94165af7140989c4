//! Files in memory: for tests, and for a page that holds the bytes already.

use crate::{
    ByteStore, Content, FileFacts, Location, MAX_WHOLE_BYTES, Part, StoreError, Validator,
};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Files in memory, by the text of their location.
#[derive(Default)]
pub struct MemoryStore(Mutex<Files>);

#[derive(Default)]
struct Files {
    by_path: BTreeMap<String, (Bytes, u64)>,
    n_puts: u64,
}

impl MemoryStore {
    /// Puts a file, in place of the one that was there.
    pub fn put(&self, path: impl Into<String>, bytes: impl Into<Bytes>) {
        let mut files = self.files();
        files.n_puts += 1;
        let n_puts = files.n_puts;
        files.by_path.insert(path.into(), (bytes.into(), n_puts));
    }

    /// Takes a file away; says whether it was there.
    pub fn remove(&self, path: &str) -> bool {
        self.files().by_path.remove(path).is_some()
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, location: &Location) -> Result<(Bytes, Validator), StoreError> {
        let files = self.files();
        let Some((bytes, n_puts)) = files.by_path.get(location.as_str()) else {
            return Err(StoreError::Absent { location: location.clone() });
        };
        let validator = Validator {
            etag: Some(Arc::from(format!("\"{n_puts}\""))),
            modified: None,
            size_bytes: Some(bytes.len() as u64),
        };
        Ok((bytes.clone(), validator))
    }

    fn part(&self, location: &Location, part: &Part) -> Result<Content, StoreError> {
        let (bytes, validator) = self.find(location)?;
        let n_bytes = bytes.len() as u64;
        let bytes = match part {
            Part::Whole { max_bytes } if n_bytes > *max_bytes => {
                let (location, limit_bytes) = (location.clone(), *max_bytes);
                return Err(StoreError::TooLarge { location, limit_bytes });
            }
            Part::Whole { .. } => bytes,
            Part::Range(range) if range.end <= range.start => Bytes::new(),
            Part::Range(range) if range.end > n_bytes => {
                return Err(StoreError::WrongBytes {
                    location: location.clone(),
                    start: range.start,
                    end: range.end,
                    reason: format!("the file has {n_bytes} bytes"),
                });
            }
            Part::Range(range) => bytes.slice(range.start as usize..range.end as usize),
        };
        Ok(Content { bytes, validator })
    }
}

impl ByteStore for MemoryStore {
    fn get(&self, location: &Location) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        let outcome = self.part(location, &Part::Whole { max_bytes: MAX_WHOLE_BYTES });
        ready(outcome.map(|content| content.bytes)).boxed()
    }

    fn get_range(
        &self,
        location: &Location,
        range: Range<u64>,
    ) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        let outcome = self.part(location, &Part::Range(range));
        ready(outcome.map(|content| content.bytes)).boxed()
    }

    fn facts(&self, location: &Location) -> BoxFuture<'static, Result<FileFacts, StoreError>> {
        let outcome = self.find(location).map(|(bytes, validator)| FileFacts {
            size_bytes: bytes.len() as u64,
            modified_us: None,
            etag: validator.etag,
        });
        ready(outcome).boxed()
    }

    fn read(
        &self,
        location: &Location,
        part: Part,
    ) -> BoxFuture<'static, Result<Content, StoreError>> {
        ready(self.part(location, &part)).boxed()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("n_files", &self.files().by_path.len()).finish()
    }
}
