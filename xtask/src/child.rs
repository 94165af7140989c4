//! Runs another program and shows what it says, line by line, also when several run at once.

use crate::progress::{clock, say};
use anyhow::{Context, bail};
use std::io::{BufRead, BufReader, IsTerminal, PipeReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// A program that says nothing for so long is reported as still running.
const SILENCE: Duration = Duration::from_secs(30);

/// Runs `command` to its end; each line of its output is shown behind `label`.
///
/// # Errors
/// When it cannot be started, or ends with another code than 0.
pub fn run(label: &str, command: &mut Command) -> anyhow::Result<()> {
    run_watched(label, command, |_| ())
}

/// Like [`run`]; `watch` also receives each line.
///
/// # Errors
/// As [`run`].
pub fn run_watched(
    label: &str,
    command: &mut Command,
    mut watch: impl FnMut(&str),
) -> anyhow::Result<()> {
    if std::io::stderr().is_terminal() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    let started = Instant::now();
    // One pipe for both, so that lines come in the order in which they were written.
    let (reader, writer) = std::io::pipe()?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .spawn()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    // The command holds the writing end too, and the pipe ends only when nobody does.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (sender, lines) = mpsc::channel();
    let forwarding = std::thread::spawn(move || forward_lines(reader, &sender));
    loop {
        match lines.recv_timeout(SILENCE) {
            Ok(line) => {
                eprintln!("{label:>9} | {line}");
                watch(&line);
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                say(&format!("{label} still runs, {} so far", clock(started.elapsed())));
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    // It only ends early when the pipe breaks, and then the exit code tells.
    let _ = forwarding.join();
    let status = child.wait().with_context(|| format!("cannot wait for {}", shown(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    Ok(())
}

/// Runs `command` silently and returns its stdout; `None` when it cannot be started or fails.
pub fn answer(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The command as one would type it.
pub fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|arg| arg.to_string_lossy().into_owned()));
    format!("`{}`", words.join(" "))
}

/// Lines end at `\n`, and at `\r` too, so that progress bars come as lines.
fn forward_lines(stream: PipeReader, sender: &mpsc::Sender<String>) {
    let mut stream = BufReader::new(stream);
    let mut bytes = Vec::new();
    while matches!(stream.read_until(b'\n', &mut bytes), Ok(n) if n > 0) {
        for line in String::from_utf8_lossy(&bytes).split(['\n', '\r']) {
            if !line.trim().is_empty() && sender.send(line.to_owned()).is_err() {
                return;
            }
        }
        bytes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_failures_come_back() {
        let mut seen = Vec::new();
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two >&2; exit 3"]);
        let error = run_watched("test", &mut command, |line| seen.push(line.to_owned()))
            .unwrap_err()
            .to_string();
        assert_eq!(seen, ["one", "two"]);
        assert!(error.contains("exit status: 3"), "{error}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run("test", &mut Command::new("no-such-program-here")).unwrap_err();
        assert!(format!("{error:#}").contains("no-such-program-here"));
    }
}
