//! A run as lines, where nobody looks at a terminal: a line for each model that ends, and the table.

use super::summary::{self, Reasons, Show};
use super::tally::word;
use super::{Listener, Note};
use crate::paint::Paint;
use crate::quantity::{clock, grouped};
use chrono::{DateTime, SecondsFormat, Utc};
use pipeline::{Event, ModelReport, Outcome, Ran};
use std::io::Write;

/// Writes events to stderr, and the table to stdout.
pub struct Lines {
    show: Show,
}

impl Lines {
    /// Lines, and tables with what `show` says.
    pub fn new(show: Show) -> Lines {
        Lines { show }
    }
}

impl Listener for Lines {
    fn hear(&mut self, note: &Note<'_>) {
        if let Note::Ended(tally) = note {
            if self.show == Show::All {
                print("");
            }
            print(&summary::text(tally, self.show, Reasons::Shown, paint()));
        } else if let Some(line) = line(note) {
            eprintln!("{line}");
        }
    }
}

/// `text` on stdout; whoever read it may be gone, and the build goes on.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// How the table on stdout is coloured.
pub fn paint() -> Paint {
    Paint::on(&std::io::stdout())
}

/// `2026-01-31T12:00:00Z`.
pub fn time(time: &DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// What is said of `note` in one line; `None` for what goes by.
pub fn line(note: &Note<'_>) -> Option<String> {
    Some(match note {
        Note::Event(Event::Waiting { holder }) => format!("waiting for {holder}"),
        Note::Event(Event::Finished(report)) => finished(report),
        Note::Event(Event::Failed { model, reason }) => {
            format!("{:<28} failed: {reason}", model.to_string())
        }
        Note::Event(Event::Skipped { model, since }) => {
            format!("{:<28} skipped, since {since} failed", model.to_string())
        }
        Note::Event(Event::Warned { model, reason }) => {
            format!("{:<28} warning: {reason}", model.to_string())
        }
        Note::Late { sla } => format!("late: this run takes longer than {sla}"),
        Note::Stopping => {
            "stopping once the models that run are done; a second signal ends it at once".to_owned()
        }
        Note::Retry { wait, attempt, n_attempts } => {
            format!("attempt {attempt} of {n_attempts} in {}", clock(*wait))
        }
        Note::Unread { reason } => format!("error: {reason}; it is built as it was read last"),
        Note::Waiting { until } => format!("next run at {}", time(until)),
        Note::Begun { .. } | Note::Event(_) | Note::Ended(_) => return None,
    })
}

fn finished(report: &ModelReport) -> String {
    if report.outcome == Outcome::View {
        return format!("{:<28} {}", report.model.to_string(), word(report.outcome));
    }
    let mut line = format!(
        "{:<28} {:<9} {:>12} rows {:>8} ms  version {}",
        report.model.to_string(),
        word(report.outcome),
        grouped(report.n_rows),
        grouped(report.elapsed_ms),
        report.version,
    );
    if report.engine == Some(Ran::Ballista) {
        line.push_str("  on the cluster");
    }
    if let Some(reason) = &report.reason {
        line.push_str(&format!("\n{:<28} made anew: {reason}", ""));
    }
    line
}
