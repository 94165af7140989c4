//! A MariaDB server beside a test, with an empty database.

use super::child::Running;
use anyhow::{Context, ensure};
use mysql_async::prelude::Queryable;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// How long the server may take until it answers, on a busy machine.
const START_DEADLINE: Duration = Duration::from_secs(120);

/// What it says when it does.
const READY: &str = "ready for connections";

/// A running server; killed when it is dropped.
pub struct MariaDb {
    _running: Running,
    _home: TempDir,
    url: String,
}

impl MariaDb {
    /// Starts the server that LAKEFRONT_MARIADBD names and makes the database `name`. `None`, and a word of it, when
    /// the variable is not set.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(name: &str) -> anyhow::Result<Option<MariaDb>> {
        let Some(mariadbd) = test_support::program("LAKEFRONT_MARIADBD") else { return Ok(None) };
        let home = tempfile::tempdir()?;
        let folder = home.path().join("rows");
        install(&folder)?;
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let mut command = Command::new(&mariadbd);
        command.arg("--no-defaults").args(as_root()).arg(option("--datadir", &folder));
        command.arg(option("--tmpdir", home.path()));
        command.arg(option("--socket", &home.path().join("socket")));
        command.arg(option("--pid-file", &home.path().join("pid")));
        command.args(["--bind-address=127.0.0.1", &format!("--port={port}")]);
        let running = Running::start(&mut command)?;
        let server = format!("mysql://root@127.0.0.1:{port}");
        running.wait_for(START_DEADLINE, |line| line.contains(READY).then_some(()))?;
        let mut connection = mysql_async::Conn::from_url(&server).await?;
        connection.query_drop(format!("create database {name}")).await?;
        connection.disconnect().await?;
        Ok(Some(MariaDb { _running: running, _home: home, url: format!("{server}/{name}") }))
    }

    /// The database as a URL.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Runs the statements of `script`, each of which ends with `;` at the end of a line.
    ///
    /// # Errors
    /// When the server refuses one.
    pub async fn run(&self, script: &str) -> anyhow::Result<()> {
        let mut connection = mysql_async::Conn::from_url(&self.url).await?;
        for statement in script.split(";\n").map(str::trim).filter(|text| !text.is_empty()) {
            connection.query_drop(statement).await.with_context(|| statement.to_owned())?;
        }
        Ok(connection.disconnect().await?)
    }
}

/// A server that root starts has to be told that it is meant.
fn as_root() -> Option<&'static str> {
    let id = Command::new("id").arg("-u").output().ok()?;
    (String::from_utf8_lossy(&id.stdout).trim() == "0").then_some("--user=root")
}

fn option(name: &str, path: &Path) -> String {
    format!("{name}={}", path.display())
}

/// Makes the server's own tables in `folder`, with a root who needs no password.
fn install(folder: &Path) -> anyhow::Result<()> {
    let mut command = Command::new("mariadb-install-db");
    command.arg("--no-defaults").args(as_root()).arg(option("--datadir", folder));
    command.args(["--auth-root-authentication-method=normal", "--skip-test-db"]);
    // In one folder the temporary tables of two servers would have the same names.
    command.env("TMPDIR", folder.parent().unwrap_or(folder));
    let output = command.output().context("mariadb-install-db")?;
    ensure!(
        output.status.success(),
        "{command:?} ended with {}:\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
