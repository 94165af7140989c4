//! The users' file as a running server sees it: read again whenever it has changed, so that a
//! removed user or a new password counts at once.

use super::{User, UserFile, UserFileError};
use sha2::{Digest, Sha256};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

/// What tells one state of the file from another: inode, size, modification time in nanoseconds.
type Stamp = (u64, u64, i64, i64);

/// Stands for a password in a session, so that another password ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(crate) fn of(user: &User) -> Fingerprint {
        Fingerprint(Sha256::digest(user.password_hash.as_bytes()).into())
    }
}

/// The users' file and its latest contents.
pub(crate) struct Accounts {
    path: PathBuf,
    latest: RwLock<Option<(Stamp, Arc<UserFile>)>>,
}

impl Accounts {
    pub(crate) fn new(path: PathBuf) -> Accounts {
        Accounts { path, latest: RwLock::new(None) }
    }

    /// The users as the file now has them.
    ///
    /// # Errors
    /// [`UserFileError`] when the file is missing or not right: then nobody is known, rather than
    /// those of before.
    pub(crate) async fn current(&self) -> Result<Arc<UserFile>, UserFileError> {
        let metadata = tokio::fs::metadata(&self.path).await.map_err(|source| {
            let path = self.path.clone();
            match source.kind() {
                std::io::ErrorKind::NotFound => UserFileError::Missing { path },
                _ => UserFileError::Io { path, source },
            }
        })?;
        let stamp: Stamp =
            (metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec());
        if let Some((known, users)) =
            self.latest.read().unwrap_or_else(PoisonError::into_inner).as_ref()
            && *known == stamp
        {
            return Ok(Arc::clone(users));
        }
        // The file is a few hundred bytes and changes once in a while.
        let users = Arc::new(UserFile::open_existing(&self.path)?);
        *self.latest.write().unwrap_or_else(PoisonError::into_inner) =
            Some((stamp, Arc::clone(&users)));
        Ok(users)
    }
}
