//! One line in the log for each request: method, path, status, time and bytes. Never a query, a
//! header or a body, so no cookie and no password.

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use http_body::{Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

/// Answers `request` and logs it once its body has been sent or given up.
pub(crate) async fn record(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let line = Line { method, path, status, started, sent_bytes: 0 };
    response.map(|inner| Body::new(Counted { inner, line }))
}

/// What is logged; writes itself when it is dropped.
struct Line {
    method: Method,
    path: String,
    status: u16,
    started: Instant,
    sent_bytes: u64,
}

impl Drop for Line {
    fn drop(&mut self) {
        let elapsed_ms = self.started.elapsed().as_secs_f64() * 1e3;
        tracing::info!(
            method = %self.method,
            path = self.path,
            status = self.status,
            ms = format_args!("{elapsed_ms:.1}"),
            bytes = self.sent_bytes,
            "request"
        );
    }
}

/// A body that counts what goes through it.
struct Counted {
    inner: Body,
    line: Line,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.inner).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(bytes) = frame.data_ref()
        {
            this.line.sent_bytes += bytes.len() as u64;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
