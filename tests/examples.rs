//! Each project below `examples/` that brings its own sources, built by the binary as a person builds it. Its gold
//! tables and the answers to its questions are compared with `expected/*.csv`, and with what DuckDB makes of the
//! same sources.

mod duckdb;
pub mod project;
mod replay;
mod rows;
mod shop_sync;
mod whole;
