//! What `lakefront` says to `lakefront-ballista`, and what it hears when there are no rows.
//!
//! The request is one line of JSON on standard input, which stays open for as long as somebody waits for the rows.
//! They come as one Arrow IPC stream on standard output. An error is one line of JSON on standard error, and the
//! exit code is not 0 then. Both programs compile this file.

use serde::{Deserialize, Serialize};

/// The form of [`Request`]. A program that knows another one refuses.
pub const FORM: u32 = 1;

/// One query, and all that it reads.
#[derive(Debug, Serialize, Deserialize)]
pub struct Request {
    /// [`FORM`].
    pub form: u32,
    /// `host:port` of the scheduler.
    pub scheduler: String,
    /// What the job is called on the cluster.
    pub job: String,
    /// The tables.
    pub tables: Vec<Table>,
    /// The views, each behind those that it reads.
    pub views: Vec<View>,
    /// The query.
    pub sql: String,
}

/// A table: live Parquet files, grouped by what their names say and they do not hold.
#[derive(Debug, Serialize, Deserialize)]
pub struct Table {
    /// The layer.
    pub schema: String,
    /// The name in the layer.
    pub name: String,
    /// All columns in order, as the base64 of an Arrow IPC stream without a batch.
    pub columns: String,
    /// The columns that are not in the files.
    pub partition_columns: Vec<String>,
    /// The files.
    pub groups: Vec<Group>,
    /// How large the files are together.
    pub size_bytes: u64,
}

/// Files of a table with the same values of its partition columns.
#[derive(Debug, Serialize, Deserialize)]
pub struct Group {
    /// The values, in the order of the columns.
    pub values: Vec<Option<String>>,
    /// Where the files are.
    pub urls: Vec<String>,
}

/// A query that is part of other queries.
#[derive(Debug, Serialize, Deserialize)]
pub struct View {
    /// The layer.
    pub schema: String,
    /// The name in the layer.
    pub name: String,
    /// The query.
    pub sql: String,
}

/// Why there are no rows, or not all of them.
#[derive(Debug, Serialize, Deserialize)]
pub struct Refusal {
    /// How far it came.
    pub stage: Stage,
    /// What was said.
    pub reason: String,
}

/// Where a query ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The request is not right.
    Request,
    /// The scheduler does not answer.
    Connect,
    /// The query does not fit its tables.
    Plan,
    /// The cluster gave it up.
    Run,
}
