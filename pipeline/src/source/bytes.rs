//! The bytes of a file, unpacked where its name says that it is packed.

use super::{FileRule, SourceError};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Zstd,
    Gzip,
}

impl Packing {
    /// By the end of the name: `.zst`, `.gz`.
    pub(super) fn of(path: &Path) -> Packing {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("zst") => Packing::Zstd,
            Some("gz") => Packing::Gzip,
            _ => Packing::Plain,
        }
    }

    /// What a failed read means.
    pub(super) fn rule(self, source: std::io::Error) -> FileRule {
        match self {
            Packing::Plain => FileRule::Unreadable(source),
            Packing::Zstd => FileRule::Zstd(source),
            Packing::Gzip => FileRule::Gzip(source),
        }
    }
}

/// Opens the file `path`.
///
/// # Errors
/// [`SourceError::File`] when the system does not give it.
pub(super) fn open(path: &Path) -> Result<Box<dyn Read + Send>, SourceError> {
    let unreadable =
        |source| SourceError::File { path: path.to_owned(), rule: FileRule::Unreadable(source) };
    let file = File::open(path).map_err(unreadable)?;
    Ok(match Packing::of(path) {
        Packing::Zstd => Box::new(zstd::Decoder::new(file).map_err(unreadable)?),
        Packing::Gzip => {
            Box::new(flate2::read::MultiGzDecoder::new(BufReader::with_capacity(1 << 17, file)))
        }
        Packing::Plain => Box::new(BufReader::with_capacity(1 << 17, file)),
    })
}
