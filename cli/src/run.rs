//! One run of a build: what happens is counted, and told to whoever listens.

pub mod json;
pub mod lines;
pub mod outlook;
pub mod summary;
pub mod tally;
pub mod terminal;

use crate::signals::Signals;
use chrono::{DateTime, Utc};
use pipeline::{BuildError, Event, Options, Project, Report, Span};
use std::cell::RefCell;
use std::time::{Duration, Instant};
use tally::{Tally, Verdict};

/// What a listener is told. A run is `Begun`, then come `Event`s, `Late`, `Stopping`, and at last `Ended`.
#[derive(Debug)]
pub enum Note<'n> {
    /// A run begins.
    Begun {
        /// What is built.
        project: &'n Project,
        /// Which attempt at it this is, from 1.
        attempt: u32,
    },
    /// Something happens in the build.
    Event(&'n Event),
    /// The run takes longer than it may.
    Late {
        /// How long it may take.
        sla: Span,
    },
    /// Somebody asked for the end; the models that run are finished first.
    Stopping,
    /// The run has ended.
    Ended(&'n Tally),
    /// It failed and is tried again.
    Retry {
        /// After this time.
        wait: Duration,
        /// Which attempt that will be, from 1.
        attempt: u32,
        /// Attempts at most.
        n_attempts: u32,
    },
    /// Nothing is to be done until then.
    Waiting {
        /// When the next run begins.
        until: DateTime<Utc>,
    },
}

/// Somebody who shows what happens.
pub trait Listener {
    /// Hears of it.
    fn hear(&mut self, note: &Note<'_>);
}

/// When a run counts as late.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// How long it may take.
    pub sla: Span,
    /// Since when it is counted.
    pub since: Instant,
}

/// Builds `project` once. A signal lets the models that run come to their end; a second one ends the program at once, which
/// costs work and no commit.
///
/// # Errors
/// When the selection names no model: that is an error of the command line, and no run.
pub async fn run(
    project: &Project,
    options: &Options,
    attempt: u32,
    limit: Option<Limit>,
    signals: &mut Signals,
    listener: &mut dyn Listener,
) -> anyhow::Result<Tally> {
    listener.hear(&Note::Begun { project, attempt });
    let start = Instant::now();
    let told = RefCell::new((Tally::new(project), listener));
    let tell = |note: &Note<'_>| {
        let (tally, listener) = &mut *told.borrow_mut();
        tally.hear(note);
        listener.hear(note);
    };
    let deadline = limit.map(|limit| limit.since + limit.sla.duration());
    let result = {
        let build = pipeline::build(project, options, |event| tell(&Note::Event(&event)));
        tokio::pin!(build);
        let (mut is_late, mut is_stopping) = (false, false);
        loop {
            tokio::select! {
                result = &mut build => break result,
                () = until(deadline), if !is_late => {
                    is_late = true;
                    if let Some(limit) = limit {
                        tell(&Note::Late { sla: limit.sla });
                    }
                }
                () = signals.next() => {
                    if is_stopping {
                        std::process::exit(130);
                    }
                    is_stopping = true;
                    options.stop.request();
                    tell(&Note::Stopping);
                    if told.borrow().0.is_before_models() {
                        break Err(BuildError::Stopped { n_left: 0 });
                    }
                }
            }
        }
    };
    let (mut tally, listener) = told.into_inner();
    tally.end(verdict(result)?, start.elapsed());
    listener.hear(&Note::Ended(&tally));
    Ok(tally)
}

/// Done at `deadline`; never without one.
async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

fn verdict(result: Result<Report, BuildError>) -> anyhow::Result<Verdict> {
    match result {
        Ok(report) => Ok(Verdict::Done(report)),
        Err(error @ BuildError::Select(_)) => Err(error.into()),
        Err(BuildError::Stopped { .. }) => Ok(Verdict::Stopped),
        Err(error) => Ok(Verdict::Failed(error.to_string())),
    }
}
