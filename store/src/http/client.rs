//! Asks until a right answer has come whole, or none is to be had: attempts, waits, and what was told
//! of a file before.

use super::MAX_REQUESTS;
use super::answer::{Again, Fault, Length, judge, wrong_bytes};
use super::retry::{self, Policy};
use super::seen::Seen;
use super::transport::{Request, Response, Reuse, Transport, TransportError};
use crate::clock::Clock;
use crate::gate::Gate;
use crate::location::below;
use crate::pace::Pace;
use crate::{Content, FileFacts, Location, MAX_WHOLE_BYTES, Part, StoreError, Validator};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::future::{Either, select};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// No more is allocated before the bytes are there.
const MAX_RESERVED_BYTES: u64 = 1 << 20;

/// What every request of a store needs.
pub struct Client {
    /// Below it lie the files; its query goes with every request.
    pub root_url: String,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    /// How often and how long a request is tried.
    pub policy: Policy,
    /// What caches on the way may answer.
    pub reuse: Reuse,
    /// What is read whole at most.
    pub max_whole_bytes: u64,
    gate: Arc<Gate>,
    /// How fast bytes come.
    pub pace: Pace,
    seen: Mutex<Seen>,
}

/// Whether an answer must be of the content that was seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// It must: the bytes are put beside others.
    Agree,
    /// It may be a newer one: what is read is complete by itself.
    Replace,
}

/// What earlier attempts brought of a range.
#[derive(Default)]
struct Partial {
    bytes: BytesMut,
    validator: Validator,
}

impl Client {
    /// A client that has learned nothing yet.
    pub fn new(root_url: String, transport: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Client {
        Client {
            root_url,
            transport,
            clock,
            policy: Policy::default(),
            reuse: Reuse::Fresh,
            max_whole_bytes: MAX_WHOLE_BYTES,
            gate: Gate::new(MAX_REQUESTS),
            pace: Pace::default(),
            seen: Mutex::default(),
        }
    }

    /// The same client before it learned anything.
    pub fn anew(&self) -> Client {
        let (transport, clock) = (Arc::clone(&self.transport), Arc::clone(&self.clock));
        let (policy, reuse, max_whole_bytes) = (self.policy, self.reuse, self.max_whole_bytes);
        Client {
            policy,
            reuse,
            max_whole_bytes,
            ..Client::new(self.root_url.clone(), transport, clock)
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn url(&self, location: &Location) -> String {
        match location.is_url() {
            true => location.as_str().to_owned(),
            false => below(&self.root_url, location.as_str()),
        }
    }

    /// Length and age of a file, by its first byte.
    pub async fn facts(&self, location: &Location) -> Result<FileFacts, StoreError> {
        let outcome = self.persist(location, &Part::Range(0..1), Memory::Replace).await;
        let validator = match outcome {
            Ok(content) => content.validator,
            // An empty file has no first byte; that it is empty was told all the same.
            Err(error @ StoreError::WrongBytes { .. }) => self
                .seen()
                .validator(location)
                .filter(|known| known.size_bytes == Some(0))
                .cloned()
                .ok_or(error)?,
            Err(error) => return Err(error),
        };
        let Some(size_bytes) = validator.size_bytes else {
            let reason = "the server hides Content-Range; let CORS expose it".to_owned();
            return Err(StoreError::Network { location: location.clone(), reason });
        };
        let modified_s = validator.modified.as_deref().and_then(retry::http_date_s);
        let modified_us = modified_s.and_then(|seconds| seconds.checked_mul(1_000_000));
        Ok(FileFacts { size_bytes, modified_us, etag: validator.etag })
    }

    /// Asks until it is answered or the policy gives up.
    pub async fn persist(
        &self,
        location: &Location,
        part: &Part,
        memory: Memory,
    ) -> Result<Content, StoreError> {
        if let Part::Range(range) = part
            && range.end <= range.start
        {
            return Ok(Content { bytes: Bytes::new(), validator: Validator::default() });
        }
        let started = self.clock.elapsed();
        let mut partial = Partial::default();
        let mut n_failed = 0;
        loop {
            let fault = match self.attempt(location, part, memory, started, &mut partial).await {
                Ok(content) => return Ok(content),
                Err(fault) => fault,
            };
            n_failed += 1;
            let asked = match fault.again {
                Again::Never => return Err(fault.error),
                Again::Soon => None,
                Again::After(wait) => Some(wait),
            };
            if n_failed >= self.policy.n_attempts {
                return Err(amended(fault.error, &format!("asked {n_failed} times")));
            }
            let wait = self.policy.wait(n_failed, asked, self.clock.random());
            let limit = self.policy.limit(partial.bytes.len() as u64);
            if self.clock.elapsed().saturating_sub(started).saturating_add(wait) > limit {
                let text = format!("no more is asked after {} s", limit.as_secs());
                return Err(match asked {
                    Some(asked) => {
                        let text = format!("it asks to wait {} s", asked.as_secs());
                        amended(fault.error, &text)
                    }
                    None => amended(fault.error, &text),
                });
            }
            self.clock.sleep(wait).await;
        }
    }

    async fn attempt(
        &self,
        location: &Location,
        part: &Part,
        memory: Memory,
        started: Duration,
        partial: &mut Partial,
    ) -> Result<Content, Fault> {
        let _pass = self.gate.enter().await;
        if !partial.validator.is_telling() {
            // Nothing would show that the rest is of another content.
            *partial = Partial::default();
        }
        let n_before = partial.bytes.len() as u64;
        let part = match part {
            Part::Range(range) => Part::Range(range.start.saturating_add(n_before)..range.end),
            whole => whole.clone(),
        };
        let sent = self.clock.elapsed();
        let Response { head, mut body } = self.send(location, &part, memory).await?;
        let answered = self.clock.elapsed();
        let (told, verdict) = judge(location, &part, &head, self.clock.utc_s());
        self.compare(location, &told, memory)?;
        let length = match verdict {
            // A browser's cache that holds a part of the file may answer so; it is passed by then.
            Err(fault) if head.status == 206 && matches!(part, Part::Whole { .. }) => {
                self.seen().pass_caches(location);
                return Err(Fault { again: Again::Soon, ..fault });
            }
            verdict => verdict?,
        };
        let most = match length {
            Length::Exactly(n_bytes) | Length::AtMost(n_bytes) => n_bytes,
        };
        // A whole file in place of a range is not gone on with.
        if head.status == 206 {
            partial.validator = told.clone().or(&partial.validator);
        } else {
            *partial = Partial::default();
        }
        partial.bytes.reserve(most.min(MAX_RESERVED_BYTES) as usize);
        loop {
            let n_read = partial.bytes.len() as u64 - n_before;
            let spent = self.clock.elapsed().saturating_sub(started);
            if spent > self.policy.limit(n_before.saturating_add(n_read)) {
                let reason =
                    format!("it sends too slowly: {n_read} bytes in {} s", spent.as_secs());
                let error = StoreError::Network { location: location.clone(), reason };
                return Err(Fault { error, again: Again::Never });
            }
            match self.in_time(location, "sent nothing more", body.next()).await? {
                Some(Ok(chunk)) => {
                    if n_read + chunk.len() as u64 > most {
                        return Err(too_long(location, &part, length));
                    }
                    partial.bytes.extend_from_slice(&chunk);
                }
                Some(Err(error)) => {
                    let text = format!("the body broke off after {n_read} bytes: {error}");
                    return Err(broken(location, text));
                }
                None => match length {
                    Length::Exactly(n_bytes) if n_read < n_bytes => {
                        let text = format!("the body ended after {n_read} of {n_bytes} bytes");
                        return Err(broken(location, text));
                    }
                    _ => break,
                },
            }
        }
        let n_read = partial.bytes.len() as u64 - n_before;
        let done = self.clock.elapsed();
        self.pace.add(answered.saturating_sub(sent), done.saturating_sub(answered), n_read);
        let Partial { bytes, validator } = std::mem::take(partial);
        Ok(Content { bytes: bytes.freeze(), validator: validator.or(&told) })
    }

    async fn send(
        &self,
        location: &Location,
        part: &Part,
        memory: Memory,
    ) -> Result<Response, Fault> {
        let range = match part {
            Part::Range(range) => Some(range.clone()),
            Part::Whole { .. } => None,
        };
        let reuse = match (self.reuse, self.seen().reuse(location), memory) {
            (Reuse::Never, _, _) | (_, Reuse::Never, _) => Reuse::Never,
            (Reuse::Validated, _, _) | (_, _, Memory::Replace) => Reuse::Validated,
            (Reuse::Fresh, reuse, Memory::Agree) => reuse,
        };
        let request = Request { url: self.url(location), range, reuse };
        let answer = self.in_time(location, "did not answer", self.transport.send(request)).await?;
        answer.map_err(|error| {
            let location = location.clone();
            match error {
                TransportError::Away { reason } => {
                    Fault { error: StoreError::Away { location, reason }, again: Again::Soon }
                }
                TransportError::Blocked { origin, reason } => Fault {
                    error: StoreError::Blocked { location, origin, reason },
                    again: Again::Never,
                },
                TransportError::Encoded { encoding } => {
                    Fault { error: StoreError::Encoded { location, encoding }, again: Again::Never }
                }
                TransportError::Broken { reason } => broken(&location, reason),
            }
        })
    }

    /// Compares what an answer tells of the file with what earlier ones told.
    fn compare(&self, location: &Location, told: &Validator, memory: Memory) -> Result<(), Fault> {
        if *told == Validator::default() {
            return Ok(());
        }
        match memory {
            Memory::Replace => self.seen().replace(location, told.clone()),
            Memory::Agree => self.seen().agree(location, told).map_err(|reason| Fault {
                error: StoreError::Changed { location: location.clone(), reason },
                again: Again::Never,
            })?,
        }
        Ok(())
    }

    async fn in_time<T>(
        &self,
        location: &Location,
        what: &str,
        work: impl Future<Output = T> + Unpin,
    ) -> Result<T, Fault> {
        match select(work, self.clock.sleep(self.policy.stall)).await {
            Either::Left((outcome, _)) => Ok(outcome),
            Either::Right(_) => {
                let text = format!("the server {what} for {} s", self.policy.stall.as_secs_f64());
                Err(broken(location, text))
            }
        }
    }
}

fn too_long(location: &Location, part: &Part, length: Length) -> Fault {
    match (part, length) {
        (Part::Range(range), _) => {
            wrong_bytes(location, range, "more bytes came, and the rest was not read".to_owned())
        }
        (Part::Whole { .. }, Length::Exactly(n_bytes)) => {
            let reason = "more bytes came than the server announced".to_owned();
            wrong_bytes(location, &(0..n_bytes), reason)
        }
        (Part::Whole { max_bytes }, Length::AtMost(_)) => {
            let (location, limit_bytes) = (location.clone(), *max_bytes);
            Fault { error: StoreError::TooLarge { location, limit_bytes }, again: Again::Never }
        }
    }
}

fn broken(location: &Location, reason: String) -> Fault {
    let location = location.clone();
    Fault { error: StoreError::Network { location, reason }, again: Again::Soon }
}

/// `error` with how it went on.
fn amended(error: StoreError, text: &str) -> StoreError {
    match error {
        StoreError::Network { location, reason } => {
            StoreError::Network { location, reason: format!("{reason} ({text})") }
        }
        StoreError::Away { location, reason } => {
            StoreError::Away { location, reason: format!("{reason} ({text})") }
        }
        other => other,
    }
}
