//! Which path is answered by whom.

use crate::clock::Clock;
use crate::lake::{self, Lake};
use crate::login::{self, Checking, LoginPolicy};
use crate::page::{self, Page};
use crate::refusal::Refusal;
use crate::session::Sessions;
use crate::throttle::Throttle;
use crate::users::{Accounts, PasswordError, UserFile, UserFileError};
use crate::{access_log, headers};
use axum::Router;
use axum::middleware::{from_fn, map_response};
use axum::routing::{get, post};
use std::path::PathBuf;
use std::sync::Arc;

/// What a server serves, and to whom.
#[derive(Debug, Clone)]
pub struct Config {
    /// The lake's root folder.
    pub lake_root: PathBuf,
    /// The users' file.
    pub users_path: PathBuf,
    /// The page.
    pub page: Page,
    /// Sessions and log-ins.
    pub login: LoginPolicy,
}

/// Why there is nothing to serve.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The lake is not there or is not a folder.
    #[error("there is no lake at {path}")]
    NoLake {
        /// Where it was looked for.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The lake was not built to its end.
    #[error("the lake has no catalog at {path}")]
    NoCatalog {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Nobody could log in.
    #[error("{path} has no users, so nobody could log in")]
    NoUsers {
        /// The users' file.
        path: PathBuf,
    },
    /// The users' file is missing or not right.
    #[error(transparent)]
    Users(#[from] UserFileError),
    /// No password could be checked.
    #[error("passwords cannot be checked")]
    Passwords(#[from] PasswordError),
}

/// What the handlers share.
pub(crate) struct App {
    pub(crate) lake: Lake,
    pub(crate) page: Page,
    pub(crate) accounts: Accounts,
    pub(crate) sessions: Sessions,
    pub(crate) throttle: Throttle,
    pub(crate) checking: Checking,
    pub(crate) clock: Arc<dyn Clock>,
}

/// The whole server as a service, after looking that everything it needs is there.
///
/// The address of the client is taken from the [`listen::Peer`](crate::listen::Peer) of a request;
/// without one, all clients count as one.
///
/// # Errors
/// [`ConfigError`] when the lake, its catalog or the users are missing or not right.
pub fn router(config: Config, clock: Arc<dyn Clock>) -> Result<Router, ConfigError> {
    let lake = Lake::open(&config.lake_root)?;
    if UserFile::open_existing(&config.users_path)?.users().is_empty() {
        return Err(ConfigError::NoUsers { path: config.users_path });
    }
    let app = App {
        lake,
        page: config.page,
        accounts: Accounts::new(config.users_path),
        sessions: Sessions::new(config.login.session_limits()),
        throttle: Throttle::new(config.login.throttle_limits()),
        checking: Checking::new(&config.login)?,
        clock,
    };
    let router = Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/api/login", post(login::enter))
        .route("/api/logout", post(login::leave))
        .route("/api/session", get(login::show))
        .route("/lake/", get(lake::read))
        .route("/lake/{*path}", get(lake::read))
        .route("/", get(page::home))
        .route("/admin", get(page::index))
        .route("/admin/", get(page::index))
        .route("/admin/{*path}", get(page::index))
        .fallback(page::asset)
        .method_not_allowed_fallback(|| async { Refusal::method_not_allowed() })
        .with_state(Arc::new(app))
        .layer(map_response(headers::harden))
        .layer(from_fn(access_log::record));
    Ok(router)
}
