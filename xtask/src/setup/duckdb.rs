//! A Python that has DuckDB. Tests compare lakes with what DuckDB makes of the same source files.

use super::python;
use crate::workspace::Workspace;
use std::path::PathBuf;

/// Finds or makes the Python.
///
/// # Errors
/// When it cannot be made; names what to do by hand.
pub fn ensure(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let why = "an independent engine checks the examples";
    Ok(python::ensure(workspace, "duckdb", &["duckdb==2.0.0"], why)?.join("python"))
}
