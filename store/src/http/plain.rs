//! HTTP on the system's sockets, without TLS: for servers on this machine, that is for tests and
//! benches. Each request has a thread, so that no runtime is needed.

use super::transport::{Head, Request, Response, Transport, TransportError};
use bytes::Bytes;
use futures::FutureExt;
use futures::StreamExt;
use futures::channel::{mpsc, oneshot};
use futures::future::BoxFuture;
use std::io::Read;
use std::time::Duration;

/// A thread whose answer nobody waits for any more ends after this at the latest.
const MAX_SILENCE: Duration = Duration::from_secs(60);

/// What is read at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// A client that keeps connections for the next request.
#[derive(Debug, Clone)]
pub struct PlatformTransport(ureq::Agent);

impl Default for PlatformTransport {
    fn default() -> PlatformTransport {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(MAX_SILENCE))
            .timeout_recv_response(Some(MAX_SILENCE))
            .build();
        PlatformTransport(config.into())
    }
}

impl Transport for PlatformTransport {
    fn send(&self, request: Request) -> BoxFuture<'static, Result<Response, TransportError>> {
        let agent = self.0.clone();
        async move {
            let (sender, answer) = oneshot::channel();
            let thread = std::thread::Builder::new().name("http".to_owned());
            thread.spawn(move || carry(&agent, &request, sender)).map_err(away)?;
            answer.await.map_err(away)?
        }
        .boxed()
    }
}

/// Runs one request to its end, or until nobody takes what it brings.
fn carry(
    agent: &ureq::Agent,
    request: &Request,
    sender: oneshot::Sender<Result<Response, TransportError>>,
) {
    let mut call = agent.get(&request.url);
    if let Some(range) = &request.range {
        call =
            call.header("Range", format!("bytes={}-{}", range.start, range.end.saturating_sub(1)));
    }
    let answer = match call.call() {
        Ok(answer) => answer,
        Err(error) => {
            let _ = sender.send(Err(away(error)));
            return;
        }
    };
    let (parts, body) = answer.into_parts();
    let head =
        parts.headers.iter().fold(Head::new(parts.status.as_u16()), |head, (name, value)| {
            head.with(name.as_str(), String::from_utf8_lossy(value.as_bytes()))
        });
    let (mut chunks, stream) = mpsc::channel(1);
    if sender.send(Ok(Response { head, body: stream.boxed() })).is_err() {
        return;
    }
    let mut reader = body.into_reader();
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let chunk = match reader.read(&mut buffer) {
            Ok(0) => return,
            Ok(n_bytes) => Ok(Bytes::copy_from_slice(buffer.get(..n_bytes).unwrap_or_default())),
            Err(error) => Err(TransportError::Broken { reason: error.to_string() }),
        };
        let is_last = chunk.is_err();
        // The receiver is gone when the answer is not wanted any more; leaving closes the connection.
        let sent = futures::executor::block_on(futures::SinkExt::send(&mut chunks, chunk));
        if sent.is_err() || is_last {
            return;
        }
    }
}

fn away(error: impl std::fmt::Display) -> TransportError {
    TransportError::Away { reason: error.to_string() }
}
