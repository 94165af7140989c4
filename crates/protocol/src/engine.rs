//! Messages between the page and the engine's worker.

use crate::{Failure, FileLayout, Files, History, RowForm, RowsSpec, TableAt, TableDescription};
use catalog::{Catalog, Name};
use query::{Date, DateRange, QuerySpec};
use serde::{Deserialize, Serialize};

/// Pairs a reply with its request. The page counts up from 1 and never uses a number twice, also
/// not for a worker that replaces another; 0 marks what the worker says unasked.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct RequestId(pub u32);

/// What the page sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Chosen by the page.
    pub id: RequestId,
    /// What is asked.
    pub ask: Ask,
}

/// What the page can ask of the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Opens a lake; the first request to a worker. Answered by [`Answer::Opened`].
    Open {
        /// Absolute URL of the lake's root, ending in `/`. Locations of tables are relative to it.
        lake_url: String,
        /// The compiled catalog.
        catalog: Box<Catalog>,
        /// What the engine may use for hash tables, sorts and caches; its default when `None`.
        #[serde(default)]
        memory_bytes: Option<u64>,
    },
    /// Removes what the browser keeps of the lake beyond the page: somebody logged out. Answered by
    /// [`Answer::Forgotten`].
    Forget,
    /// Asks a question. Answered by [`Answer::Rows`].
    Query(QuerySpec),
    /// What a table is. Answered by [`Answer::Described`].
    Describe(TableAt),
    /// At most `limit` commits of a Delta table before version `before`, or its newest ones.
    /// Answered by [`Answer::History`].
    History {
        /// The table's folder, as in [`TableAt`].
        location: String,
        /// The commits before this version; the newest ones when `None`.
        before: Option<u64>,
        /// At most so many.
        limit: u32,
    },
    /// A page of a table's data files. Answered by [`Answer::Files`].
    Files {
        /// The table.
        table: TableAt,
        /// The first file, from 0.
        offset: u64,
        /// At most so many.
        limit: u32,
    },
    /// The inside of a data file. Answered by [`Answer::Layout`].
    Layout {
        /// The table.
        table: TableAt,
        /// The file's path as in [`crate::FileDescription`].
        path: String,
    },
    /// Rows of a table. Answered by [`Answer::Rows`].
    Rows(RowsSpec),
    /// The rows that came and went between two versions of a Delta table that keeps a change data
    /// feed. Answered by [`Answer::Rows`]: the table's columns, then `_change_type`,
    /// `_commit_version` and `_commit_timestamp`, ordered by version.
    Changes {
        /// The table's folder, as in [`TableAt`].
        location: String,
        /// The first version whose changes are told.
        first: u64,
        /// The last version whose changes are told.
        last: u64,
        /// In what types they come.
        form: RowForm,
    },
    /// Stops the request of that id, which is then answered by nothing. Not answered itself.
    Cancel(RequestId),
    /// The engine's compiled module, for the worker that may replace this one. Answered by
    /// [`Answer::Module`].
    Module,
    /// Makes the engine panic. Only tests of the page's recovery send it.
    Panic,
}

/// What the worker sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The request's id, or 0 for [`Answer::Ready`] and [`Answer::Panicked`].
    pub id: RequestId,
    /// The answer.
    pub answer: Answer,
}

/// What the worker can say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Unasked: the module is compiled and takes requests.
    Ready,
    /// The lake is open.
    Opened {
        /// The version of each table of the catalog, in its order. A version holds until the next
        /// `Open`, so that all panels show one state.
        tables: Vec<TableVersion>,
        /// The days of each table that has the time dimension of a dashboard, in the order of the
        /// tables.
        extents: Vec<Extent>,
    },
    /// The rows come in the buffer beside this message.
    Rows(ReadFacts),
    /// The `WebAssembly.Module` comes beside this message, in place of a buffer.
    Module,
    /// Nothing of the lake is kept any more.
    Forgotten,
    /// What the table is.
    Described(Box<TableDescription>),
    /// Commits of the table.
    History(History),
    /// Data files of the table.
    Files(Files),
    /// The inside of a file.
    Layout(Box<FileLayout>),
    /// The request failed; the engine lives on.
    Failed(Failure),
    /// Unasked, last words: the engine panicked and this worker answers nothing more.
    Panicked {
        /// The panic's text.
        message: String,
    },
}

/// The state of one table that answers were computed from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableVersion {
    /// The table's name in the catalog.
    pub table: Name,
    /// The Delta version; `None` for a plain Parquet file.
    pub version: Option<u64>,
    /// When that version was committed, UTC microseconds; for a Parquet file when it was last
    /// modified, if the server said so.
    pub committed_at_us: Option<i64>,
    /// Data files of that version.
    pub n_files: u64,
    /// Their sizes together.
    pub size_bytes: u64,
    /// When the log was read that this is told from, UTC microseconds, where it could not be
    /// compared with the network's: the table may have moved on since.
    #[serde(default)]
    pub stale_since_us: Option<i64>,
}

/// The days that a table has of a dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Extent {
    /// The table.
    pub table: Name,
    /// The date dimension.
    pub dimension: Name,
    /// The first and the last day; `None` when no row has a day.
    pub range: Option<DateRange>,
    /// The last day that is not in the future of the table's commit, in any zone: what a planned
    /// delivery, a typing error or 9999-12-31 for "never" does not move. Where all days are, or nobody
    /// knows when the commit was, the last one that is not in the future at present; `None` when
    /// there is none.
    pub last_by_commit: Option<Date>,
}

/// What an answer was computed from and what it cost.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ReadFacts {
    /// The tables that were read, the measure's table first.
    pub tables: Vec<TableVersion>,
    /// Data files opened.
    pub n_files_read: u64,
    /// Data files of those tables.
    pub n_files_total: u64,
    /// Row groups read, of those in the opened files.
    #[serde(default)]
    pub row_groups: Part,
    /// Data pages read, of those in the row groups that were looked at page by page.
    #[serde(default)]
    pub pages: Part,
    /// Bytes of data files that the answer needed, cached ones included.
    pub read_bytes: u64,
    /// Bytes of them that came over the network for this answer.
    pub fetched_bytes: u64,
    /// Network requests made for this answer.
    pub n_requests: u64,
    /// From the request's arrival to the answer.
    pub elapsed_ms: f64,
    /// Rows in the answer.
    pub n_rows: u64,
}

/// How many of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Part {
    /// Those that were read.
    pub read: u64,
    /// All of them.
    pub total: u64,
}
