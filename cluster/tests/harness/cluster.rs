//! A scheduler and executors on this machine, for as long as a test runs.

use anyhow::{Context, ensure};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A cluster that has not come up by then never will.
const UP_WITHIN: Duration = Duration::from_secs(60);

const HOST: &str = "127.0.0.1";

/// Executors ask for work. Where it is pushed to them, a job that loses one at the wrong moment waits for ever.
const POLICY: &str = "pull-staged";

/// A program that ends with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A scheduler and its executors.
pub struct Cluster {
    /// Where the scheduler is.
    pub url: String,
    _scheduler: Program,
    executors: Vec<Program>,
    /// What executors write on the way.
    _work: TempDir,
}

impl Cluster {
    /// A cluster of `n_executors`, each with two tasks at a time, once all of them are ready.
    pub fn start(n_executors: usize) -> anyhow::Result<Cluster> {
        let work = tempfile::tempdir()?;
        let port = free_port()?;
        let log = |name: &str| std::fs::File::create(work.path().join(format!("{name}.log")));
        let scheduler = Command::new(program("scheduler")?)
            .args(["--bind-host", HOST, "--external-host", HOST])
            .args(["--bind-port", &port.to_string()])
            .args([
                "--executor-timeout-seconds",
                "6",
                "--expire-dead-executor-interval-seconds",
                "1",
            ])
            .args(["--scheduler-policy", POLICY, "--log-level-setting", "WARN"])
            .stdin(Stdio::null())
            .stdout(log("scheduler-out")?)
            .stderr(log("scheduler")?)
            .spawn()?;
        let scheduler = Program(scheduler);
        let mut executors = Vec::with_capacity(n_executors);
        let mut probes = Vec::with_capacity(n_executors);
        for idx in 0..n_executors {
            let probe = free_port()?;
            let name = format!("executor-{idx}");
            let dir = work.path().join(&name);
            std::fs::create_dir(&dir)?;
            let executor = Command::new(program("executor")?)
                .args(["--scheduler-host", HOST, "--scheduler-port", &port.to_string()])
                .args(["--scheduler-connect-timeout-seconds", "30"])
                .args(["--bind-host", HOST, "--external-host", HOST])
                .args(["--bind-port", &free_port()?.to_string()])
                .args(["--bind-grpc-port", &free_port()?.to_string()])
                .args(["--bind-health-port", &probe.to_string()])
                .args(["--executor-heartbeat-interval-seconds", "1", "--vcores", "2"])
                .args(["--task-scheduling-policy", POLICY, "--log-level-setting", "WARN"])
                .arg("--work-dir")
                .arg(&dir)
                .stdin(Stdio::null())
                .stdout(log(&format!("{name}-out"))?)
                .stderr(log(&name)?)
                .spawn()?;
            executors.push(Program(executor));
            probes.push(probe);
        }
        let start = Instant::now();
        for probe in probes {
            while !is_ready(probe) {
                ensure!(start.elapsed() < UP_WITHIN, "no cluster: {}", logs(work.path()));
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        Ok(Cluster {
            url: format!("ballista://{HOST}:{port}"),
            _scheduler: scheduler,
            executors,
            _work: work,
        })
    }

    /// Kills an executor, as a machine is lost: without a word.
    pub fn lose_executor(&mut self) -> anyhow::Result<()> {
        drop(self.executors.pop().context("no executor is left")?);
        Ok(())
    }
}

/// A port that nobody listened on a moment ago.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Whether the executor with this port for probes has spoken to its scheduler.
fn is_ready(port: u16) -> bool {
    let ask = || -> std::io::Result<String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        write!(stream, "GET /readyz HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

fn logs(dir: &Path) -> String {
    let Ok(files) = std::fs::read_dir(dir) else { return String::new() };
    let logs = files.flatten().filter_map(|file| std::fs::read_to_string(file.path()).ok());
    logs.collect::<Vec<_>>().join("\n")
}

/// A program of a cluster as `cargo install` makes it.
fn program(name: &str) -> anyhow::Result<PathBuf> {
    let variable = format!("LAKEFRONT_BALLISTA_{}", name.to_uppercase());
    let path = std::env::var_os(&variable).with_context(|| {
        format!("{variable} names no ballista-{name}; `cargo xtask test --long` installs one")
    })?;
    Ok(PathBuf::from(path))
}
