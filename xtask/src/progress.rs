//! What the person at the terminal sees: which stage of how many runs, for how long, and how long it may take.
//!
//! Everything goes to stderr; stdout belongs to results.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The stages of one command.
pub struct Stages {
    n_stages: usize,
    started: Instant,
    finished: Mutex<Vec<Finished>>,
    n_begun: Mutex<usize>,
    /// The file of what each stage took the last time, and its content.
    history: PathBuf,
    expected: BTreeMap<String, Duration>,
}

/// What the long stages take on two idle cores that have built nothing yet.
const FROM_NOTHING: [(&str, u64); 6] = [
    ("tools that build the page", 4 * 60),
    ("lints", 8 * 60),
    ("page and engine; beside them the native dependencies", 20 * 60),
    ("the lakefront binary without the page", 12 * 60),
    ("tests; beside them page and engine", 20 * 60),
    ("tests in a browser", 4 * 60),
];

struct Finished {
    name: String,
    elapsed: Duration,
}

impl Stages {
    /// A command of `n_stages` stages, which starts now.
    /// What its stages take is kept in `cache_dir` for the next one.
    pub fn new(n_stages: usize, cache_dir: &Path) -> Stages {
        let history = cache_dir.join("stages.tsv");
        let mut expected: BTreeMap<String, Duration> = FROM_NOTHING
            .iter()
            .map(|(name, seconds)| ((*name).to_owned(), Duration::from_secs(*seconds)))
            .collect();
        expected.extend(read_history(&std::fs::read_to_string(&history).unwrap_or_default()));
        Stages {
            history,
            expected,
            n_stages,
            started: Instant::now(),
            finished: Mutex::new(Vec::new()),
            n_begun: Mutex::new(0),
        }
    }

    /// Runs one stage, saying when it begins and how long it took.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn run<T>(
        &self,
        name: &str,
        work: impl FnOnce() -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let number = {
            let mut n_begun = lock(&self.n_begun);
            *n_begun += 1;
            *n_begun
        };
        let total = self.n_stages.max(number);
        let expected = match self.expected.get(name) {
            Some(expected) if expected.as_secs() > 0 => format!(", about {}", clock(*expected)),
            _ => String::new(),
        };
        say(&format!("[{number}/{total}] {name} (at {}{expected})", clock(self.started.elapsed())));
        let began = Instant::now();
        let outcome = work();
        let elapsed = began.elapsed();
        let word = if outcome.is_ok() { "done" } else { "failed" };
        say(&format!("[{number}/{total}] {name}: {word} in {}", clock(elapsed)));
        lock(&self.finished).push(Finished { name: name.to_owned(), elapsed });
        if outcome.is_ok() {
            self.remember();
        }
        outcome
    }

    /// Keeps what the stages took for the next run.
    fn remember(&self) {
        let mut times = self.expected.clone();
        for Finished { name, elapsed } in lock(&self.finished).iter() {
            times.insert(name.clone(), *elapsed);
        }
        let lines = times.iter().map(|(name, took)| format!("{}\t{name}\n", took.as_secs()));
        // It is only told; a run without it is as good.
        let _ = std::fs::write(&self.history, lines.collect::<String>());
    }

    /// One line a stage with its time, and the whole.
    pub fn summary(&self) -> String {
        let mut text = String::new();
        for Finished { name, elapsed } in lock(&self.finished).iter() {
            text.push_str(&format!("{:>9}  {name}\n", clock(*elapsed)));
        }
        text.push_str(&format!("{:>9}  in all\n", clock(self.started.elapsed())));
        text
    }
}

/// Lines of seconds, a tab, and a stage's name.
fn read_history(text: &str) -> impl Iterator<Item = (String, Duration)> {
    text.lines().filter_map(|line| {
        let (seconds, name) = line.split_once('\t')?;
        Some((name.to_owned(), Duration::from_secs(seconds.parse().ok()?)))
    })
}

/// One line of ours.
pub fn say(line: &str) {
    eprintln!("xtask: {line}");
}

/// `1.2 s`, `47 s`, `3 min 05 s`.
pub fn clock(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", elapsed.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

/// A lock whose holder panicked still guards a whole value here.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        let check = |ms: u64, text: &str| assert_eq!(clock(Duration::from_millis(ms)), text);
        check(1_240, "1.2 s");
        check(47_900, "47 s");
        check(185_000, "3 min 05 s");
    }

    #[test]
    fn the_next_run_knows_what_a_stage_took() {
        let folder = tempfile::tempdir().unwrap();
        let first = Stages::new(1, folder.path());
        assert_eq!(first.expected.get("lints"), Some(&Duration::from_secs(480)));
        first.run("lints", || Ok(())).unwrap();
        assert!(first.run::<()>("tests", || anyhow::bail!("no")).is_err());
        let second = Stages::new(1, folder.path());
        assert_eq!(second.expected.get("lints"), Some(&Duration::ZERO));
        assert_eq!(second.expected.get("tests"), None, "what failed took no whole time");
    }
}
