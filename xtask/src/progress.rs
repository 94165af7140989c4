//! What the person at the terminal sees: which stage of how many runs, and for how long.
//!
//! Everything goes to stderr; stdout belongs to results.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The stages of one command.
pub struct Stages {
    n_stages: usize,
    started: Instant,
    finished: Mutex<Vec<Finished>>,
    n_begun: Mutex<usize>,
}

struct Finished {
    name: String,
    elapsed: Duration,
}

impl Stages {
    /// A command of `n_stages` stages, which starts now.
    pub fn new(n_stages: usize) -> Stages {
        Stages {
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
        say(&format!("[{number}/{total}] {name} (at {})", clock(self.started.elapsed())));
        let began = Instant::now();
        let outcome = work();
        let elapsed = began.elapsed();
        let word = if outcome.is_ok() { "done" } else { "failed" };
        say(&format!("[{number}/{total}] {name}: {word} in {}", clock(elapsed)));
        lock(&self.finished).push(Finished { name: name.to_owned(), elapsed });
        outcome
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
}
