//! The bytes of a file, unpacked where its name says that it is packed, as UTF-8.

use super::{FileRule, SourceError};
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8};
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

    /// What `packed` holds.
    ///
    /// # Errors
    /// When no decoder can be made.
    pub(super) fn unpacked<'r>(
        self,
        packed: impl Read + Send + 'r,
    ) -> std::io::Result<Box<dyn Read + Send + 'r>> {
        let packed = BufReader::with_capacity(1 << 17, packed);
        Ok(match self {
            Packing::Zstd => Box::new(zstd::Decoder::with_buffer(packed)?),
            Packing::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(packed)),
            Packing::Plain => Box::new(packed),
        })
    }
}

/// The first `until_bytes` of the file `path`, unpacked and decoded. What is no text of `encoding` becomes a byte that
/// is none of UTF-8, so that it is found with its row.
///
/// # Errors
/// [`SourceError::File`] when the system does not give it.
pub(super) fn open(
    path: &Path,
    until_bytes: u64,
    encoding: &'static Encoding,
) -> Result<Box<dyn Read + Send>, SourceError> {
    let unreadable =
        |source| SourceError::File { path: path.to_owned(), rule: FileRule::Unreadable(source) };
    let file = File::open(path).map_err(unreadable)?.take(until_bytes);
    let bytes = Packing::of(path).unpacked(file).map_err(unreadable)?;
    if encoding == UTF_8 {
        return Ok(bytes);
    }
    Ok(Box::new(Decoded {
        bytes,
        decoder: encoding.new_decoder(),
        raw: Vec::new(),
        text: Vec::new(),
        n_given: 0,
        state: State::Reading,
    }))
}

/// Bytes of another encoding as UTF-8.
struct Decoded {
    bytes: Box<dyn Read + Send>,
    decoder: Decoder,
    /// What was read and is not decoded.
    raw: Vec<u8>,
    /// What was decoded.
    text: Vec<u8>,
    /// How much of it was given.
    n_given: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    /// The bytes have ended, the decoder has not been told.
    Ended,
    Done,
}

impl Decoded {
    /// Decodes some more.
    fn fill(&mut self) -> std::io::Result<()> {
        if self.raw.is_empty() && self.state == State::Reading {
            let n_read = self.bytes.by_ref().take(1 << 16).read_to_end(&mut self.raw)?;
            if n_read == 0 {
                self.state = State::Ended;
            }
        }
        let is_last = self.state == State::Ended;
        let room = self.decoder.max_utf8_buffer_length_without_replacement(self.raw.len());
        self.text.clear();
        self.text.resize(room.unwrap_or(1 << 18).max(16), 0);
        self.n_given = 0;
        let (result, n_read, n_written) =
            self.decoder.decode_to_utf8_without_replacement(&self.raw, &mut self.text, is_last);
        self.raw.drain(..n_read);
        self.text.truncate(n_written);
        match result {
            // A byte that is in no text of UTF-8.
            DecoderResult::Malformed(_, _) => self.text.push(0xff),
            DecoderResult::InputEmpty if is_last => self.state = State::Done,
            DecoderResult::InputEmpty | DecoderResult::OutputFull => {}
        }
        Ok(())
    }
}

impl Read for Decoded {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.n_given == self.text.len() {
            if self.state == State::Done {
                return Ok(0);
            }
            self.fill()?;
        }
        let left = self.text.get(self.n_given..).unwrap_or_default();
        let n_bytes = left.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..n_bytes), left.get(..n_bytes)) {
            to.copy_from_slice(from);
        }
        self.n_given += n_bytes;
        Ok(n_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::dialect;

    #[test]
    fn letters_are_those_of_the_encoding() {
        let check = |label: &str, bytes: &[u8], expected: &[u8]| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("t.csv");
            std::fs::write(&path, bytes).unwrap();
            let mut found = Vec::new();
            let encoding = dialect::encoding(label).unwrap();
            open(&path, u64::MAX, encoding).unwrap().read_to_end(&mut found).unwrap();
            assert_eq!(found, expected, "{label}");
        };
        check("latin-1", b"Zo\xeb", "Zo\u{eb}".as_bytes());
        check("windows-1252", b"\x80", "\u{20ac}".as_bytes());
        let utf16 = |mark: &[u8], to_bytes: fn(u16) -> [u8; 2], text: &str| {
            [mark.to_vec(), text.encode_utf16().flat_map(to_bytes).collect()].concat()
        };
        let long = "a\u{eb}\u{1f600}\n".repeat(50_000);
        check("utf-16", &utf16(b"\xff\xfe", u16::to_le_bytes, &long), long.as_bytes());
        check("utf-16", &utf16(b"\xfe\xff", u16::to_be_bytes, &long), long.as_bytes());
        check("utf-16be", &utf16(b"", u16::to_be_bytes, &long), long.as_bytes());
        check("utf-16le", b"a\0\x3d\xd8b\0", b"a\xffb");
        check("utf-16le", b"a\0b", b"a\xff");
        assert!(dialect::encoding("ebcdic").is_none());
    }
}
