//! The YAML form of a catalog, for the tools that run natively.

use crate::Catalog;
use std::path::{Path, PathBuf};

/// A catalog file that is not right.
#[derive(Debug, thiserror::Error)]
pub enum YamlError {
    /// The text is not YAML, or not a catalog; the text of `source` has line and column.
    #[error("{}: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        reason: String,
    },
    /// A rule across the document is broken.
    #[error("{}: {source}", path.display())]
    Rule {
        /// The file.
        path: PathBuf,
        /// Which.
        source: crate::CatalogError,
    },
}

/// Reads the text of the catalog file `path` and checks it.
///
/// # Errors
/// [`YamlError`] with the path, and line and column or the place in the document.
pub fn parse(path: &Path, text: &str) -> Result<Catalog, YamlError> {
    let catalog: Catalog = serde_saphyr::from_str(text)
        .map_err(|error| YamlError::Syntax { path: path.to_owned(), reason: error.to_string() })?;
    catalog.check().map_err(|source| YamlError::Rule { path: path.to_owned(), source })?;
    Ok(catalog)
}
