//! The lock of a folder. The file stays when it is free; who holds it is written in for people.

use super::{Attempt, Busy, Held, Holder, LockError, Still};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(100);

/// A locked file. The system frees it when the file is closed, also when the process is killed.
#[derive(Debug)]
pub(super) struct FolderLock {
    path: PathBuf,
    holder: Holder,
    _file: File,
}

/// Locks the lake in the folder `dir`, if it is free.
pub(super) fn attempt(dir: &Path, holder: Holder) -> Result<Attempt, LockError> {
    let path = dir.join("_lakefront").join("lock");
    let error = |source| LockError::File { path: path.clone(), source };
    let file = open(&path).map_err(error)?;
    match file.try_lock() {
        Ok(()) => {
            write(&file, &holder).map_err(error)?;
            Ok(Attempt::Held(Held::Folder(FolderLock { path, holder, _file: file })))
        }
        Err(TryLockError::WouldBlock) => {
            Ok(Attempt::Busy(Busy { holder: read(&path), until: None, pause: PAUSE }))
        }
        Err(TryLockError::Error(source)) => Err(error(source)),
    }
}

impl FolderLock {
    /// Whether the file is still ours: a lake that was deleted and built anew has another.
    pub(super) fn check(&self) -> Still {
        let found = read(&self.path);
        if found.as_ref() == Some(&self.holder) { Ok(()) } else { Err(found) }
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
