//! Unpacks archives: `.tar.zst`, `.tar.gz`, `.tgz`, `.tar`. What an archive holds cannot lead out of
//! the folder it is unpacked in, nor fill the disk.

use anyhow::{Context, bail};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// An archive may unpack to at most so many bytes.
const MOST_BYTES: u64 = 16 << 30;

/// How an archive is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// `.tar.zst`.
    Zstd,
    /// `.tar.gz` and `.tgz`.
    Gzip,
    /// `.tar`.
    None,
}

impl Packing {
    /// The packing of the file called `name`, if it is an archive.
    pub fn of(name: &str) -> Option<Packing> {
        let name = name.to_ascii_lowercase();
        let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        match () {
            () if ends(&[".tar.zst", ".tar.zstd", ".tzst"]) => Some(Packing::Zstd),
            () if ends(&[".tar.gz", ".tgz"]) => Some(Packing::Gzip),
            () if ends(&[".tar"]) => Some(Packing::None),
            () => None,
        }
    }
}

/// Unpacks `archive` into the existing folder `into`. Entries that lead out of it, devices and the
/// like are left out.
///
/// # Errors
/// When the archive is damaged or too large; what came before is there.
pub fn unpack(archive: &Path, packing: Packing, into: &Path) -> anyhow::Result<()> {
    let file = BufReader::new(File::open(archive)?);
    let stream: Box<dyn Read> = match packing {
        Packing::Zstd => Box::new(zstd::Decoder::with_buffer(file)?),
        Packing::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
        Packing::None => Box::new(file),
    };
    let mut tar = tar::Archive::new(stream);
    tar.set_preserve_permissions(false);
    tar.set_preserve_mtime(false);
    tar.set_overwrite(true);
    let mut n_bytes = 0;
    for entry in tar.entries()? {
        let mut entry = entry?;
        n_bytes += entry.size();
        if n_bytes > MOST_BYTES {
            bail!("it unpacks to more than {MOST_BYTES} bytes");
        }
        let kind = entry.header().entry_type();
        if !(kind.is_file() || kind.is_dir() || kind.is_symlink() || kind.is_hard_link()) {
            continue;
        }
        let path = entry.path().map(|path| path.display().to_string()).unwrap_or_default();
        // What leads out is left out by `unpack_in`, which says so with `false`.
        entry.unpack_in(into).with_context(|| format!("entry {path:?}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_known_by_their_names() {
        let check = |name: &str, packing: Option<Packing>| {
            assert_eq!(Packing::of(name), packing, "{name}");
        };
        check("a.tar.zst", Some(Packing::Zstd));
        check("A.TGZ", Some(Packing::Gzip));
        check("a.tar", Some(Packing::None));
        check("a.zst", None);
        check("olist.csv.zst", None);
    }
}
