//! The lock of a folder. The file stays when it is free; who holds it is written in for people.

use super::{Attempt, Busy, Held, Holder, LockError, Still};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(100);

/// A locked file. The system frees it when the file is closed, also when the process is killed.
#[derive(Debug)]
pub(super) struct FolderLock {
    path: PathBuf,
    holder: Holder,
    file: File,
    is_free: AtomicBool,
}

/// Locks the lake in the folder `dir`, if it is free.
pub(super) fn attempt(dir: &Path, holder: Holder) -> Result<Attempt, LockError> {
    let path = dir.join("_lakefront").join("lock");
    let error = |source| LockError::File { path: path.clone(), source };
    let file = open(&path).map_err(error)?;
    match file.try_lock() {
        Ok(()) => {
            write(&file, &holder).map_err(error)?;
            let is_free = AtomicBool::new(false);
            Ok(Attempt::Held(Held::Folder(FolderLock { path, holder, file, is_free })))
        }
        Err(TryLockError::WouldBlock) => {
            let holder = read(&path);
            Ok(Attempt::Busy(Busy { holder, until: None, over_at: None, pause: PAUSE }))
        }
        Err(TryLockError::Error(source)) => Err(error(source)),
    }
}

impl FolderLock {
    /// Whether the file is still ours: a lake that was deleted and built anew has another.
    pub(super) fn check(&self) -> Still {
        if self.is_free.load(Ordering::SeqCst) {
            return Err(None);
        }
        let found = read(&self.path);
        if found.as_ref() == Some(&self.holder) { Ok(()) } else { Err(found) }
    }

    /// Unlocks the file, also while somebody still asks after the lock.
    pub(super) fn free(&self) {
        self.is_free.store(true, Ordering::SeqCst);
        // Should it fail, the file is closed with the last who asks, at the latest with the process.
        let _ = self.file.unlock();
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // Not truncated: it may be somebody else's.
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

fn write(mut file: &File, holder: &Holder) -> std::io::Result<()> {
    let text = serde_json::to_string(holder)?;
    file.set_len(0)?;
    file.write_all(text.as_bytes())
}

/// `None` when it is gone, or being written.
fn read(path: &Path) -> Option<Holder> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}
