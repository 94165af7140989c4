//! Messages between the page and the server.

use serde::{Deserialize, Serialize};

/// Path under which the server serves the lake's root.
pub const LAKE_PREFIX: &str = "/lake/";

/// Path of the compiled catalog below the lake's root.
pub const CATALOG_PATH: &str = "_lakefront/catalog.json";

/// Body of `POST /api/login`. Answered by [`SessionReply`] and a cookie, or by status 401 with a
/// [`crate::Failure`] that is the same for an unknown user and a wrong password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for LoginRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginRequest").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Body of a log-in, and of `GET /api/session`, where it is null when nobody is logged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionReply {
    /// Who is logged in.
    pub user: String,
    /// What he may do.
    pub role: Role,
    /// When the session ends unless it is used, UTC microseconds.
    pub expires_at_us: i64,
}

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Admin,
    /// Reads dashboards.
    Viewer,
}

/// Body of `POST /api/logout`; also answered when nobody was logged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogoutReply {
    /// Whether there was a session that has now ended.
    pub ended: bool,
}
