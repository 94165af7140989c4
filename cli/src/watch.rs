//! Runs on a schedule: one after the other, a failed one tried again, until a signal ends them.

pub mod schedule;

use crate::run::tally::{Tally, Verdict};
use crate::run::{self, Limit, Listener, Note};
use crate::signals::Signals;
use anyhow::{Context, anyhow, bail};
use chrono::{DateTime, Utc};
use pipeline::{Finding, Options, PROJECT_FILE, Project, Retries, Stop};
use schedule::Schedule;
use std::time::Duration;

/// The clock is looked at so often while nothing is to be done: it may be set, and a machine may sleep.
const LOOK: Duration = Duration::from_secs(5);

/// What is built again and again.
pub struct Watch<'w> {
    /// Reads the project, which may have been edited since the run before.
    pub open: &'w dyn Fn() -> anyhow::Result<Project>,
    /// What each run is asked for.
    pub options: Options,
    /// When runs begin, whatever the project says; without it, the project's schedule.
    pub every: Option<Schedule>,
}

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Run,
    End,
}

impl Watch<'_> {
    /// Builds at once, and then on schedule. Ends on a signal.
    ///
    /// # Errors
    /// When there is no schedule, or the first look at the project fails: then nothing was built. A project that is
    /// broken later is built as it was read last.
    pub async fn run(
        &self,
        signals: &mut Signals,
        listener: &mut dyn Listener,
    ) -> anyhow::Result<()> {
        let mut project = (self.open)()?;
        let mut schedule = self.schedule(&project)?;
        loop {
            let next = self.attempts(&project, signals, listener).await?;
            if next == Next::End {
                return Ok(());
            }
            let until = schedule.next(Utc::now()).context("the schedule has no further time")?;
            listener.hear(&Note::Waiting { until });
            if sleep(until, signals).await == Next::End {
                return Ok(());
            }
            let read = (self.open)().and_then(|project| Ok((self.schedule(&project)?, project)));
            match read {
                Ok(read) => (schedule, project) = read,
                Err(error) => listener.hear(&Note::Unread { reason: &format!("{error:#}") }),
            }
        }
    }

    fn schedule(&self, project: &Project) -> anyhow::Result<Schedule> {
        if let Some(every) = &self.every {
            return Ok(every.clone());
        }
        match of_project(project) {
            Some(schedule) => schedule.map_err(|finding| anyhow!("{finding}")),
            None => bail!(
                "--watch needs `schedule:` in {}, such as \"*/5 * * * *\", or `--every '5 minutes'`",
                project.folder.join(PROJECT_FILE).display()
            ),
        }
    }

    /// One run, tried again as often as the project says.
    async fn attempts(
        &self,
        project: &Project,
        signals: &mut Signals,
        listener: &mut dyn Listener,
    ) -> anyhow::Result<Next> {
        let mut limit = project.sla.map(Limit::new);
        let n_attempts = project.retries.attempts.saturating_add(1);
        let mut attempt = 1;
        loop {
            let options = Options { stop: Stop::new(), ..self.options.clone() };
            let limit = limit.as_mut();
            let tally = run::run(project, &options, attempt, limit, signals, listener).await?;
            if options.stop.is_requested() {
                return Ok(Next::End);
            }
            if !is_failed(&tally) || attempt == n_attempts {
                return Ok(Next::Run);
            }
            let wait = wait_before(&project.retries, attempt);
            attempt += 1;
            listener.hear(&Note::Retry { wait, attempt, n_attempts });
            let until = Utc::now() + wait;
            if sleep(until, signals).await == Next::End {
                return Ok(Next::End);
            }
        }
    }
}

/// The project's schedule, if it has one.
///
/// # Errors
/// What is wrong with it, and where.
pub fn of_project(project: &Project) -> Option<Result<Schedule, Finding>> {
    let text = project.schedule.as_ref()?;
    Some(Schedule::cron(text).map_err(|reason| Finding {
        path: Some(project.folder.join(PROJECT_FILE)),
        place: project.schedule_place,
        text: format!("schedule {reason}"),
    }))
}

fn is_failed(tally: &Tally) -> bool {
    matches!(tally.verdict, Some(Verdict::Failed(_)))
}

/// The time before the attempt behind the one with that number: twice as long as before the one itself.
fn wait_before(retries: &Retries, attempt: u32) -> Duration {
    let factor = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
    retries.wait.duration().saturating_mul(factor)
}

async fn sleep(until: DateTime<Utc>, signals: &mut Signals) -> Next {
    loop {
        let left = (until - Utc::now()).to_std().unwrap_or_default();
        if left.is_zero() {
            return Next::Run;
        }
        tokio::select! {
            () = tokio::time::sleep(left.min(LOOK)) => {}
            () = signals.next() => return Next::End,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_twice_the_one_before() {
        let retries = Retries { attempts: 9, wait: "10 seconds".parse().unwrap() };
        let check = |attempt, expected_s| {
            assert_eq!(wait_before(&retries, attempt), Duration::from_secs(expected_s));
        };
        check(1, 10);
        check(2, 20);
        check(5, 160);
        check(99, 10 * u64::from(u32::MAX));
    }

    #[test]
    fn a_schedule_that_is_none_is_placed() {
        let folder = tempfile::tempdir().unwrap();
        let check = |yaml: &str, expected: Option<Result<(), &str>>| {
            std::fs::write(folder.path().join("lakefront.yaml"), yaml).unwrap();
            let found = of_project(&Project::open(folder.path()).unwrap());
            let found = found.map(|found| found.map(drop).map_err(|error| error.to_string()));
            match (found, expected) {
                (Some(Err(found)), Some(Err(expected))) => {
                    assert!(found.contains(expected), "{found}");
                }
                (found, expected) => {
                    assert_eq!(found, expected.map(|e| e.map_err(str::to_owned)));
                }
            }
        };
        check("name: x", None);
        check("name: x\nschedule: '0 6 * * *'", Some(Ok(())));
        let expected = "lakefront.yaml:2:11: schedule \"at noon\" is no cron expression";
        check("name: x\nschedule: at noon", Some(Err(expected)));
    }
}
