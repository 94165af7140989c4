//! A run on a terminal: a line for each model that runs, a bar for all, and the table at the end.

use super::lines::{self, paint, print};
use super::outlook::Outlook;
use super::summary::{self, Reasons, Show};
use super::{Listener, Note};
use crate::paint::{Paint, Tint};
use crate::quantity::{clock, grouped, rows_a_second};
use chrono::{DateTime, Utc};
use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};
use pipeline::{Event, ModelName};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often what turns is turned.
const TICK: Duration = Duration::from_millis(100);

/// Shows a run on the terminal at stderr.
pub struct Terminal {
    show: Show,
    paint: Paint,
    screen: MultiProgress,
    /// The line at the foot.
    foot: ProgressBar,
    running: BTreeMap<ModelName, Line>,
    outlook: Arc<Mutex<Outlook>>,
}

/// The line of a model that runs.
struct Line {
    bar: ProgressBar,
    since: Instant,
}

impl Terminal {
    /// A terminal without a run; tables have what `show` says.
    pub fn new(show: Show) -> Terminal {
        Terminal {
            show,
            paint: Paint::on(&std::io::stderr()),
            screen: MultiProgress::new(),
            foot: ProgressBar::hidden(),
            running: BTreeMap::new(),
            outlook: Arc::default(),
        }
    }

    /// Puts another line at the foot.
    fn stand(&mut self, bar: ProgressBar, style: ProgressStyle) {
        self.foot.finish_and_clear();
        self.foot = self.screen.add(bar);
        self.foot.set_style(style);
        self.foot.enable_steady_tick(TICK);
    }

    fn say(&self, tint: Tint, line: &str) {
        self.screen.suspend(|| eprintln!("{}", self.paint.text(tint, line)));
    }

    fn clear(&mut self) {
        for (_, line) in std::mem::take(&mut self.running) {
            line.bar.finish_and_clear();
        }
        self.foot.finish_and_clear();
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Delivering { n_done, n_steps } => {
                self.foot.set_message(format!("making sources, {n_done} of {n_steps} steps"));
            }
            Event::Waiting { holder } => self.say(Tint::Dim, &format!("waiting for {holder}")),
            Event::Checked { n_models } => {
                self.outlook().begin(*n_models);
                let style = bar_style(Arc::clone(&self.outlook));
                self.stand(ProgressBar::new(*n_models as u64), style);
            }
            Event::Started { model } => {
                let bar = self.screen.insert_before(&self.foot, ProgressBar::new_spinner());
                bar.set_style(spinner_style("  {spinner:.cyan} {msg}  {clock:.dim}"));
                bar.set_message(rows(model, 0, Duration::ZERO));
                bar.enable_steady_tick(TICK);
                self.running.insert(model.clone(), Line { bar, since: Instant::now() });
            }
            Event::Rows { model, n_rows } => {
                if let Some(line) = self.running.get(model) {
                    line.bar.set_message(rows(model, *n_rows, line.since.elapsed()));
                }
            }
            Event::Finished(report) => {
                self.end(&report.model, report.elapsed_ms);
            }
            Event::Failed { model, .. } => {
                let elapsed = self.running.get(model).map(|line| line.since.elapsed());
                let ms = elapsed.unwrap_or_default().as_millis();
                self.end(model, u64::try_from(ms).unwrap_or(u64::MAX));
            }
            Event::Skipped { model, .. } | Event::NotBegun { model } => self.end(model, 0),
            Event::Warned { .. } => {}
        }
    }

    /// A model is done, or never will be.
    fn end(&mut self, model: &ModelName, elapsed_ms: u64) {
        if let Some(line) = self.running.remove(model) {
            line.bar.finish_and_clear();
            self.screen.remove(&line.bar);
        }
        self.outlook().done(model, elapsed_ms);
        self.foot.inc(1);
    }

    fn outlook(&self) -> std::sync::MutexGuard<'_, Outlook> {
        self.outlook.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for Terminal {
    fn hear(&mut self, note: &Note<'_>) {
        let tint = match note {
            Note::Event(Event::Failed { .. }) | Note::Unread { .. } => Some(Tint::Bad),
            Note::Event(Event::Warned { .. })
            | Note::Late { .. }
            | Note::Stopping
            | Note::Retry { .. } => Some(Tint::Warn),
            _ => None,
        };
        if let (Some(tint), Some(line)) = (tint, lines::line(note)) {
            self.say(tint, &line);
        }
        match note {
            Note::Begun { project, .. } => {
                let bar = ProgressBar::new_spinner()
                    .with_message(format!("{}: checking sources, models, catalog", project.name));
                self.stand(bar, spinner_style("  {spinner:.cyan} {msg}  {clock:.dim}"));
            }
            Note::Event(event) => self.event(event),
            Note::Ended(tally) => {
                self.clear();
                // On one terminal the reasons stand above the table.
                let reasons = match std::io::stdout().is_terminal() {
                    true => Reasons::Said,
                    false => Reasons::Shown,
                };
                print(&summary::text(tally, self.show, reasons, paint()));
            }
            Note::Retry { wait, attempt, .. } => {
                let until = Utc::now() + *wait;
                self.wait(format!("attempt {attempt}"), until);
            }
            Note::Waiting { until } => {
                self.wait(format!("next run at {}", lines::time(until)), *until);
            }
            Note::Late { .. } | Note::Stopping | Note::Unread { .. } => {}
        }
    }

    fn wants_times(&self) -> bool {
        true
    }

    fn hear_times(&mut self, times: &BTreeMap<ModelName, u64>) {
        self.outlook().know(times);
    }
}

impl Terminal {
    /// A line that counts down.
    fn wait(&mut self, what: String, until: DateTime<Utc>) {
        let style = spinner_style("  {spinner:.dim} {msg}{left:.dim}").with_key(
            "left",
            move |_: &ProgressState, out: &mut dyn Write| {
                let left = (until - Utc::now()).to_std().unwrap_or_default();
                let _ = write!(out, ", in {}", whole_seconds(left));
            },
        );
        self.stand(ProgressBar::new_spinner().with_message(what), style);
    }
}

/// `silver.orders   1,234,567 rows   412,000 rows/s`.
fn rows(model: &ModelName, n_rows: u64, elapsed: Duration) -> String {
    if n_rows == 0 {
        // It reads, sorts or sums up, and gives nothing yet.
        return format!("{:<28} {:>38}", model.to_string(), "");
    }
    let speed = rows_a_second(n_rows, elapsed).map(grouped).unwrap_or_default();
    let unit = if speed.is_empty() { "" } else { "rows/s" };
    format!("{:<28} {:>13} rows {speed:>12} {unit:<6}", model.to_string(), grouped(n_rows))
}

/// A time that is left: `1 s` at least, `2:05`.
fn whole_seconds(left: Duration) -> String {
    match left.as_secs() {
        seconds @ 0..60 => format!("{} s", seconds.max(1)),
        seconds => clock(Duration::from_secs(seconds)),
    }
}

fn spinner_style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
        .tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ")
        .with_key("clock", |state: &ProgressState, out: &mut dyn Write| {
            let _ = write!(out, "{}", clock(state.elapsed()));
        })
}

fn bar_style(outlook: Arc<Mutex<Outlook>>) -> ProgressStyle {
    let template = "  {bar:32.cyan/dim} {pos}/{len} models  {clock}{left:.dim}";
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸─")
        .with_key("clock", |state: &ProgressState, out: &mut dyn Write| {
            let _ = write!(out, "{}", clock(state.elapsed()));
        })
        .with_key("left", move |state: &ProgressState, out: &mut dyn Write| {
            let left = outlook.lock().unwrap_or_else(PoisonError::into_inner).left(state.elapsed());
            let _ = match left {
                Some(left) => write!(out, ", about {} left", whole_seconds(left)),
                None => Ok(()),
            };
        })
}
