//! What went wrong, in the form that crosses a wire.

use serde::{Deserialize, Serialize};

/// A code to act on and a text to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What to do about it.
    pub code: ErrorCode,
    /// One sentence: the value, the rule broken, the place. Lower case, no full stop.
    pub message: String,
}

impl Failure {
    /// A failure of that code.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Failure {
        Failure { code, message: message.into() }
    }
}

/// The kinds of failure that somebody acts on differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// No session, or one that has ended: log in again.
    Unauthorized,
    /// Too many wrong passwords: wait.
    TooManyAttempts,
    /// The session may not do this.
    Forbidden,
    /// A file or table is not there.
    NotFound,
    /// The server does not answer byte ranges; nothing is downloaded whole instead.
    NoRanges,
    /// A file of the version that is shown was removed: open the newest one.
    VersionGone,
    /// The network or the server failed: try again.
    Network,
    /// The server answers, and does not let a page of this origin read it: see CORS.
    Blocked,
    /// A file was changed while it was read: open the lake anew.
    Changed,
    /// The table needs a Delta feature that the reader lacks.
    UnsupportedFeature,
    /// A commit or checkpoint of the log is not right.
    MalformedLog,
    /// A data file is not right.
    MalformedFile,
    /// The catalog and the table do not fit, such as a measure over a column that is not there.
    InvalidCatalog,
    /// A measure has no value over these rows: a number beyond its type, a division by zero, a text
    /// that is no number.
    Uncomputable,
    /// The question names what the catalog has not, or the request cannot be read.
    InvalidRequest,
    /// The answer needs more memory than the engine may use.
    OverBudget,
    /// A defect of Lakefront.
    Internal,
}
