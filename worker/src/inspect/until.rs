//! A log as it was when another version was its newest one.

use crate::store::{ByteStore, FileFacts, Location, StoreError};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use protocol::{ErrorCode, Failure};
use serde::Deserialize;
use std::ops::Range;
use std::sync::Arc;

/// A store in which the log ends with the commit of a version: later commits are not there, nor a
/// hint to a later checkpoint.
#[derive(Debug)]
pub struct Until {
    /// The whole log.
    pub inner: Arc<dyn ByteStore>,
    /// The last version that is there.
    pub version: u64,
}

impl Until {
    /// Says so when the log at `location`, read through this store, ended at another version.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], which names the newest version.
    pub fn check(&self, location: &Location, found: Option<u64>) -> Result<(), Failure> {
        let wanted = self.version;
        match found {
            Some(newest) if newest != wanted => {
                let message =
                    format!("{location} has no version {wanted}: the newest one is {newest}");
                Err(Failure::new(ErrorCode::NotFound, message))
            }
            _ => Ok(()),
        }
    }
}

#[derive(Deserialize)]
struct Hint {
    version: u64,
}

impl ByteStore for Until {
    fn get(&self, location: &Location) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        let absent = StoreError::Absent { location: location.clone() };
        if commit_version(location).is_some_and(|version| version > self.version) {
            return async move { Err(absent) }.boxed();
        }
        let request = self.inner.get(location);
        if !location.as_str().ends_with("_delta_log/_last_checkpoint") {
            return request;
        }
        let version = self.version;
        async move {
            let bytes = request.await?;
            match serde_json::from_slice::<Hint>(&bytes) {
                Ok(hint) if hint.version > version => Err(absent),
                _ => Ok(bytes),
            }
        }
        .boxed()
    }

    fn get_range(
        &self,
        location: &Location,
        range: Range<u64>,
    ) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        self.inner.get_range(location, range)
    }

    fn facts(&self, location: &Location) -> BoxFuture<'static, Result<FileFacts, StoreError>> {
        self.inner.facts(location)
    }
}

/// The version of the commit that lies at `location`, if it is one.
fn commit_version(location: &Location) -> Option<u64> {
    let (_, name) = location.as_str().rsplit_once("_delta_log/")?;
    name.strip_suffix(".json")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_told_from_other_files() {
        let check = |path: &str, expected: Option<u64>| {
            assert_eq!(commit_version(&Location::new(path)), expected, "{path}");
        };
        check("t/_delta_log/00000000000000000012.json", Some(12));
        check("https://x/t/_delta_log/00000000000000000000.json", Some(0));
        check("t/_delta_log/00000000000000000012.checkpoint.parquet", None);
        check("t/_delta_log/_last_checkpoint", None);
        check("t/7.json", None);
    }
}
