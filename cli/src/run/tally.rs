//! What became of each model of a run.

use super::Note;
use crate::ending::Ending;
use pipeline::{Event, ModelName, Outcome, Project, Report, Span};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What became of a run so far.
#[derive(Debug)]
pub struct Tally {
    /// The project's name.
    pub project: String,
    /// Where its lake lies.
    pub lake: String,
    /// The number of models that were to be made; `None` before everything is checked.
    pub n_models: Option<usize>,
    /// The models that were begun or never will be.
    pub models: BTreeMap<ModelName, Row>,
    /// What is worth a look.
    pub warnings: Vec<(ModelName, String)>,
    /// How long the run may take, when it took longer.
    pub late: Option<Span>,
    /// How it ended; `None` while it runs.
    pub verdict: Option<Verdict>,
    /// From the start to the end.
    pub elapsed: Duration,
}

/// How a run ended.
#[derive(Debug)]
pub enum Verdict {
    /// Every model is made.
    Done(Report),
    /// A model failed, or the project is not right, for this reason.
    Failed(String),
    /// Somebody asked for it.
    Stopped,
}

/// One model of a run.
#[derive(Debug, Clone)]
pub struct Row {
    /// What became of it.
    pub state: State,
    /// When it was begun.
    pub since: Instant,
    /// From then to its end.
    pub elapsed: Duration,
    /// Rows of its table.
    pub n_rows: u64,
    /// Rows that its query gave.
    pub n_written: u64,
    /// The Delta version of its table.
    pub version: u64,
    /// Why it failed, was skipped, or was made anew.
    pub reason: Option<String>,
}

/// What became of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It runs.
    Running,
    /// It is made.
    Done(Outcome),
    /// It failed.
    Failed,
    /// One that it reads failed.
    Skipped,
    /// The run was stopped before.
    NotBegun,
}

impl State {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            State::Running => "running",
            State::Done(outcome) => word(outcome),
            State::Failed => "failed",
            State::Skipped => "skipped",
            State::NotBegun => "not begun",
        }
    }
}

/// The word for what was done.
pub fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Built => "built",
        Outcome::Unchanged => "unchanged",
        Outcome::View => "view",
    }
}

impl Row {
    fn new(state: State, reason: Option<String>) -> Row {
        Row {
            state,
            since: Instant::now(),
            elapsed: Duration::ZERO,
            n_rows: 0,
            n_written: 0,
            version: 0,
            reason,
        }
    }
}

impl Tally {
    /// The tally of a run that begins.
    pub fn new(project: &Project) -> Tally {
        Tally {
            project: project.name.clone(),
            lake: project.lake.to_string(),
            n_models: None,
            models: BTreeMap::new(),
            warnings: Vec::new(),
            late: None,
            verdict: None,
            elapsed: Duration::ZERO,
        }
    }

    /// Counts what happens.
    pub fn hear(&mut self, note: &Note<'_>) {
        match note {
            Note::Event(event) => self.count(event),
            Note::Late { sla } => self.late = Some(*sla),
            _ => {}
        }
    }

    fn count(&mut self, event: &Event) {
        match event {
            Event::Delivering { .. } | Event::Waiting { .. } => {}
            Event::Checked { n_models } => self.n_models = Some(*n_models),
            Event::Started { model } => {
                self.models.insert(model.clone(), Row::new(State::Running, None));
            }
            Event::Rows { model, n_rows } => {
                if let Some(row) = self.models.get_mut(model) {
                    row.n_written = *n_rows;
                }
            }
            Event::Finished(report) => {
                if let Some(row) = self.models.get_mut(&report.model) {
                    row.state = State::Done(report.outcome);
                    row.elapsed = Duration::from_millis(report.elapsed_ms);
                    row.n_rows = report.n_rows;
                    row.version = report.version;
                    row.reason = report.reason.clone();
                }
            }
            Event::Failed { model, reason } => {
                if let Some(row) = self.models.get_mut(model) {
                    row.state = State::Failed;
                    // What it wrote was never committed.
                    row.n_written = 0;
                    row.elapsed = row.since.elapsed();
                    row.reason = Some(reason.clone());
                }
            }
            Event::Skipped { model, since } => {
                let row = Row::new(State::Skipped, Some(format!("{since} failed")));
                self.models.insert(model.clone(), row);
            }
            Event::NotBegun { model } => {
                self.models.insert(model.clone(), Row::new(State::NotBegun, None));
            }
            Event::Warned { model, reason } => {
                self.warnings.push((model.clone(), reason.clone()));
            }
        }
    }

    /// The run has ended.
    pub fn end(&mut self, verdict: Verdict, elapsed: Duration) {
        self.verdict = Some(verdict);
        self.elapsed = elapsed;
    }

    /// Whether no model was begun, so that nothing is thrown away when it ends at once.
    pub fn is_before_models(&self) -> bool {
        self.models.is_empty()
    }

    /// How many models are in that state.
    pub fn n_in(&self, state: State) -> usize {
        self.models.values().filter(|row| row.state == state).count()
    }

    /// How the command ends that made this run, when warnings count or do not.
    pub fn ending(&self, warnings: Warnings) -> Ending {
        match (&self.verdict, warnings) {
            (Some(Verdict::Done(_)), Warnings::Count) if !self.warnings.is_empty() => {
                Ending::Warned
            }
            (Some(Verdict::Done(_)), _) => Ending::Well,
            _ => Ending::Failed,
        }
    }
}

/// Whether warnings make a run end otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warnings {
    /// They do.
    Count,
    /// They are only said.
    Pass,
}

#[cfg(test)]
mod tests {
    use super::*;
    use catalog::Name;
    use pipeline::Layer;

    #[test]
    fn warnings_count_when_they_are_meant_to() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("lakefront.yaml"), "name: shop").unwrap();
        let project = Project::open(folder.path()).unwrap();
        let done = || {
            let (run_id, models) = (String::new(), Vec::new());
            Verdict::Done(Report { run_id, models, catalog: None, elapsed_ms: 1 })
        };
        let check = |n_warnings: usize, verdict: Verdict, warnings, expected| {
            let mut tally = Tally::new(&project);
            for _ in 0..n_warnings {
                let model = ModelName { layer: Layer::Gold, name: Name::new("sales").unwrap() };
                let warned = Event::Warned { model, reason: "old".to_owned() };
                tally.hear(&Note::Event(&warned));
            }
            tally.end(verdict, Duration::ZERO);
            assert_eq!(tally.ending(warnings), expected);
        };
        check(0, done(), Warnings::Count, Ending::Well);
        check(1, done(), Warnings::Count, Ending::Warned);
        check(1, done(), Warnings::Pass, Ending::Well);
        check(1, Verdict::Failed(String::new()), Warnings::Count, Ending::Failed);
        check(0, Verdict::Stopped, Warnings::Pass, Ending::Failed);
    }
}
