//! Requests that are not answered as asked: a status, a [`Failure`] for the client, and the cause
//! for the log.

use axum::Json;
use axum::http::header::{CONTENT_RANGE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use protocol::{ErrorCode, Failure};
use std::error::Error;

/// Why a request is refused. The client sees the failure, never the cause.
pub(crate) struct Refusal {
    status: StatusCode,
    failure: Failure,
    advice: Option<Advice>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

/// What a client needs to ask again, as a header.
enum Advice {
    /// `Retry-After`, seconds.
    Wait(u64),
    /// `Content-Range`, the size of the file in bytes.
    Size(u64),
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: ErrorCode, message: impl Into<String>) -> Refusal {
        Refusal { status, failure: Failure::new(code, message), advice: None, cause: None }
    }

    /// One text for all reasons: no cookie, an unknown one, or a session that has ended.
    pub(crate) fn no_session() -> Refusal {
        Refusal::new(
            StatusCode::UNAUTHORIZED,
            ErrorCode::Unauthorized,
            "nobody is logged in, or the session has ended",
        )
    }

    /// Whether it is [`Refusal::no_session`], and not a log-in that failed.
    pub(crate) fn is_no_session(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
    }

    /// One text for an unknown user and a wrong password.
    pub(crate) fn wrong_login() -> Refusal {
        Refusal::new(
            StatusCode::UNAUTHORIZED,
            ErrorCode::Unauthorized,
            "the user or the password is not right",
        )
    }

    pub(crate) fn wait(seconds: u64) -> Refusal {
        let message = format!("too many attempts to log in, try again in {seconds} s");
        Refusal {
            advice: Some(Advice::Wait(seconds)),
            ..Refusal::new(StatusCode::TOO_MANY_REQUESTS, ErrorCode::TooManyAttempts, message)
        }
    }

    pub(crate) fn not_found(path: &str) -> Refusal {
        Refusal::new(
            StatusCode::NOT_FOUND,
            ErrorCode::NotFound,
            format!("{path} is not on this server"),
        )
    }

    pub(crate) fn method_not_allowed() -> Refusal {
        Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            ErrorCode::InvalidRequest,
            "the method is not one that this path takes",
        )
    }

    /// Says how long the file is, so that a client can ask again.
    pub(crate) fn no_such_range(size_bytes: u64) -> Refusal {
        Refusal {
            advice: Some(Advice::Size(size_bytes)),
            ..Refusal::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                ErrorCode::InvalidRequest,
                format!("the range is not one range within a file of {size_bytes} bytes"),
            )
        }
    }

    pub(crate) fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Refusal {
        Refusal {
            cause: Some(cause.into()),
            ..Refusal::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                ErrorCode::Internal,
                "the server failed; its log says why",
            )
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if let Some(cause) = &self.cause {
            let cause: &dyn Error = cause.as_ref();
            tracing::error!(cause, status = self.status.as_u16(), "request failed");
        }
        let mut response = (self.status, Json(self.failure)).into_response();
        let header = match self.advice {
            Some(Advice::Wait(seconds)) => Some((RETRY_AFTER, HeaderValue::from(seconds))),
            Some(Advice::Size(size_bytes)) => {
                HeaderValue::try_from(format!("bytes */{size_bytes}"))
                    .ok()
                    .map(|value| (CONTENT_RANGE, value))
            }
            None => None,
        };
        response.headers_mut().extend(header);
        response
    }
}
