//! Why a lake's root cannot be used.

use deltalake::DeltaTableError;
use std::path::PathBuf;

/// A root that cannot be, or a file below it that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// A scheme that is none of ours.
    #[error(
        "lake {text:?} begins with {scheme:?}, a lake is a folder, s3://bucket/prefix, \
         az://container/prefix, abfss://container@account.dfs.core.windows.net/prefix or \
         gs://bucket/prefix"
    )]
    Scheme {
        /// The root as it is written.
        text: String,
        /// What stands before `:`.
        scheme: String,
    },
    /// A URL that says less, or more, than where.
    #[error("lake {text:?} {rule}")]
    Form {
        /// The root as it is written, without what may be secret.
        text: String,
        /// What a root is.
        rule: &'static str,
    },
    /// The object store's settings are not right.
    #[error("lake {root}: the settings in the environment ({variables}) do not fit: {source}")]
    Settings {
        /// The root.
        root: String,
        /// The variables that are read.
        variables: &'static str,
        /// Why they do not fit.
        source: object_store::Error,
    },
    /// The folder's path cannot be made absolute or written as a URL.
    #[error("lake {}: no folder can be there: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file below the root cannot be read, written, deleted or listed.
    #[error("{place}: cannot be {action}: {}", crate::lake::cause(source))]
    File {
        /// The file or folder, as a path or URL.
        place: String,
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        source: object_store::Error,
    },
    /// No table can be at a location.
    #[error("{place}: is no place for a table: {source}")]
    Table {
        /// The table's folder, as a path or URL.
        place: String,
        /// Why.
        source: Box<DeltaTableError>,
    },
}
