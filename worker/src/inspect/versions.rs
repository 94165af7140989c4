//! Between which versions one can travel, found out by asking for single bytes of commits.

use crate::store::{ByteStore, Location, StoreError};
use delta_log::commit_path;
use futures::future::try_join;
use protocol::Versions;

/// The oldest and the newest version of the log at `table` that have a commit. `known` is a version
/// of the table; `newest` says whether it is the newest one, `has_first` whether commit 0 is known
/// to be there.
///
/// Commits are removed from the oldest on and added at the end, so both ends are found by halving:
/// about two requests of one byte for each doubling of the distance, and none where the ends are
/// known.
///
/// # Errors
/// The store's.
pub async fn find(
    table: &Location,
    store: &dyn ByteStore,
    known: u64,
    newest: Newest,
    has_first: FirstCommit,
) -> Result<Versions, StoreError> {
    let newest = async {
        match newest {
            Newest::Known => Ok(known),
            Newest::Unknown => last(table, store, known).await,
        }
    };
    let oldest = async {
        match has_first {
            FirstCommit::Seen => Ok(0),
            FirstCommit::Unknown => first(table, store, known).await,
        }
    };
    let (oldest, newest) = try_join(oldest, newest).await?;
    Ok(Versions { oldest, newest })
}

/// Whether the known version is the newest one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Newest {
    /// It is.
    Known,
    /// There may be later ones.
    Unknown,
}

/// Whether commit 0 is known to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstCommit {
    /// It was read.
    Seen,
    /// It was not asked for, or is not there.
    Unknown,
}

/// Whether the commit of `version` is there.
async fn is_there(
    table: &Location,
    store: &dyn ByteStore,
    version: u64,
) -> Result<bool, StoreError> {
    match store.get_range(&table.join(&commit_path(version)), 0..1).await {
        // A server without ranges, and one whose commit is empty, have the file all the same.
        Ok(_)
        | Err(
            StoreError::NoRanges { .. }
            | StoreError::WrongBytes { .. }
            | StoreError::Encoded { .. },
        ) => Ok(true),
        // A bucket that nobody may list says 403 of what is not there.
        Err(StoreError::Absent { .. } | StoreError::Forbidden { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

async fn first(table: &Location, store: &dyn ByteStore, known: u64) -> Result<u64, StoreError> {
    if known == 0 || is_there(table, store, 0).await? {
        return Ok(0);
    }
    // `absent` is not there; `there` is, or nothing before it is.
    let (mut absent, mut there) = (0, known);
    while there - absent > 1 {
        let middle = absent + (there - absent) / 2;
        if is_there(table, store, middle).await? {
            there = middle;
        } else {
            absent = middle;
        }
    }
    Ok(there)
}

async fn last(table: &Location, store: &dyn ByteStore, known: u64) -> Result<u64, StoreError> {
    let (mut there, mut step) = (known, 1_u64);
    let mut absent = loop {
        let next = there.saturating_add(step);
        if next == there || !is_there(table, store, next).await? {
            break next;
        }
        there = next;
        step = step.saturating_mul(2);
    };
    while absent.saturating_sub(there) > 1 {
        let middle = there + (absent - there) / 2;
        if is_there(table, store, middle).await? {
            there = middle;
        } else {
            absent = middle;
        }
    }
    Ok(there)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::FileFacts;
    use bytes::Bytes;
    use futures::FutureExt;
    use futures::future::BoxFuture;
    use std::ops::Range;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// A log that has the commits of `versions`.
    #[derive(Debug)]
    struct Log {
        versions: Range<u64>,
        n_requests: AtomicU64,
    }

    impl ByteStore for Log {
        fn get(&self, location: &Location) -> BoxFuture<'static, Result<Bytes, StoreError>> {
            self.get_range(location, 0..1)
        }

        fn get_range(
            &self,
            location: &Location,
            _: Range<u64>,
        ) -> BoxFuture<'static, Result<Bytes, StoreError>> {
            self.n_requests.fetch_add(1, Ordering::Relaxed);
            let is_there =
                self.versions.clone().any(|v| location.as_str() == format!("t/{}", commit_path(v)));
            let location = location.clone();
            async move {
                if is_there {
                    Ok(Bytes::from_static(b"{"))
                } else {
                    Err(StoreError::Absent { location })
                }
            }
            .boxed()
        }

        fn facts(&self, location: &Location) -> BoxFuture<'static, Result<FileFacts, StoreError>> {
            let location = location.clone();
            async move { Err(StoreError::Absent { location }) }.boxed()
        }
    }

    fn check(versions: Range<u64>, known: u64, newest: Newest, first: FirstCommit, most: u64) {
        let log = Log { versions: versions.clone(), n_requests: AtomicU64::new(0) };
        let table = Location::new("t");
        let found = futures::executor::block_on(find(&table, &log, known, newest, first)).unwrap();
        let expected = Versions { oldest: versions.start, newest: versions.end - 1 };
        assert_eq!(found, expected, "{versions:?} from {known}");
        let n_requests = log.n_requests.load(Ordering::Relaxed);
        assert!(n_requests <= most, "{n_requests} requests for {versions:?} from {known}");
    }

    #[test]
    fn both_ends_are_found_with_few_requests() {
        use FirstCommit::{Seen, Unknown};
        check(0..1, 0, Newest::Known, Seen, 0);
        check(0..1, 0, Newest::Unknown, Unknown, 1);
        check(0..500, 499, Newest::Known, Seen, 0);
        check(0..500, 499, Newest::Known, Unknown, 1);
        check(0..500, 3, Newest::Unknown, Seen, 17);
        check(41..500, 499, Newest::Known, Unknown, 11);
        check(41..500, 41, Newest::Unknown, Unknown, 25);
        check(499..500, 499, Newest::Known, Unknown, 11);
        for known in 0..20 {
            check(0..20, known, Newest::Unknown, Unknown, 12);
        }
    }
}
