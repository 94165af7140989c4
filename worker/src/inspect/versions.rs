//! Between which versions one can travel, found out by asking for single bytes of commits.

use crate::store::{ByteStore, Location, StoreError, presence};
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

/// Whether the commit of `version` is there; `known` is one that is.
async fn is_there(
    table: &Location,
    store: &dyn ByteStore,
    version: u64,
    known: u64,
) -> Result<bool, StoreError> {
    match store.get_range(&table.join(&commit_path(version)), 0..1).await {
        // A server without ranges, and one whose commit is empty, have the file all the same.
        Ok(_)
        | Err(
            StoreError::NoRanges { .. }
            | StoreError::WrongBytes { .. }
            | StoreError::Encoded { .. },
        ) => Ok(true),
        Err(error) => match is_gone(table, store, &error, known).await? {
            true => Ok(false),
            false => Err(error),
        },
    }
}

/// Whether `error` says that a commit of `table` is not there. A bucket that nobody may list says
/// 403 of what is not there, and of all else once the right to read has ended: then the commit of
/// `known` is refused, too.
///
/// # Errors
/// The store's.
pub async fn is_gone(
    table: &Location,
    store: &dyn ByteStore,
    error: &StoreError,
    known: u64,
) -> Result<bool, StoreError> {
    presence::is_absent(store, error, Some(&table.join(&commit_path(known)))).await
}

async fn first(table: &Location, store: &dyn ByteStore, known: u64) -> Result<u64, StoreError> {
    if known == 0 || is_there(table, store, 0, known).await? {
        return Ok(0);
    }
    // `absent` is not there; `there` is, or nothing before it is.
    let (mut absent, mut there) = (0, known);
    while there - absent > 1 {
        let middle = absent + (there - absent) / 2;
        if is_there(table, store, middle, known).await? {
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
        if next == there || !is_there(table, store, next, known).await? {
            break next;
        }
        there = next;
        step = step.saturating_mul(2);
    };
    while absent.saturating_sub(there) > 1 {
        let middle = there + (absent - there) / 2;
        if is_there(table, store, middle, known).await? {
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
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    /// A log that has the commits of `versions`.
    #[derive(Debug)]
    struct Log {
        versions: Range<u64>,
        n_requests: AtomicU64,
        /// After so many requests the right to read ends.
        n_allowed: u64,
        /// Whether 403 is said of what is not there.
        refuses_absent: AtomicBool,
    }

    impl Log {
        fn of(versions: Range<u64>, n_allowed: u64) -> Log {
            let (n_requests, refuses_absent) = (AtomicU64::new(0), AtomicBool::new(false));
            Log { versions, n_requests, n_allowed, refuses_absent }
        }
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
            let n_before = self.n_requests.fetch_add(1, Ordering::Relaxed);
            let is_refused = n_before >= self.n_allowed;
            let refuses_absent = self.refuses_absent.load(Ordering::Relaxed);
            let is_there =
                self.versions.clone().any(|v| location.as_str() == format!("t/{}", commit_path(v)));
            let location = location.clone();
            async move {
                if is_refused || (!is_there && refuses_absent) {
                    Err(StoreError::Forbidden { location })
                } else if is_there {
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
        let log = Log::of(versions.clone(), u64::MAX);
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

    /// 403 is absence as long as what is there is given; a right that ends is no end of the log.
    #[test]
    fn a_right_to_read_that_ends_is_no_end_of_the_log() {
        let table = Location::new("t");
        let find = |log: &Log| {
            let found = find(&table, log, 60, Newest::Unknown, FirstCommit::Unknown);
            futures::executor::block_on(found)
        };
        let log = Log::of(41..500, u64::MAX);
        log.refuses_absent.store(true, Ordering::Relaxed);
        assert_eq!(find(&log).unwrap(), Versions { oldest: 41, newest: 499 });
        let n_requests = log.n_requests.load(Ordering::Relaxed);
        for n_allowed in 0..n_requests {
            let log = Log::of(41..500, n_allowed);
            log.refuses_absent.store(true, Ordering::Relaxed);
            let error = find(&log).unwrap_err();
            assert!(matches!(error, StoreError::Forbidden { .. }), "{n_allowed}: {error}");
        }
    }
}
