//! What a build did, kept in the lake; and how old its newest rows are.

use super::filter::greatest;
use super::input::Input;
use super::{Build, BuildError, Event, ModelReport, Outcome};
use crate::lake::{Commit, LakeTable, Write};
use crate::model::{Layout, Model, ModelError, ModelName, ModelRule};
use crate::runs::{self, RUNS_LOCATION, Run, RunRow};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use datafusion::datasource::MemTable;
use std::sync::{Arc, PoisonError};

impl Build {
    /// Says what is worth a look in the inputs of `model`, whose rows are taken.
    pub(super) fn warn(&self, model: &Model, inputs: &[Input]) {
        for reason in inputs.iter().flat_map(|input| &input.warnings).cloned() {
            self.tell(super::Event::Warned { model: model.name.clone(), reason });
        }
    }

    /// Says what waits in the inputs of `model`, of which nothing is taken.
    pub(super) fn warn_at_rest(&self, model: &Model, inputs: &[Input]) {
        for reason in inputs.iter().flat_map(Input::waiting).cloned() {
            self.tell(super::Event::Warned { model: model.name.clone(), reason });
        }
    }

    /// Keeps what was done with a model.
    pub(super) fn record(&self, report: &ModelReport) {
        let outcome = match report.outcome {
            Outcome::Built => "built",
            Outcome::Unchanged => "unchanged",
            Outcome::View => return,
        };
        self.keep(RunRow {
            outcome,
            n_rows: Some(report.n_rows),
            elapsed_ms: Some(report.elapsed_ms),
            version: Some(report.version),
            message: report.reason.clone(),
            ..of_model(&report.model)
        });
        for (name, n_rows) in
            report.arrivals.numbers().into_iter().filter(|(_, n_rows)| *n_rows > 0)
        {
            self.keep(RunRow {
                kind: "arrival",
                name: name.to_owned(),
                outcome: if name == "repeated" { "passed" } else { "warned" },
                n_failed: Some(n_rows),
                ..of_model(&report.model)
            });
        }
    }

    /// Keeps that a model failed, or was not begun.
    pub(super) fn record_failure(&self, model: &ModelName, outcome: &'static str, reason: String) {
        self.keep(RunRow { outcome, message: Some(reason), ..of_model(model) });
    }

    fn keep(&self, row: RunRow) {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).push(row);
    }

    /// Says how old the newest rows of the selected tables are.
    ///
    /// # Errors
    /// [`ModelRule::TooOld`] of the first that is too old, once all are known.
    pub(super) async fn check_freshness(&self) -> Result<(), BuildError> {
        let now = Utc::now();
        let mut too_old = None;
        for model in self.checked.models.iter().filter(|m| self.selected.contains(&m.name)) {
            let Some(freshness) = &model.config.freshness else { continue };
            let table = {
                let done = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
                done.get(&model.name).cloned()
            };
            let Some(table) = table else { continue };
            let newest = self.newest(model, &table, &freshness.column).await?;
            let age = newest.map(|newest| now - newest);
            let is_over = |limit: Option<crate::Span>| match (age, limit) {
                (Some(age), Some(limit)) => age > TimeDelta::microseconds(limit.micros()),
                // Without a row nothing is fresh.
                (None, limit) => limit.is_some(),
                (Some(_), None) => false,
            };
            let (outcome, limit) = if is_over(freshness.fail_after) {
                ("too_old", freshness.fail_after)
            } else if is_over(freshness.warn_after) {
                ("old", freshness.warn_after)
            } else {
                ("fresh", None)
            };
            let newest = newest.map_or_else(
                || format!("no row has a {}", freshness.column),
                |newest| {
                    format!(
                        "the newest {} is {}",
                        freshness.column,
                        newest.format("%Y-%m-%dT%H:%M:%SZ")
                    )
                },
            );
            self.keep(RunRow {
                kind: "freshness",
                outcome,
                message: Some(newest.clone()),
                ..of_model(&model.name)
            });
            let Some(limit) = limit else { continue };
            let reason = format!("{newest}, more than {limit} ago");
            if outcome == "old" {
                self.tell(Event::Warned { model: model.name.clone(), reason });
            } else {
                let rule = ModelRule::TooOld { reason };
                too_old.get_or_insert(ModelError {
                    path: model.config_path.clone(),
                    place: freshness.place,
                    rule,
                });
            }
        }
        too_old.map_or(Ok(()), |error| Err(error.into()))
    }

    async fn newest(
        &self,
        model: &Model,
        table: &LakeTable,
        column: &str,
    ) -> Result<Option<DateTime<Utc>>, BuildError> {
        let scope = self.planner.scope()?;
        let provider = table.provider(scope.ctx()).await?;
        let Some(text) = greatest(&scope, provider, column).await? else { return Ok(None) };
        let time = DateTime::parse_from_rfc3339(&text).map(|time| time.with_timezone(&Utc));
        let local = || text.parse::<chrono::NaiveDateTime>().map(|time| time.and_utc());
        let day = || {
            let day = text.parse::<NaiveDate>()?;
            Ok(day.and_time(chrono::NaiveTime::MIN).and_utc())
        };
        let read = time.or_else(|_| local()).or_else(|_: chrono::ParseError| day());
        read.map(Some).map_err(|error: chrono::ParseError| {
            let reason = format!("freshness: {column} is {text:?}, which is no time: {error}");
            model.broken(ModelRule::Run { reason }).into()
        })
    }

    /// Adds what was kept to the table of runs, unless nothing was written and nothing failed.
    pub(super) async fn write_runs(&self) -> Result<(), BuildError> {
        let mut rows =
            std::mem::take(&mut *self.rows.lock().unwrap_or_else(PoisonError::into_inner));
        let has_news = rows.iter().any(|row| row.kind == "model" && row.outcome != "unchanged");
        if !has_news {
            return Ok(());
        }
        let judgements =
            std::mem::take(&mut *self.judgements.lock().unwrap_or_else(PoisonError::into_inner));
        for (model, judgements) in &judgements {
            rows.extend(judgements.iter().map(|judgement| RunRow {
                kind: "expectation",
                name: judgement.expectation.name.clone(),
                outcome: judgement.as_str(),
                on_failure: Some(judgement.expectation.on_failure.as_str()),
                n_rows: Some(judgement.n_checked),
                n_failed: Some(judgement.n_failed),
                example: judgement.examples.first().cloned(),
                ..of_model(model)
            }));
        }
        let run = Run {
            run_id: self.run_id.clone(),
            project: self.project.name.clone(),
            environment: self.project.environment.clone(),
            started_at_us: self.at_us,
        };
        let batch = runs::batch(&run, &rows).map_err(datafusion::error::DataFusionError::from)?;
        let table = Arc::new(MemTable::try_new(runs::schema(), vec![vec![batch]])?);
        let before = self.lake.open(RUNS_LOCATION).await?;
        let number = before.as_ref().and_then(LakeTable::number).map_or(0, |number| number + 1);
        let commit = Commit {
            number,
            state: None,
            metadata: vec![("lakefront.run".to_owned(), self.run_id.clone().into())],
        };
        self.lock.check().await?;
        let layout = Layout::default();
        self.lake.write(RUNS_LOCATION, before, &layout, table, Write::Append, &commit).await?;
        Ok(())
    }
}

fn of_model(model: &ModelName) -> RunRow {
    RunRow { kind: "model", model: model.to_string(), name: model.to_string(), ..RunRow::default() }
}
