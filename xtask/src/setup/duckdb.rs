//! A Python that has DuckDB. Tests compare lakes with what DuckDB makes of the same source files.

use super::python;
use crate::workspace::Workspace;
use std::path::PathBuf;

/// Names the Python of [`ensure_with_delta`] to the tests.
pub const DELTA_VARIABLE: &str = "LAKEFRONT_DUCKDB_DELTA_PYTHON";

/// Finds or makes a Python whose DuckDB reads Delta tables by itself. The extension comes for an older DuckDB only.
///
/// # Errors
/// As [`ensure`].
pub fn ensure_with_delta(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let why = "an independent reader of Delta checks every number of the dashboards";
    let packages = ["duckdb==1.4.4", "duckdb-ext-delta==1.4.4.20260205"];
    Ok(python::ensure(workspace, "duckdb-delta", &packages, why)?.join("python"))
}

/// Finds or makes the Python.
///
/// # Errors
/// When it cannot be made; names what to do by hand.
pub fn ensure(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let why = "an independent engine checks the examples";
    Ok(python::ensure(workspace, "duckdb", &["duckdb==2.0.0"], why)?.join("python"))
}
