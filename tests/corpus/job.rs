//! What a run and its reading processes say to each other: jobs as lines of JSON on stdin, what is
//! said about them as lines of JSON on stdout.

use protocol::{At, ErrorCode};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One reading, and what it is compared with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// What is read.
    pub read: Read,
    /// What the rows should be.
    pub expect: Expect,
    /// Where the features are looked up: a table's folder or a Parquet file.
    pub features_of: Option<PathBuf>,
}

/// What is read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Read {
    /// A table through the engine.
    Lake {
        /// The folder of the byte store.
        root: PathBuf,
        /// The table below it.
        location: String,
        /// Its state.
        at: At,
    },
    /// A table or file with one file damaged, see [`super::mutant`].
    Mutant {
        /// The table's folder or the Parquet file.
        place: PathBuf,
        /// The file within the table.
        file: String,
        /// How it is damaged.
        seed: u64,
        /// A folder that is made for it and removed afterwards.
        dir: PathBuf,
    },
    /// An Arrow IPC stream that an engine elsewhere answered with.
    Stream(PathBuf),
    /// Nothing: the engine elsewhere refused.
    Nothing,
}

/// What the rows should be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Expect {
    /// Nobody says.
    Unknown,
    /// Those of the Parquet files below this folder.
    Below(PathBuf),
    /// Those that the plain reader reads of this file.
    File(PathBuf),
}

/// What a process says. Of a job first how the reading ended, then how it compares, then the
/// features; `Done` is the last.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Said {
    /// It takes jobs.
    Ready,
    /// The reading ended.
    Read(Ending),
    /// Where the rows differ from the expected ones; `None` when they are equal.
    Compared(Option<String>),
    /// The plain reader cannot read what the rows should be.
    NotCompared(String),
    /// What the plain reader reads where the engine refused: so many rows.
    PlainRows(u64),
    /// What the table asks of a reader.
    Features(Vec<String>),
    /// The job is at its end.
    Done,
}

/// How a reading ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Ending {
    /// With rows.
    Rows {
        /// The Delta version.
        version: Option<u64>,
        /// How many.
        n_rows: u64,
        /// How long it took.
        elapsed_ms: u64,
    },
    /// With a typed error.
    Refused {
        /// Its code.
        code: ErrorCode,
        /// Its text.
        text: String,
        /// How long it took.
        elapsed_ms: u64,
    },
    /// With a panic, an abort or a dead process.
    Panicked {
        /// The panic's text and place, or the last words of the process.
        text: String,
    },
    /// Not at all within the limit.
    TimedOut,
}
