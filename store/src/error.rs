//! Why bytes did not come.

use crate::Location;
use protocol::ErrorCode;

/// Why bytes did not come. Cloned to everybody who waited for them.
///
/// A message names the file without its signature, the rule that was broken, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The file is not there: status 404 or 410, or no such file in the folder.
    #[error("{location} is not there")]
    Absent {
        /// The file.
        location: Location,
    },
    /// The server does not know who asks.
    #[error("{location} is only for those who are logged in")]
    Unauthorized {
        /// The file.
        location: Location,
    },
    /// The server knows who asks and refuses. A bucket that may not be listed says so of files
    /// that are not there too: see [`crate::presence`].
    #[error("{location} is not for this user (status 403)")]
    Forbidden {
        /// The file.
        location: Location,
    },
    /// The server ignores ranges, or answers them in a way of its own. The body was not read.
    #[error("{location}: {reason}, and nothing is downloaded whole instead")]
    NoRanges {
        /// The file.
        location: Location,
        /// What the server does.
        reason: String,
    },
    /// The server encodes the bytes, so that a range of them is not a range of the file.
    #[error(
        "the server of {location} sends it with Content-Encoding: {encoding}; let it serve the lake's files as they are"
    )]
    Encoded {
        /// The file.
        location: Location,
        /// Such as `gzip`.
        encoding: String,
    },
    /// Fewer or other bytes came than were asked for.
    #[error("{location}: asked for bytes {start}..{end}, {reason}")]
    WrongBytes {
        /// The file.
        location: Location,
        /// First byte asked for.
        start: u64,
        /// One past the last byte asked for.
        end: u64,
        /// What came instead.
        reason: String,
    },
    /// The file is another one than when its first bytes were read.
    #[error("{location} was changed while it was read: {reason}; read it again from its beginning")]
    Changed {
        /// The file.
        location: Location,
        /// What differs.
        reason: String,
    },
    /// The file is longer than what is read whole. Nothing, or no more than that, was read.
    #[error(
        "{location} is longer than the {limit_bytes} bytes that are read whole; larger files are read by ranges"
    )]
    TooLarge {
        /// The file.
        location: Location,
        /// How much is read whole.
        limit_bytes: u64,
    },
    /// The server answers, and the browser may not show the answer to this page.
    #[error(
        "the server of {location} does not let this page read it: {reason}; let it answer with Access-Control-Allow-Origin: {origin}, Access-Control-Allow-Headers: Range and Access-Control-Expose-Headers: Content-Range, Content-Length, ETag"
    )]
    Blocked {
        /// The file.
        location: Location,
        /// The page's origin.
        origin: String,
        /// What the browser says.
        reason: String,
    },
    /// No answer came at all: the network is away, or nobody listens there.
    #[error("{location} cannot be reached: {reason}")]
    Away {
        /// The file.
        location: Location,
        /// What the browser or the system says.
        reason: String,
    },
    /// The server failed, is too busy, or broke off, as often as it was asked.
    #[error("{location} could not be read: {reason}")]
    Network {
        /// The file.
        location: Location,
        /// Status or the system's text.
        reason: String,
    },
}

impl StoreError {
    /// What the page may do about it.
    pub fn code(&self) -> ErrorCode {
        match self {
            StoreError::Absent { .. } => ErrorCode::NotFound,
            StoreError::Unauthorized { .. } => ErrorCode::Unauthorized,
            StoreError::Forbidden { .. } => ErrorCode::Forbidden,
            StoreError::NoRanges { .. } | StoreError::Encoded { .. } => ErrorCode::NoRanges,
            StoreError::Changed { .. } => ErrorCode::Changed,
            StoreError::TooLarge { .. } => ErrorCode::OverBudget,
            StoreError::Blocked { .. } => ErrorCode::Blocked,
            StoreError::WrongBytes { .. }
            | StoreError::Away { .. }
            | StoreError::Network { .. } => ErrorCode::Network,
        }
    }

    /// The file that was asked for.
    pub fn location(&self) -> &Location {
        match self {
            StoreError::Absent { location }
            | StoreError::Unauthorized { location }
            | StoreError::Forbidden { location }
            | StoreError::NoRanges { location, .. }
            | StoreError::Encoded { location, .. }
            | StoreError::WrongBytes { location, .. }
            | StoreError::Changed { location, .. }
            | StoreError::TooLarge { location, .. }
            | StoreError::Blocked { location, .. }
            | StoreError::Away { location, .. }
            | StoreError::Network { location, .. } => location,
        }
    }
}
