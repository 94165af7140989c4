//! moto, a server that speaks the protocol of S3 on this machine, conditional puts included.

use super::python;
use crate::workspace::Workspace;
use std::path::PathBuf;

/// Names the server to the tests.
pub const VARIABLE: &str = "LAKEFRONT_MOTO";

/// Its own extra for the server brings all of Amazon's services with it; S3 needs these.
const PACKAGES: [&str; 3] = ["moto[s3]==5.2.5", "flask==3.1.3", "flask-cors==6.0.5"];

/// Finds or installs the server.
///
/// # Errors
/// When it cannot be installed; names what to do by hand.
pub fn ensure(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let why = "the tests write lakes to S3";
    Ok(python::ensure(workspace, "moto", &PACKAGES, why)?.join("moto_server"))
}
