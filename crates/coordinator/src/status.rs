//! Where the session, the catalog and the engine stand, and what the viewer is told of it.

use catalog::{Catalog, Name};
use protocol::{Extent, Failure, RequestId, SessionReply, TableVersion};
use std::sync::Arc;

/// Who the server says is there.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Session {
    /// Not known yet.
    #[default]
    Asking,
    /// The server could not be asked.
    Unreachable(Failure),
    /// Nobody: the log-in form is shown.
    LoggedOut(Login),
    /// This user.
    LoggedIn(SessionReply),
}

/// Where the log-in form stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Login {
    /// Waits for the viewer.
    Idle,
    /// Waits for the server.
    Sending,
    /// The server said no.
    Refused(Failure),
}

/// Whether the catalog is there.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum CatalogState {
    /// Not asked for, or on its way.
    #[default]
    Awaited,
    /// There.
    Loaded(Arc<Catalog>),
    /// It could not be fetched or read.
    Failed(Failure),
}

/// Where the engine's worker stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Engine {
    /// It loads and compiles.
    #[default]
    Starting,
    /// It takes requests, no lake is open.
    Ready,
    /// It opens the lake.
    Opening {
        /// The request.
        id: RequestId,
    },
    /// It answers questions.
    Open,
    /// It could not open the lake.
    OpenFailed(Failure),
    /// It died too often in a row and is not started again by itself.
    GivenUp {
        /// Its last words.
        message: String,
    },
}

/// The lake as the engine opened it.
#[derive(Debug, Clone, PartialEq)]
pub struct Lake {
    /// The version of each table of the catalog, in its order.
    pub tables: Vec<TableVersion>,
    /// The days that each time dimension has.
    pub extents: Vec<Extent>,
}

impl Lake {
    /// When the oldest of its table versions was committed, UTC microseconds: no panel is fresher
    /// than this, and none is older. `None` when no table says.
    pub fn committed_at_us(&self) -> Option<i64> {
        self.tables.iter().filter_map(|table| table.committed_at_us).min()
    }

    /// When the oldest of its logs was read, UTC microseconds, among those that could not be
    /// compared with the network's; `None` when all of them could.
    pub fn stale_since_us(&self) -> Option<i64> {
        self.tables.iter().filter_map(|table| table.stale_since_us).min()
    }

    /// Whether `other` is the same state of the same tables. That one of them could be compared
    /// with the network's and the other could not makes no difference.
    pub fn is_same_state(&self, other: &Lake) -> bool {
        let bare = |lake: &Lake| {
            let tables = lake.tables.iter();
            let tables = tables.map(|table| TableVersion { stale_since_us: None, ..table.clone() });
            tables.collect::<Vec<_>>()
        };
        self.extents == other.extents && bare(self) == bare(other)
    }
}

/// Whether the browser has a network, as far as it knows: one without a way to the server counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Network {
    /// It has one.
    #[default]
    Present,
    /// It has none.
    Away,
}

/// What is shown may be out of date: the network is away, or a server of the lake is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offline {
    /// Since when, UTC microseconds: what is shown was the newest then. `None` when the lake was
    /// compared with the network's as it was opened, and the network went away after that.
    pub since_us: Option<i64>,
    /// The tables of the lake that could not be compared, by name; empty with `since_us` of `None`.
    pub tables: Vec<Name>,
}

/// Something that the viewer is told once, until he dismisses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The engine died and was started again; nothing is lost.
    EngineRestarted {
        /// Its last words.
        message: String,
    },
    /// The URL named parameters that mean nothing here.
    IgnoredParameters {
        /// Their names.
        names: Vec<String>,
    },
    /// The session ended while the page was in use.
    SessionEnded,
    /// The server could not end the session.
    LogoutFailed(Failure),
    /// The tables have not changed since they were last read.
    NothingNew,
    /// The network is still away, so nobody knows whether there is anything newer.
    StillOffline,
    /// A file of the version that was shown was removed; the newest version is shown instead.
    VersionGone {
        /// Which version of which table, and the newest one.
        message: String,
    },
}
