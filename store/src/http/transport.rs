//! One request over HTTP and its answer, as the platform carries them.

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use std::fmt;
use std::ops::Range;

/// Carries requests. It follows redirects; it does not repeat, judge or decode.
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends a GET; the answer is there when its head is. Dropping the future ends the request.
    fn send(&self, request: Request) -> BoxFuture<'static, Result<Response, TransportError>>;
}

/// A GET.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// Where to, signature included.
    pub url: String,
    /// For one `Range: bytes=a-b`, which needs no CORS preflight.
    pub range: Option<Range<u64>>,
    /// What caches on the way may answer.
    pub reuse: Reuse,
}

/// What a cache between the server and us may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// What HTTP allows.
    Fresh,
    /// Only what the server says is still so.
    Validated,
    /// Nothing.
    Never,
}

/// The answer. Dropping the body ends the download.
pub struct Response {
    /// Status and headers.
    pub head: Head,
    /// The body as it comes.
    pub body: BoxStream<'static, Result<Bytes, TransportError>>,
}

/// Status and headers of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Such as 206.
    pub status: u16,
    /// Which headers are shown to us.
    pub shown: Shown,
    /// Whether the platform decodes the body.
    pub coding: Coding,
    headers: Vec<(String, String)>,
}

/// Which headers of an answer a program sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// All of them.
    All,
    /// Those of another origin that CORS shows: what is missing may only be hidden.
    Exposed,
}

/// What is done with the body of a `Content-Encoding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// It comes as it was sent.
    AsSent,
    /// It comes decoded, and its length is not the announced one.
    Decoded,
}

/// Why no answer, or no more of it, came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No head came: no network, no such host, nobody listens, or the connection broke.
    #[error("{reason}")]
    Away {
        /// The platform's text.
        reason: String,
    },
    /// The server answers, and the browser may not show it to a page of this origin.
    #[error("{reason}")]
    Blocked {
        /// The page's origin.
        origin: String,
        /// The platform's text.
        reason: String,
    },
    /// The server answers, with a part of an encoded body that the browser cannot decode.
    #[error("a part of Content-Encoding: {encoding} cannot be decoded")]
    Encoded {
        /// Such as `gzip`.
        encoding: String,
    },
    /// The body broke off.
    #[error("{reason}")]
    Broken {
        /// The platform's text.
        reason: String,
    },
}

impl Head {
    /// A head of which every header is shown, before a body as it was sent.
    pub fn new(status: u16) -> Head {
        Head { status, shown: Shown::All, coding: Coding::AsSent, headers: Vec::new() }
    }

    /// This head with one more header.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Head {
        self.headers.push((name.to_ascii_lowercase(), value.into()));
        self
    }

    /// This head as a page of another origin sees it.
    pub fn exposed(self) -> Head {
        Head { shown: Shown::Exposed, ..self }
    }

    /// This head before a body that the platform decodes.
    pub fn decoded(self) -> Head {
        Head { coding: Coding::Decoded, ..self }
    }

    /// The header of that lower-case name, the first if there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.trim())
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = crate::Location::new(self.url.as_str());
        write!(f, "GET {shown} {:?}", self.range)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("head", &self.head).finish_non_exhaustive()
    }
}
