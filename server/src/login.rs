//! Logging in and out, and asking who one is.
//!
//! An unknown user costs the same hash and gets the same answer as a wrong password, so names
//! cannot be guessed. Hashing is slow and large on purpose, so only a few run at a time.

use crate::listen::Peer;
use crate::refusal::Refusal;
use crate::router::App;
use crate::throttle::Key;
use crate::users::{self, Fingerprint};
use crate::{cookie, session, throttle};
use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Extension, State};
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use protocol::{ErrorCode, LoginRequest, LogoutReply, Role, SessionReply};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Longest body of a log-in; a name and a password fit many times.
const MAX_BODY_BYTES: usize = 8 * 1024;
/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// How long sessions last, and how much guessing is allowed.
#[derive(Debug, Clone)]
pub struct LoginPolicy {
    /// A session that is not used for so long ends.
    pub idle: Duration,
    /// A session ends so long after its log-in in any case.
    pub absolute: Duration,
    /// Above so many sessions, the one that was not used for longest ends.
    pub max_sessions: usize,
    /// Wrong passwords for one user from one address before the first wait.
    pub max_failures: u32,
    /// The first wait; each further failure doubles it.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
    /// Failures are forgotten so long after the last one; longer than the longest wait.
    pub forget_after: Duration,
    /// Users and addresses whose failures are counted at a time.
    pub max_tallies: usize,
    /// Passwords checked at a time, 19 MiB and one core each.
    pub max_checking: usize,
    /// Log-ins that may wait for that; more are told to come again.
    pub max_waiting: usize,
}

impl Default for LoginPolicy {
    fn default() -> LoginPolicy {
        const HOUR: Duration = Duration::from_secs(3_600);
        LoginPolicy {
            idle: HOUR * 12,
            absolute: HOUR * 24 * 7,
            max_sessions: 10_000,
            max_failures: 5,
            first_wait: Duration::from_secs(30),
            longest_wait: Duration::from_secs(15 * 60),
            forget_after: HOUR,
            max_tallies: 10_000,
            max_checking: 2,
            max_waiting: 32,
        }
    }
}

fn to_us(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl LoginPolicy {
    pub(crate) fn session_limits(&self) -> session::Limits {
        session::Limits {
            idle_us: to_us(self.idle),
            absolute_us: to_us(self.absolute),
            max_sessions: self.max_sessions,
        }
    }

    pub(crate) fn throttle_limits(&self) -> throttle::Limits {
        throttle::Limits {
            max_failures: self.max_failures,
            first_wait_us: to_us(self.first_wait),
            longest_wait_us: to_us(self.longest_wait),
            forget_after_us: to_us(self.forget_after),
            max_tallies: self.max_tallies,
        }
    }
}

/// The place where passwords are checked.
pub(crate) struct Checking {
    /// Stands in for an unknown user's hash.
    decoy: String,
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Checking {
    /// # Errors
    /// [`users::PasswordError`] when there is no memory for one hash.
    pub(crate) fn new(policy: &LoginPolicy) -> Result<Checking, users::PasswordError> {
        Ok(Checking {
            decoy: users::hash(&users::generate_password())?,
            running: Arc::new(Semaphore::new(policy.max_checking)),
            waiting: Arc::new(Semaphore::new(policy.max_checking + policy.max_waiting)),
        })
    }
}

/// Who asks.
pub(crate) struct Viewer {
    user: String,
    role: Role,
    expires_at_us: i64,
}

impl From<Viewer> for SessionReply {
    fn from(viewer: Viewer) -> SessionReply {
        let Viewer { user, role, expires_at_us } = viewer;
        SessionReply { user, role, expires_at_us }
    }
}

/// The viewer whose session the request carries. His role is the one that the users' file has now.
///
/// # Errors
/// A refusal when there is no session, it has ended, or its user is gone or has another password.
pub(crate) async fn authenticate(app: &App, headers: &HeaderMap) -> Result<Viewer, Refusal> {
    let id = cookie::session_id(headers).ok_or_else(Refusal::no_session)?;
    let now_us = app.clock.now_us();
    let session = app.sessions.touch(id, now_us).ok_or_else(Refusal::no_session)?;
    let accounts = app.accounts.current().await.map_err(Refusal::internal)?;
    match accounts.user(&session.user) {
        Some(user) if Fingerprint::of(user) == session.fingerprint => {
            Ok(Viewer { user: session.user, role: user.role, expires_at_us: session.expires_at_us })
        }
        _ => {
            app.sessions.end(id, now_us);
            Err(Refusal::no_session())
        }
    }
}

/// `GET /api/session`: null when nobody is logged in, so that a first visit is no error.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Json<Option<SessionReply>>, Refusal> {
    match authenticate(&app, &headers).await {
        Ok(viewer) => Ok(Json(Some(viewer.into()))),
        Err(refusal) if refusal.is_no_session() => Ok(Json(None)),
        Err(refusal) => Err(refusal),
    }
}

/// `POST /api/login`.
pub(crate) async fn enter(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    refuse_other_sites(&headers)?;
    let LoginRequest { user, password } = read_body(&headers, body).await?;
    let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Extension(Peer(ip))| ip);
    let key = Key::new(&user, address);

    let Ok(place) = Arc::clone(&app.checking.waiting).try_acquire_owned() else {
        return Err(Refusal::wait(1));
    };
    app.throttle.attempt(key, app.clock.now_us()).map_err(|wait_us| {
        tracing::warn!(%address, "log-in held up after wrong passwords");
        Refusal::wait(u64::try_from(wait_us).unwrap_or(0).div_ceil(1_000_000))
    })?;
    let turn = Arc::clone(&app.checking.running).acquire_owned().await;
    let turn = turn.map_err(Refusal::internal)?;

    let accounts = app.accounts.current().await.map_err(Refusal::internal)?;
    let known = accounts.user(&user);
    let phc = known.map_or(&app.checking.decoy, |user| &user.password_hash).clone();
    // The permits go with the thread: a client that hangs up does not make room for another hash.
    let checked = tokio::task::spawn_blocking(move || {
        let _held = (place, turn);
        users::matches(&password, &phc)
    });
    let right = checked.await.map_err(Refusal::internal)?;
    let Some(account) = known.filter(|_| right) else {
        // Not the name: people type their password there.
        tracing::warn!(%address, "log-in refused");
        return Err(Refusal::wrong_login());
    };

    app.throttle.succeeded(key);
    let now_us = app.clock.now_us();
    if let Some(old) = cookie::session_id(&headers) {
        app.sessions.end(old, now_us);
    }
    let (id, session) = app.sessions.start(&account.name, Fingerprint::of(account), now_us);
    tracing::info!(user = account.name, %address, "logged in");
    let value =
        cookie::keep(&id).ok_or_else(|| Refusal::internal("the session's id is not a header"))?;
    let reply = SessionReply {
        user: session.user,
        role: account.role,
        expires_at_us: session.expires_at_us,
    };
    Ok(([(SET_COOKIE, value)], Json(reply)).into_response())
}

/// `POST /api/logout`.
pub(crate) async fn leave(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    refuse_other_sites(&headers)?;
    let id = cookie::session_id(&headers);
    let user = id.and_then(|id| app.sessions.end(id, app.clock.now_us()));
    if let Some(user) = &user {
        tracing::info!(user, "logged out");
    }
    Ok(([(SET_COOKIE, cookie::drop())], Json(LogoutReply { ended: user.is_some() }))
        .into_response())
}

/// Refuses what a browser sends on behalf of a page from elsewhere.
///
/// `Sec-Fetch-Site` decides when it is there, since no page can forge it and no proxy changes it;
/// else `Origin` must name this host. Clients that are not browsers send neither.
fn refuse_other_sites(headers: &HeaderMap) -> Result<(), Refusal> {
    let same = if let Some(site) = headers.get("sec-fetch-site") {
        site == "same-origin"
    } else if let Some(origin) = headers.get(ORIGIN) {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
        matches!((origin, host), (Some((_, origin)), Some(host)) if origin.eq_ignore_ascii_case(host))
    } else {
        true
    };
    if same {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::FORBIDDEN,
        ErrorCode::Forbidden,
        "the request comes from another site",
    ))
}

async fn read_body(headers: &HeaderMap, body: Body) -> Result<LoginRequest, Refusal> {
    let invalid = |status, message| Err(Refusal::new(status, ErrorCode::InvalidRequest, message));
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return invalid(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the content type is not application/json",
        );
    }
    let bytes = match tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, MAX_BODY_BYTES)).await {
        Err(_) => return invalid(StatusCode::REQUEST_TIMEOUT, "the body took too long"),
        Ok(Err(_)) => {
            return invalid(StatusCode::PAYLOAD_TOO_LARGE, "the body is broken off or too long");
        }
        Ok(Ok(bytes)) => bytes,
    };
    match serde_json::from_slice(&bytes) {
        Ok(request) => Ok(request),
        // Not what serde says: it may quote the password.
        Err(_) => invalid(StatusCode::BAD_REQUEST, "the body is not a log-in request"),
    }
}
