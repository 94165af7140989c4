//! The `lakefront` binary as a person uses it: builds a project, adds a user, serves.

use super::child::{Running, program};
use anyhow::{Context, bail};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// How long building a lake or starting a server may take on a busy machine.
const START_DEADLINE: Duration = Duration::from_secs(300);

/// A user of a project.
#[derive(Debug, Clone, Copy)]
pub struct User {
    /// His name.
    pub name: &'static str,
    /// His password.
    pub password: &'static str,
}

/// The user whom tests add.
pub const TESTER: User = User { name: "tester", password: "correct horse battery" };

/// A running server.
pub struct Server {
    running: Running,
    /// Such as `http://127.0.0.1:8080`.
    pub origin: String,
}

/// What a server was asked for below `/lake/`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests.
    pub n_requests: u64,
    /// Bytes of the answers' bodies.
    pub n_bytes: u64,
}

/// The binary: LAKEFRONT_BIN, or `lakefront` on PATH.
///
/// # Errors
/// When there is none.
pub fn binary() -> anyhow::Result<PathBuf> {
    program("LAKEFRONT_BIN", &["lakefront"])
}

/// `lakefront build PROJECT` with the variables that its sources need.
///
/// # Errors
/// When it fails; shows what it said.
pub fn build(project: &Path, variables: &[(&str, &Path)]) -> anyhow::Result<()> {
    let mut command = Command::new(binary()?);
    command.arg("build").arg(project).envs(variables.iter().copied());
    finish(&mut command, "").map(|_| ())
}

/// `lakefront demo`, without serving it.
///
/// # Errors
/// When it fails; shows what it said.
pub fn make_demo(dir: &Path, scale: u32) -> anyhow::Result<()> {
    let mut command = Command::new(binary()?);
    command.arg("demo").arg("--dir").arg(dir).arg("--no-serve");
    finish(command.args(["--scale", &scale.to_string()]), "").map(|_| ())
}

/// Adds an admin to a project.
///
/// # Errors
/// When it fails; shows what it said.
pub fn add_user(project: &Path, user: User) -> anyhow::Result<()> {
    let mut command = Command::new(binary()?);
    command.args(["user", "add", user.name, "--role", "admin", "--password-stdin", "--project"]);
    finish(command.arg(project), user.password).map(|_| ())
}

/// Gives a user his own password anew, which ends his sessions.
///
/// # Errors
/// When it fails; shows what it said.
pub fn end_sessions(project: &Path, user: User) -> anyhow::Result<()> {
    let mut command = Command::new(binary()?);
    command.args(["user", "set-password", user.name, "--password-stdin", "--project"]);
    finish(command.arg(project), user.password).map(|_| ())
}

fn finish(command: &mut Command, input: &str) -> anyhow::Result<Output> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {command:?}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that reads no input closes it.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!(
            "{command:?} ended with {}:\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(output)
}

impl Server {
    /// `lakefront serve PROJECT` on a free port.
    ///
    /// # Errors
    /// When it does not take connections.
    pub fn serve(project: &Path) -> anyhow::Result<Server> {
        let mut command = Command::new(binary()?);
        command.arg("serve").arg(project).args(["--port", "0"]);
        Server::start(&mut command)
    }

    fn start(command: &mut Command) -> anyhow::Result<Server> {
        command.env("NO_COLOR", "1").env("RUST_LOG", "info");
        let running = Running::start(command)?;
        let origin = running.wait_for(START_DEADLINE, origin_in)?;
        Ok(Server { running, origin })
    }

    /// What was asked of it until now, by its own log.
    pub fn traffic(&self) -> Traffic {
        let mut traffic = Traffic::default();
        for n_bytes in self.running.said().iter().filter_map(|line| lake_bytes_in(line)) {
            traffic.n_requests += 1;
            traffic.n_bytes += n_bytes;
        }
        traffic
    }

    /// Every line that it wrote until now.
    pub fn said(&self) -> Vec<String> {
        self.running.said()
    }
}

/// `http://HOST:PORT` in a line that has a URL.
fn origin_in(line: &str) -> Option<String> {
    let rest = &line[line.find("http://")?..];
    let authority = rest["http://".len()..].split(['/', ' ', '"']).next()?;
    authority.contains(':').then(|| format!("http://{authority}"))
}

/// The bytes of the answer, in the log's line of a request below `/lake/`.
fn lake_bytes_in(line: &str) -> Option<u64> {
    if !line.contains("path=\"/lake/") && !line.contains("path=/lake/") {
        return None;
    }
    let (_, rest) = line.split_once(" bytes=")?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_is_found() {
        let check = |line: &str, origin: Option<&str>| {
            assert_eq!(origin_in(line).as_deref(), origin, "{line}");
        };
        check("serving x at http://127.0.0.1:8080/admin", Some("http://127.0.0.1:8080"));
        check("see https://example.org", None);
    }

    #[test]
    fn requests_of_the_lake_are_counted() {
        let line = r#"2025-01-01T00:00:00Z  INFO server::access_log: request method=GET path="/lake/gold/a.parquet" status=206 ms=0.4 bytes=8192"#;
        assert_eq!(lake_bytes_in(line), Some(8192));
        assert_eq!(lake_bytes_in(&line.replace("/lake/", "/assets/")), None);
    }
}
