//! MariaDB, for the tests of sources that are databases.

use super::{apt, on_path};
use anyhow::Context;
use std::path::PathBuf;

/// Names the server to the tests.
pub const VARIABLE: &str = "LAKEFRONT_MARIADBD";

const NAME: &str = "mariadbd";

/// Where it is when it is not on PATH, as folders of the system's own programs are not for everybody.
const ELSEWHERE: [&str; 4] = [
    "/usr/sbin/mariadbd",
    "/usr/libexec/mariadbd",
    "/opt/homebrew/opt/mariadb/bin/mariadbd",
    "/usr/local/opt/mariadb/bin/mariadbd",
];

/// Server and script without the service that the package `mariadb-server` would start.
const MARIADB: apt::Package = apt::Package {
    what: "MariaDB",
    why: "the tests read tables from it",
    debian: &["mariadb-server-core", "mariadb-client-core"],
    ubuntu: &["mariadb-server-core", "mariadb-client-core"],
    homebrew: "brew install mariadb",
};

/// Finds or installs the server.
///
/// # Errors
/// When it cannot be installed.
pub fn ensure() -> anyhow::Result<PathBuf> {
    if let Some(found) = find() {
        return Ok(found);
    }
    apt::install(&MARIADB)?;
    find().context("MariaDB was installed but there is no mariadbd")
}

fn find() -> Option<PathBuf> {
    on_path(&[NAME]).or_else(|| ELSEWHERE.iter().map(PathBuf::from).find(|path| path.is_file()))
}
