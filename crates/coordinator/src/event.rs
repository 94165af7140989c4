//! What can happen to the page, and what the shell may be told to do about it.

use crate::{Network, Notice, Place, RangeChoice, Slot, TablesEvent, Told, Watched};
use catalog::{Catalog, Name};
use protocol::{Ask, Extent, Failure, LoginRequest, RequestId, SessionReply, TableVersion};
use std::sync::Arc;

/// Everything that can happen. Closed on purpose: read this enum to know the dashboard.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The page has loaded. The first event, and only once.
    Started {
        /// The place that the URL's path names.
        place: Place,
        /// The URL's query, with or without the leading `?`.
        query: String,
        /// Absolute URL of the lake's root, ending in `/`.
        lake_url: String,
    },
    /// The browser went back or forward to a URL with this query.
    UrlChanged {
        /// The place that the URL's path names.
        place: Place,
        /// The URL's query, with or without the leading `?`.
        query: String,
    },

    /// The server said who is logged in; [`protocol::ErrorCode::Unauthorized`] means nobody.
    SessionAnswered(Result<SessionReply, Failure>),
    /// The log-in form was sent.
    LoginSubmitted(LoginRequest),
    /// The server answered the log-in form.
    LoginAnswered(Result<SessionReply, Failure>),
    /// The viewer wants to log out.
    LogoutChosen,
    /// The server answered the log-out.
    LogoutAnswered(Result<(), Failure>),
    /// The viewer logged out in another tab of this browser.
    LoggedOutElsewhere,
    /// The catalog came, or did not.
    CatalogAnswered(Result<Arc<Catalog>, Failure>),

    /// The browser lost its network, or found one.
    NetworkChanged {
        /// What it has.
        network: Network,
    },

    /// The worker takes requests.
    WorkerReady,
    /// The worker answered the `Open` of that id.
    Opened {
        /// The request.
        id: RequestId,
        /// The version of each table.
        tables: Vec<TableVersion>,
        /// The days that each time dimension has.
        extents: Vec<Extent>,
    },
    /// The worker answered the question of that id with rows, which the shell holds.
    Replied {
        /// The request.
        id: RequestId,
    },
    /// The worker answered the question about a table of that id.
    TableAnswered {
        /// The request.
        id: RequestId,
        /// The answer.
        told: Told,
    },
    /// The worker could not answer the request of that id.
    Failed {
        /// The request.
        id: RequestId,
        /// Why.
        failure: Failure,
    },
    /// The worker answers nothing more.
    WorkerDied {
        /// Its last words, or what the browser says.
        message: String,
    },
    /// The time is up that [`Effect::Watch`] set.
    Overdue {
        /// What was watched.
        watched: Watched,
    },

    /// The viewer has had enough of an engine that does not answer, and wants another.
    RestartChosen,
    /// Another part of the page was chosen.
    PlaceChosen {
        /// The part.
        place: Place,
    },
    /// Something happened on the page about tables.
    Tables(TablesEvent),
    /// Another dashboard of the catalog was chosen.
    DashboardChosen {
        /// Its name.
        dashboard: Name,
    },
    /// Another range of days was chosen.
    RangeChosen {
        /// The range.
        range: RangeChoice,
    },
    /// A mark was clicked: its value joins the filter, or leaves it.
    Toggled {
        /// The dimension of the panel.
        dimension: Name,
        /// The mark's value; `None` is null.
        value: Option<String>,
    },
    /// The filter on one dimension was taken away.
    DimensionCleared {
        /// The dimension.
        dimension: Name,
    },
    /// All filters were taken away; the range stays.
    SelectionCleared,
    /// The viewer wants the newest version of the tables.
    Refreshed,
    /// The viewer wants a failed panel to ask again.
    PanelRetried {
        /// The panel.
        panel: Name,
    },
    /// The viewer wants whatever holds the whole page up to be tried again.
    Retried,
    /// The viewer has read a notice.
    NoticeDismissed {
        /// The notice.
        notice: Notice,
    },
}

/// Everything the shell may be told to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Ask the server who is logged in; answer with [`Event::SessionAnswered`].
    AskSession,
    /// Log in; answer with [`Event::LoginAnswered`].
    LogIn(LoginRequest),
    /// Log out; answer with [`Event::LogoutAnswered`].
    LogOut,
    /// Fetch the catalog; answer with [`Event::CatalogAnswered`].
    FetchCatalog,
    /// Have the browser keep the page's own files, so that it opens without a network. Nothing
    /// answers: a browser that cannot is no worse off.
    KeepPage,
    /// End the worker that runs, if any, and start one. Nothing that the old one still says is
    /// handed on.
    StartWorker {
        /// How long to wait before the start, so that a worker that dies at once does not spin.
        delay_ms: u32,
    },
    /// End the worker that runs.
    StopWorker,
    /// Emit [`Event::Overdue`] once the time is up, whatever happens meanwhile.
    Watch {
        /// What to say then.
        watched: Watched,
        /// The time.
        after_ms: u32,
    },
    /// Post a request to the worker.
    Send {
        /// A number never used before.
        id: RequestId,
        /// What is asked.
        ask: Ask,
    },
    /// Tell the worker that nobody waits for the request of that id.
    Cancel {
        /// The request.
        id: RequestId,
    },
    /// Show the rows of `id` in a panel.
    Show {
        /// The panel.
        panel: Name,
        /// Where in the panel.
        slot: Slot,
        /// The request whose rows the shell holds.
        id: RequestId,
    },
    /// Take away what a panel shows there.
    Blank {
        /// The panel.
        panel: Name,
        /// Where in the panel.
        slot: Slot,
    },
    /// Drop the rows of `id`: nothing shows them and nothing will.
    Forget {
        /// The request.
        id: RequestId,
    },
    /// Write the page's state into the URL.
    WriteUrl {
        /// Which part of the page is shown.
        place: Place,
        /// The query, without `?`; may be empty.
        query: String,
    },
}
