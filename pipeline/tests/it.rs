//! The pipeline over real folders, servers and processes, in one program: linking DataFusion takes longer than
//! most of these tests run.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends where something is not as it should be"
)]

mod crashes;
mod describe;
mod expectations;
mod failing_store;
mod incremental;
mod lock;
mod marketplace;
mod object_stores;
mod pipeline_build;
mod two_builds;
mod upkeep;
