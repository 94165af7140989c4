//! The processes that read: each job goes to one of them, and what kills it kills that one alone.

use super::job::{Ending, Job, Said};
use anyhow::Context;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The word that makes this program a process that reads.
pub const READS: &str = "--reads";

/// How long a reading may take, the time aside in which the machine ran something else.
pub const READ_LIMIT: Duration = Duration::from_secs(10);

/// How long a reading may take all in all, on however busy a machine.
const WALL_LIMIT: Duration = Duration::from_secs(120);

/// How long the plain reader and the comparison may take.
const COMPARE_LIMIT: Duration = Duration::from_secs(90);

/// How long a process may take to start on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Addresses that a process may use, in KiB: what asks for more is refused memory and aborts.
/// As much as wasm has.
const MEMORY_KIB: u64 = 4 << 20;

/// What is kept of the last words of a process.
const MOST_LAST_LINES: usize = 6;

/// What was said about a job.
#[derive(Debug, Clone)]
pub struct Heard {
    /// How the reading ended.
    pub ending: Ending,
    /// How it compares; `None` when nothing was compared.
    pub compared: Option<Said>,
    /// What the table asks of a reader.
    pub features: Vec<String>,
}

/// Runs `jobs` in `n_processes` processes at once, and gives `take` what was said about each, with
/// its position, in the order in which they end.
///
/// # Errors
/// When no process can be started.
pub fn run(
    program: &Path,
    jobs: Vec<Job>,
    n_processes: usize,
    mut take: impl FnMut(usize, Heard),
) -> anyhow::Result<()> {
    let queue: Arc<Mutex<VecDeque<(usize, Job)>>> =
        Arc::new(Mutex::new(jobs.into_iter().enumerate().collect()));
    let (sender, heard) = mpsc::channel();
    for _ in 0..n_processes.max(1) {
        let (queue, sender, program) = (Arc::clone(&queue), sender.clone(), program.to_owned());
        std::thread::spawn(move || {
            let mut reader = Reader::new(program);
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                let Some((position, job)) = next else { return };
                let heard = reader.hear(&job);
                let has_failed = heard.is_err();
                if sender.send(heard.map(|heard| (position, heard))).is_err() || has_failed {
                    return;
                }
            }
        });
    }
    drop(sender);
    for heard in heard {
        let (position, heard) = heard?;
        take(position, heard);
    }
    Ok(())
}

/// One process at a time, started when there is something to read.
pub struct Reader {
    program: PathBuf,
    limit: Duration,
    process: Option<Process>,
}

struct Process {
    child: Child,
    stdin: ChildStdin,
    said: mpsc::Receiver<Said>,
    last_lines: Arc<Mutex<VecDeque<String>>>,
    listening: Option<JoinHandle<()>>,
}

impl Reader {
    /// A reader that starts `program`, this very program.
    pub fn new(program: PathBuf) -> Reader {
        Reader { program, limit: READ_LIMIT, process: None }
    }

    /// Has `job` done and hears what is said about it.
    ///
    /// # Errors
    /// When no process can be started.
    pub fn hear(&mut self, job: &Job) -> anyhow::Result<Heard> {
        let mut process = match self.process.take() {
            Some(process) => process,
            None => Process::start(&self.program)?,
        };
        let line = serde_json::to_string(job)? + "\n";
        // A process that is dead says so below.
        let _ = process.stdin.write_all(line.as_bytes());
        let mut heard = Heard { ending: Ending::TimedOut, compared: None, features: Vec::new() };
        let mut has_read = false;
        let started = Instant::now();
        let mut deadline = started + self.limit;
        let waited_before = process.waited();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match process.said.recv_timeout(left) {
                Ok(Said::Read(ending)) => {
                    let panicked = matches!(ending, Ending::Panicked { .. });
                    heard.ending = ending;
                    has_read = true;
                    deadline = Instant::now() + COMPARE_LIMIT;
                    if panicked {
                        // What it holds may be half done.
                        return Ok(heard);
                    }
                }
                Ok(said @ (Said::Compared(_) | Said::NotCompared(_) | Said::PlainRows(_))) => {
                    heard.compared = Some(said);
                }
                Ok(Said::Features(features)) => heard.features = features,
                Ok(Said::Done) => {
                    self.process = Some(process);
                    return Ok(heard);
                }
                Ok(Said::Ready) => {}
                Err(mpsc::RecvTimeoutError::Timeout)
                    if !has_read && started.elapsed() < WALL_LIMIT =>
                {
                    // It had to wait for a processor for so long, and gets that time back.
                    let waited = process.waited().saturating_sub(waited_before);
                    let longer = started + self.limit + waited;
                    if longer <= Instant::now() {
                        return Ok(heard);
                    }
                    deadline = longer.min(started + WALL_LIMIT);
                }
                Err(reason) => {
                    let is_dead = reason == mpsc::RecvTimeoutError::Disconnected;
                    let why = match is_dead {
                        true => process.last_words(),
                        false => "no answer in time".to_owned(),
                    };
                    match has_read {
                        true if heard.compared.is_none() => {
                            heard.compared = Some(Said::NotCompared(why));
                        }
                        false if is_dead => heard.ending = Ending::Panicked { text: why },
                        _ => {}
                    }
                    return Ok(heard);
                }
            }
        }
    }
}

impl Process {
    fn start(program: &Path) -> anyhow::Result<Process> {
        let mut child = Command::new("sh")
            .args(["-c", &format!("ulimit -v {MEMORY_KIB} 2>/dev/null; exec \"$0\" {READS}")])
            .arg(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let (sender, said) = mpsc::channel();
        let stdin = child.stdin.take().context("no stdin")?;
        let stdout = child.stdout.take().context("no stdout")?;
        let stderr = child.stderr.take().context("no stderr")?;
        std::thread::spawn(move || {
            let lines = BufReader::new(stdout).lines().map_while(Result::ok);
            // What is no message was printed by somebody else.
            for said in lines.filter_map(|line| serde_json::from_str(&line).ok()) {
                if sender.send(said).is_err() {
                    return;
                }
            }
        });
        let last_lines = Arc::new(Mutex::new(VecDeque::new()));
        let kept = Arc::clone(&last_lines);
        let listening = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.push_back(line);
                if kept.len() > MOST_LAST_LINES {
                    kept.pop_front();
                }
            }
        });
        let process = Process { child, stdin, said, last_lines, listening: Some(listening) };
        process.said.recv_timeout(START_LIMIT).context("a reading process does not start")?;
        Ok(process)
    }

    /// How long its main thread has waited for a processor until now; nothing where the system does
    /// not tell.
    fn waited(&self) -> Duration {
        let path = format!("/proc/{}/schedstat", self.child.id());
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let waited_ns = text.split_whitespace().nth(1).and_then(|ns| ns.parse().ok());
        Duration::from_nanos(waited_ns.unwrap_or(0))
    }

    /// How it ended and what it wrote last.
    fn last_words(&mut self) -> String {
        let status = self.child.wait().map_or_else(|error| error.to_string(), |s| s.to_string());
        // A dead process holds its stderr no more, so this ends; what it wrote last is in then.
        let _ = self.listening.take().map(JoinHandle::join);
        let lines = self.last_lines.lock().unwrap_or_else(PoisonError::into_inner);
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        format!("the process ended with {status}: {}", lines.join(" ")).trim_end().to_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::super::job::{Expect, Read};
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// What is heard of a program that says so and then does `then`.
    fn heard(said: &[Said], then: &str) -> anyhow::Result<Heard> {
        let dir = tempfile::tempdir()?;
        let program = dir.path().join("program");
        let mut script = "#!/bin/sh\n".to_owned();
        for said in std::iter::once(&Said::Ready).chain(said) {
            script += &format!("echo '{}'\n", serde_json::to_string(said)?);
        }
        std::fs::write(&program, script + then)?;
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))?;
        let job = Job { read: Read::Nothing, expect: Expect::Unknown, features_of: None };
        let limit = Duration::from_secs(2);
        Reader { limit, ..Reader::new(program) }.hear(&job)
    }

    #[test]
    fn a_process_that_dies_is_a_panic_and_tells_its_last_words() -> anyhow::Result<()> {
        let heard = heard(&[], "echo 'memory allocation failed' >&2; kill -ABRT $$")?;
        let Ending::Panicked { text } = heard.ending else { anyhow::bail!("{heard:?}") };
        assert!(text.contains("signal: 6") && text.contains("allocation failed"), "{text}");
        Ok(())
    }

    #[test]
    fn a_process_that_dies_comparing_has_read() -> anyhow::Result<()> {
        let read = Said::Read(Ending::Rows { version: None, n_rows: 1, elapsed_ms: 1 });
        let heard = heard(&[read], "exit 3")?;
        assert!(matches!(heard.ending, Ending::Rows { .. }), "{heard:?}");
        assert!(matches!(heard.compared, Some(Said::NotCompared(_))), "{heard:?}");
        Ok(())
    }

    #[test]
    fn a_process_that_says_nothing_is_too_late() -> anyhow::Result<()> {
        let heard = heard(&[], "exec sleep 100")?;
        assert!(matches!(heard.ending, Ending::TimedOut), "{heard:?}");
        Ok(())
    }
}
