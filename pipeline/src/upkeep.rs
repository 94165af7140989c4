//! Upkeep of a lake: files of a good size in a good order, none that nobody needs, a short log.
//!
//! Of each table, in this order:
//!
//! ```text
//! properties    how often checkpoints are made, how long history is kept, which columns have statistics
//! optimize      small, unsorted or unmeasured files are written anew           -> layout, rewrite
//! checkpoint    the log's state in one file                                    -> history
//! vacuum        files that no version within the retention has are deleted     -> vacuum
//! log           commits that no such version needs are deleted                 -> history
//! ```
//!
//! No row changes: what is written is counted and compared with what was read before it is committed, and
//! the commits say that they change no row. Transactions of other applications, among them those by which
//! a build knows its state, stay as they are. All of it happens under the lake's lock.

mod cut;
mod file;
mod history;
mod layout;
mod properties;
mod retention;
mod rewrite;
mod table;
mod tables;
mod vacuum;
mod zorder;

pub use layout::Order;
pub(crate) use properties::of_new_tables;
pub use retention::{MIN_RETENTION, Retention, RetentionError};
pub use tables::tables;

use crate::build::SelectError;
use crate::catalog_json::CompileError;
use crate::lake::{Clock, Holder, Lock, LockError, Root, RootError, Wait, cause, panic_message};
use crate::memory::SharedMemory;
use crate::model::ModelError;
use datafusion::prelude::SessionContext;
use deltalake::delta_datafusion::DeltaSessionContext;
use futures::FutureExt;
use std::num::NonZeroU64;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

/// The size of a data file that a browser reads in a few ranges and a list of files stays short with.
pub const TARGET_SIZE_BYTES: NonZeroU64 = NonZeroU64::new(64 * 1024 * 1024).unwrap();

/// What sorting takes before it spills to disk.
pub const MEMORY_BYTES: usize = 1024 * 1024 * 1024;

/// A table and what is known of its use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Where it lies in the lake, such as `silver/orders`.
    pub location: String,
    /// The order of its rows.
    pub order: Order,
    /// Columns by which readers leave files out: each gets a least and a greatest value in the log.
    pub filtered: Vec<String>,
    /// The oldest version that somebody still reads from, whatever its age.
    pub needed_version: Option<u64>,
    /// The oldest version that somebody has read, and will ask what changed since: the commits after it stay.
    pub known_version: Option<u64>,
}

/// Which part of the work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Work {
    /// All of it.
    #[default]
    All,
    /// Files are written anew; none is deleted.
    Optimize,
    /// Files and commits are deleted; none is written.
    Vacuum,
}

/// Whether the work is done or only planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// It is done.
    #[default]
    Do,
    /// Nothing is written and nothing deleted.
    Plan,
}

/// How upkeep is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Which part.
    pub work: Work,
    /// Done or planned.
    pub mode: Mode,
    /// About how large a file becomes; those below half of it are small.
    pub target_size_bytes: NonZeroU64,
    /// How far back the tables can be read.
    pub retention: Retention,
    /// What sorting takes before it spills to disk.
    pub memory_bytes: usize,
    /// What is done while somebody else holds the lake.
    pub wait: Wait,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            work: Work::default(),
            mode: Mode::default(),
            target_size_bytes: TARGET_SIZE_BYTES,
            retention: Retention::default(),
            memory_bytes: MEMORY_BYTES,
            wait: Wait::Refuse,
        }
    }
}

/// What was done with one table, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableReport {
    /// Where it lies in the lake.
    pub location: String,
    /// Its version before.
    pub version_before: u64,
    /// Its version after.
    pub version: u64,
    /// Its files before.
    pub before: Files,
    /// Its files after; those before when it was only planned.
    pub after: Files,
    /// Files of the table that were written anew.
    pub rewritten: Files,
    /// Rows, the same before and after; `None` when the log does not count those of every file.
    pub n_rows: Option<u64>,
    /// Files that were deleted because no version within the retention has them.
    pub deleted: Files,
    /// The version of the checkpoint that was made.
    pub checkpoint: Option<u64>,
    /// Files of the log that were deleted.
    pub n_log_files_deleted: u64,
    /// From the start to the end.
    pub elapsed_ms: u64,
}

/// Some files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Files {
    /// How many.
    pub n_files: u64,
    /// How large together.
    pub size_bytes: u64,
}

/// What happens during upkeep.
#[derive(Debug, Clone, Copy)]
pub enum Event<'e> {
    /// Somebody else writes the lake, and upkeep waits for them.
    Waiting {
        /// Who, as far as it is known.
        holder: Option<&'e Holder>,
    },
    /// A table is done.
    Done(&'e TableReport),
}

/// Upkeep that did not come to its end. Every table is at a commit, with all of its rows.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    /// Somebody else holds the lake.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The lake cannot be used.
    #[error(transparent)]
    Root(#[from] RootError),
    /// A model is not right.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The catalog is not right.
    #[error(transparent)]
    Catalog(#[from] CompileError),
    /// The selection names nothing.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// A table cannot be read or written.
    #[error("{place}: {action}: {}", cause(source.as_ref()))]
    Table {
        /// The table's folder or URL.
        place: String,
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        source: BoxedError,
    },
    /// A column that the table lacks.
    #[error("{place}: {key} names column {column:?}, the table has: {known}")]
    Column {
        /// The table's folder or URL.
        place: String,
        /// What names it.
        key: &'static str,
        /// The column.
        column: String,
        /// The table's columns, comma-separated.
        known: String,
    },
    /// The rows written are not as many as the rows read. Nothing of it is committed.
    #[error(
        "{place}: {n_written} rows were written in place of {n_before}, nothing is committed; the log \
         or the files do not say the truth about the table"
    )]
    Rows {
        /// The table's folder or URL.
        place: String,
        /// What the log says.
        n_before: u64,
        /// What was written.
        n_written: u64,
    },
}

/// The reason in an error.
pub type BoxedError = Box<dyn std::error::Error + Send + Sync>;

/// Does the upkeep of `tables` of the lake at `root` and says to `progress` what happens. Locations at which
/// there is no table are left out.
///
/// # Errors
/// [`UpkeepError`]. Tables that were told of before are done.
pub async fn run(
    root: &Root,
    tables: &[Table],
    options: &Options,
    clock: &Clock,
    mut progress: impl FnMut(Event<'_>),
) -> Result<Vec<TableReport>, UpkeepError> {
    let lock = match options.mode {
        Mode::Plan => None,
        Mode::Do => {
            let waiting = |holder: Option<&Holder>| progress(Event::Waiting { holder });
            Some(Lock::take(root, "upkeep", clock, options.wait, waiting).await?)
        }
    };
    let watched = lock.as_ref().map(|lock| root.watched(lock.watch()));
    let root = watched.as_ref().unwrap_or(root);
    let done = run_locked(root, tables, options, clock, lock.as_ref(), &mut progress);
    let done = AssertUnwindSafe(done).catch_unwind().await.unwrap_or_else(|payload| {
        Err(UpkeepError::Table {
            place: root.to_string(),
            action: "the engine panicked",
            source: panic_message(payload.as_ref()).into(),
        })
    });
    if let Some(lock) = lock {
        // What was done comes first. A lake that cannot be given back is taken over by whoever wants it next.
        let _ = lock.release().await;
    }
    done
}

async fn run_locked(
    root: &Root,
    tables: &[Table],
    options: &Options,
    clock: &Clock,
    lock: Option<&Lock>,
    progress: &mut impl FnMut(Event<'_>),
) -> Result<Vec<TableReport>, UpkeepError> {
    let ctx = session(options.memory_bytes).map_err(|source| UpkeepError::Table {
        place: root.to_string(),
        action: "the engine does not start",
        source,
    })?;
    let mut reports = Vec::with_capacity(tables.len());
    for table in tables {
        let start = Instant::now();
        let run = table::Run { root, table, options, clock, lock, ctx: &ctx };
        let Some(mut done) = run.run().await? else { continue };
        done.elapsed_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        progress(Event::Done(&done));
        reports.push(done);
    }
    if lock.is_some() && options.work != Work::Optimize {
        vacuum::sweep(root, clock);
    }
    Ok(reports)
}

/// One partition, so that rows are written in the order in which they come.
fn session(memory_bytes: usize) -> Result<SessionContext, BoxedError> {
    let runtime = SharedMemory::runtime(memory_bytes)?;
    let ctx = DeltaSessionContext::with_runtime_env(runtime).into_inner();
    ctx.state_ref().write().config_mut().options_mut().execution.target_partitions = 1;
    Ok(ctx)
}

impl Files {
    /// One more, of so many bytes.
    fn add(&mut self, size_bytes: u64) {
        self.n_files += 1;
        self.size_bytes += size_bytes;
    }
}
