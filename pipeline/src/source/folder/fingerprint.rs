//! What a file is: by what the system says of it, and by its bytes.

use crate::source::bytes::Packing;
use crate::source::hex;
use sha2::{Digest, Sha256};
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A file that was changed so shortly before may change again without another time: clocks of file systems tick slowly.
const FRESH: Duration = Duration::from_secs(2);

/// What the system says of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) size_bytes: u64,
    /// When it was written last, in microseconds since 1970 UTC. Programs set it as they like.
    pub(super) modified_us: u64,
    /// When it, its name or its times were written last, in microseconds since 1970 UTC; as
    /// `modified_us` where the system keeps no such time.
    pub(super) changed_us: u64,
    pub(super) inode: Option<u64>,
}

impl Stat {
    pub(super) fn of(metadata: &Metadata) -> Stat {
        let modified_us = us(metadata.modified().unwrap_or(UNIX_EPOCH));
        #[cfg(unix)]
        let (changed_us, inode) = {
            use std::os::unix::fs::MetadataExt;
            let us = metadata
                .ctime()
                .saturating_mul(1_000_000)
                .saturating_add(metadata.ctime_nsec() / 1000);
            (u64::try_from(us).unwrap_or_default(), Some(metadata.ino()))
        };
        #[cfg(not(unix))]
        let (changed_us, inode) = (modified_us, None);
        Stat { size_bytes: metadata.len(), modified_us, changed_us, inode }
    }

    /// When it was changed; `None` when that is so shortly before `now` that a later change may bear the same time.
    pub(super) fn settled_change(&self, now: SystemTime) -> Option<u64> {
        let limit = us(now.checked_sub(FRESH).unwrap_or(UNIX_EPOCH));
        (self.changed_us < limit).then_some(self.changed_us)
    }
}

fn us(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// What a file's bytes are.
#[derive(Debug)]
pub(super) struct Fingerprint {
    /// How many they are.
    pub(super) size_bytes: u64,
    /// SHA-256 of them.
    pub(super) hash: String,
    /// SHA-256 of those before the place that was asked for; `None` when they do not reach so far.
    pub(super) prefix_hash: Option<String>,
    /// Where the last line starts that has no end; the size when the last line has one.
    pub(super) open_line: u64,
}

/// Reads the first `until_bytes` of the file `path`.
///
/// # Errors
/// When the system does not give it.
pub(super) fn of_bytes(
    path: &Path,
    until_bytes: u64,
    prefix_bytes: Option<u64>,
) -> io::Result<Fingerprint> {
    let mut file = File::open(path)?.take(until_bytes);
    let mut hash = Sha256::new();
    let (mut size_bytes, mut open_line, mut prefix_hash) = (0_u64, 0, None);
    let mut buffer = vec![0; 1 << 17];
    if prefix_bytes == Some(0) {
        prefix_hash = Some(hex(hash.clone()));
    }
    loop {
        // A read ends at the prefix, so that the hash is known there.
        let left =
            prefix_bytes.and_then(|prefix| prefix.checked_sub(size_bytes)).filter(|left| *left > 0);
        let room = left
            .and_then(|left| usize::try_from(left).ok())
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let n_read = file.read(buffer.get_mut(..room).unwrap_or_default())?;
        if n_read == 0 {
            break;
        }
        let bytes = buffer.get(..n_read).unwrap_or_default();
        hash.update(bytes);
        if let Some(at) = bytes.iter().rposition(|byte| *byte == b'\n') {
            open_line = size_bytes + at as u64 + 1;
        }
        size_bytes += n_read as u64;
        if prefix_bytes == Some(size_bytes) {
            prefix_hash = Some(hex(hash.clone()));
        }
    }
    Ok(Fingerprint { size_bytes, hash: hex(hash), prefix_hash, open_line })
}

/// SHA-256 of what the file `path` holds; `None` when it is not packed.
///
/// # Errors
/// When it cannot be unpacked to its end.
pub(super) fn of_unpacked(path: &Path) -> io::Result<Option<String>> {
    let packing = Packing::of(path);
    if packing == Packing::Plain {
        return Ok(None);
    }
    let mut bytes = packing.unpacked(File::open(path)?)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 17];
    loop {
        match bytes.read(&mut buffer)? {
            0 => return Ok(Some(hex(hash))),
            n_read => hash.update(buffer.get(..n_read).unwrap_or_default()),
        }
    }
}

/// The bytes of the file `path` from `from_bytes` on, `n_bytes` at most.
///
/// # Errors
/// When the system does not give them.
pub(super) fn part(path: &Path, from_bytes: u64, n_bytes: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from_bytes))?;
    let mut bytes = Vec::new();
    file.take(n_bytes).read_to_end(&mut bytes)?;
    Ok(bytes)
}
