//! What a table was made of, as a hash. It is kept in the commit that made the table, and a build
//! that would give the same one writes nothing.

use crate::model::Model;
use crate::source::Source;
use sha2::{Digest, Sha256};
use std::fmt;
use std::io::Read;
use std::path::Path;

/// Part of every hash. Another value rebuilds every table: change it when the same models over the
/// same input would be written differently.
const FORMAT: &str = "lakefront 1";

/// A SHA-256, in hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fingerprint(String);

impl Fingerprint {
    /// The hash of a source: of its bytes as they lie there, and of how they are read.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn of_source(source: &Source, path: &Path) -> std::io::Result<Fingerprint> {
        let mut hash = Sha256::new();
        // A field holds no unit separator, so that no two lists give one text.
        let null_text = source.null_text.as_deref().unwrap_or("\u{1e}");
        hash.update(format!("{}\u{1f}{null_text}\u{1f}", source.format));
        let mut file = std::fs::File::open(path)?;
        let mut buffer = vec![0; 1 << 17];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(Fingerprint::finish(hash)),
                n_bytes => hash.update(buffer.get(..n_bytes).unwrap_or_default()),
            }
        }
    }

    /// The hash of a model over its inputs, which come with their names.
    pub(crate) fn of_model(model: &Model, inputs: &[(String, Fingerprint)]) -> Fingerprint {
        let mut hash = Sha256::new();
        hash.update(format!("{FORMAT}\u{1f}{}\u{1f}{}\u{1f}", model.name, model.sql));
        for (name, input) in inputs {
            hash.update(format!("{name}\u{1f}{input}\u{1f}"));
        }
        Fingerprint::finish(hash)
    }

    fn finish(hash: Sha256) -> Fingerprint {
        let digest = hash.finalize();
        Fingerprint(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The digits.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
