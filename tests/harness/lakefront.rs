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

/// A request that a server has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The path.
    pub path: String,
    /// The answer's status.
    pub status: u16,
    /// Bytes of the answer's body.
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
        for asked in self.requests().iter().filter(|asked| asked.path.starts_with("/lake/")) {
            traffic.n_requests += 1;
            traffic.n_bytes += asked.n_bytes;
        }
        traffic
    }

    /// Every request that it has answered until now, in the order of their ends.
    pub fn requests(&self) -> Vec<Asked> {
        self.running.said().iter().filter_map(|line| request_in(line)).collect()
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

/// The request in the log's line about it.
fn request_in(line: &str) -> Option<Asked> {
    let field = |name: &str| line.split_once(name)?.1.split_whitespace().next();
    Some(Asked {
        path: field(" path=")?.trim_matches('"').to_owned(),
        status: field(" status=")?.parse().ok()?,
        n_bytes: field(" bytes=")?.parse().ok()?,
    })
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
    fn requests_are_read_from_the_log() {
        let line = r#"2025-01-01T00:00:00Z  INFO server::access_log: request method=GET path="/lake/gold/a.parquet" status=206 ms=0.4 bytes=8192"#;
        let path = "/lake/gold/a.parquet".to_owned();
        assert_eq!(request_in(line), Some(Asked { path, status: 206, n_bytes: 8192 }));
        assert_eq!(request_in("serving x at http://127.0.0.1:8080/admin"), None);
    }
}
