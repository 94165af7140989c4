//! Every message between page, worker and server, and the error codes. Types only: nothing here
//! sends, waits or stores.
//!
//! Page and worker are built from one commit, so both use these very types. A message to the worker
//! is the JSON of a [`Request`]; a message from it is an array of two: the JSON of a [`Reply`], and
//! an `ArrayBuffer` (transferred) or null. Rows are an Arrow IPC stream in that buffer, never JSON.

mod engine;
mod failure;
mod http;
mod table;

pub use engine::{Answer, Ask, Extent, Part, ReadFacts, Reply, Request, RequestId, TableVersion};
pub use failure::{ErrorCode, Failure};
pub use http::{CATALOG_PATH, LAKE_PREFIX, LoginRequest, LogoutReply, Role, SessionReply};
pub use table::{
    At, ChunkLayout, ColumnBounds, ColumnDescription, CommitDescription, Comparison, Condition,
    Cost, FileDescription, FileLayout, Files, History, PageLayout, ProtocolDescription, RowForm,
    RowGroupLayout, RowsSpec, TableAt, TableDescription, TableKind, Versions,
};
