//! A program that runs beside a test and ends with it.

use anyhow::{Context, bail};
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

/// A started program; killed when it is dropped.
pub struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Running {
    /// Starts `command` and collects its output.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> anyhow::Result<Running> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {:?}", command.get_program()))?;
        let (sender, lines) = mpsc::channel();
        let seen = Arc::new(Mutex::new(Vec::new()));
        if let Some(stdout) = child.stdout.take() {
            collect(stdout, sender.clone(), Arc::clone(&seen));
        }
        if let Some(stderr) = child.stderr.take() {
            collect(stderr, sender, Arc::clone(&seen));
        }
        Ok(Running { child, lines, seen })
    }

    /// The first of the coming lines from which `find` takes something.
    ///
    /// # Errors
    /// When the program ends or `deadline` passes before; shows what it said.
    pub fn wait_for<T>(
        &self,
        deadline: Duration,
        find: impl Fn(&str) -> Option<T>,
    ) -> anyhow::Result<T> {
        let ends = Instant::now() + deadline;
        loop {
            let left = ends.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    if let Some(found) = find(&line) {
                        return Ok(found);
                    }
                }
                Err(reason) => bail!("{reason}; the program said:\n{}", self.said().join("\n")),
            }
        }
    }

    /// Every line of its output until now.
    pub fn said(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end; whether it ended with code 0.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn wait(&mut self) -> anyhow::Result<bool> {
        Ok(self.child.wait()?.success())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(
    stream: impl Read + Send + 'static,
    sender: mpsc::Sender<String>,
    seen: Arc<Mutex<Vec<String>>>,
) {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            seen.lock().unwrap_or_else(PoisonError::into_inner).push(line.clone());
            // Nobody waits for lines any more; they are still collected.
            let _ = sender.send(line);
        }
    });
}

/// The program that the variable names, or the first of `names` on PATH.
///
/// # Errors
/// When there is none; names the command that installs it.
pub fn program(variable: &str, names: &[&str]) -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os(variable) {
        return Ok(PathBuf::from(path));
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .find(|path| path.is_file())
        .with_context(|| {
            format!("{} is not on PATH and {variable} is not set; run `cargo xtask test`", names[0])
        })
}
