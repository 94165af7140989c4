//! One run of a build: what happens is counted, and told to whoever listens.

pub mod json;
pub mod lines;
pub mod outlook;
pub mod summary;
pub mod tally;
pub mod terminal;

use crate::signals::Signals;
use chrono::{DateTime, Utc};
use pipeline::{BuildError, Event, ModelName, Options, Project, Report, Span};
use std::cell::RefCell;
use std::collections::BTreeMap;
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
    /// The project cannot be read any more, and is built as it was read last.
    Unread {
        /// Why not.
        reason: &'n str,
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

    /// Whether it wants to know what models took before. Reading that costs time.
    fn wants_times(&self) -> bool {
        false
    }

    /// Hears how many milliseconds models took in builds before this one.
    fn hear_times(&mut self, _times: &BTreeMap<ModelName, u64>) {}
}

/// When a run counts as late; all its attempts together.
#[derive(Debug)]
pub struct Limit {
    sla: Span,
    since: Instant,
    is_said: bool,
}

impl Limit {
    /// From now on a run takes at most `sla`.
    pub fn new(sla: Span) -> Limit {
        Limit { sla, since: Instant::now(), is_said: false }
    }

    fn deadline(&self) -> Instant {
        self.since + self.sla.duration()
    }
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
    mut limit: Option<&mut Limit>,
    signals: &mut Signals,
    listener: &mut dyn Listener,
) -> anyhow::Result<Tally> {
    listener.hear(&Note::Begun { project, attempt });
    let start = Instant::now();
    // A lake without builds, or one that cannot be read yet, tells nothing.
    if listener.wants_times()
        && let Ok(times) = pipeline::model_times(project).await
    {
        listener.hear_times(&times);
    }
    let told = RefCell::new((Tally::new(project), listener));
    let tell = |note: &Note<'_>| {
        let (tally, listener) = &mut *told.borrow_mut();
        tally.hear(note);
        listener.hear(note);
    };
    let mut deadline = None;
    if let Some(limit) = &limit {
        if limit.is_said {
            told.borrow_mut().0.late = Some(limit.sla);
        } else {
            deadline = Some(limit.deadline());
        }
    }
    let mut say_late = || {
        if let Some(limit) = &mut limit
            && !limit.is_said
            && limit.deadline() <= Instant::now()
        {
            limit.is_said = true;
            tell(&Note::Late { sla: limit.sla });
        }
    };
    let result = {
        let build = pipeline::build(project, options, |event| tell(&Note::Event(&event)));
        tokio::pin!(build);
        let mut is_stopping = false;
        loop {
            tokio::select! {
                result = &mut build => break result,
                () = until(deadline) => {
                    deadline = None;
                    say_late();
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
    say_late();
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
