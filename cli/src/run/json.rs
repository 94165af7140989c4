//! A run as JSON lines: one object for each thing that happens, with `time` and `event` first.

use super::tally::{State, Tally, Verdict, word};
use super::{Listener, Note};
use chrono::{DateTime, SecondsFormat, Utc};
use pipeline::{Event, ModelName, ModelReport, Outcome, Ran};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

/// What the lines are, for `--help`.
pub const HELP: &str = "\
JSON lines (--json): one object for each event on stdout, and nothing else there. Every object has `time` (RFC 3339, UTC) and
`event`. Times are milliseconds (`*_ms`), rows are whole numbers.
  run_started     project, environment, lake, attempt
  sources_made    steps_done, steps (a generator makes source files)
  waiting_for_lake holder (somebody else writes the lake; --wait)
  checked         models (how many follow)
  model_started   model
  model_rows      model, rows_written (so far; five times a second at most)
  model_finished  model, outcome (built, unchanged, view), rows (of the table), rows_written, elapsed_ms, version,
                  reason (why the table was made anew, or null), engine (where the query ran: here, ballista, or null)
  model_failed    model, reason
  model_skipped   model, since (the model that failed), reason
  model_warned    model, reason (an expectation or freshness rule that warns)
  model_not_begun model (the build was stopped)
  late            sla_ms (the run takes longer than `sla:`)
  stopping        (models that run are finished first)
  run_finished    outcome (done, failed, stopped), run_id, built, unchanged, views, failed, skipped, not_begun, warnings, late,
                  rows_written, catalog (built, unchanged, or null), elapsed_ms, reason (of a failure, or null)
  retry           attempt, attempts, wait_ms (--watch)
  waiting         until (--watch)
  project_unread  reason (the project cannot be read any more, and is built as it was read last; --watch)";

/// Writes each note as one line.
pub struct JsonLines<W> {
    out: W,
    /// Rows that the models which run have written so far.
    written: BTreeMap<ModelName, u64>,
}

impl<W: Write> JsonLines<W> {
    /// Lines on `out`.
    pub fn on(out: W) -> JsonLines<W> {
        JsonLines { out, written: BTreeMap::new() }
    }
}

impl<W: Write> Listener for JsonLines<W> {
    fn hear(&mut self, note: &Note<'_>) {
        let mut line = line(&Utc::now(), note);
        if let Note::Event(Event::Rows { model, n_rows }) = note {
            self.written.insert(model.clone(), *n_rows);
        }
        if let (Note::Event(Event::Finished(report)), Value::Object(fields)) = (note, &mut line) {
            let n_written = self.written.remove(&report.model).unwrap_or_default();
            fields.insert("rows_written".to_owned(), n_written.into());
        }
        // Whoever read the lines may be gone; the build goes on.
        let _ = writeln!(self.out, "{line}").and_then(|()| self.out.flush());
    }
}

fn line(time: &DateTime<Utc>, note: &Note<'_>) -> Value {
    let (event, fields) = match note {
        Note::Begun { project, attempt } => (
            "run_started",
            json!({
                "project": project.name,
                "environment": project.environment,
                "lake": project.lake.to_string(),
                "attempt": attempt,
            }),
        ),
        Note::Event(event) => of_event(event),
        Note::Late { sla } => ("late", json!({ "sla_ms": ms(sla.duration()) })),
        Note::Stopping => ("stopping", json!({})),
        Note::Ended(tally) => ("run_finished", of_tally(tally)),
        Note::Retry { wait, attempt, n_attempts } => {
            ("retry", json!({ "attempt": attempt, "attempts": n_attempts, "wait_ms": ms(*wait) }))
        }
        Note::Unread { reason } => ("project_unread", json!({ "reason": reason })),
        Note::Waiting { until } => ("waiting", json!({ "until": text(until) })),
    };
    let mut object = Map::new();
    object.insert("time".to_owned(), text(time).into());
    object.insert("event".to_owned(), event.into());
    if let Value::Object(fields) = fields {
        object.extend(fields);
    }
    Value::Object(object)
}

fn of_event(event: &Event) -> (&'static str, Value) {
    match event {
        Event::Delivering { n_done, n_steps } => {
            ("sources_made", json!({ "steps_done": n_done, "steps": n_steps }))
        }
        Event::Waiting { holder } => ("waiting_for_lake", json!({ "holder": holder })),
        Event::Checked { n_models } => ("checked", json!({ "models": n_models })),
        Event::Started { model } => ("model_started", json!({ "model": model.to_string() })),
        Event::Rows { model, n_rows } => {
            ("model_rows", json!({ "model": model.to_string(), "rows_written": n_rows }))
        }
        Event::Finished(report) => (
            "model_finished",
            json!({
                "model": report.model.to_string(),
                "outcome": word(report.outcome),
                "rows": report.n_rows,
                "elapsed_ms": report.elapsed_ms,
                "version": (report.outcome != Outcome::View).then_some(report.version),
                "reason": report.reason,
                "engine": report.engine.map(Ran::as_str),
                "arrivals": arrivals(report),
            }),
        ),
        Event::Failed { model, reason } => {
            ("model_failed", json!({ "model": model.to_string(), "reason": reason }))
        }
        Event::Skipped { model, since } => (
            "model_skipped",
            json!({
                "model": model.to_string(),
                "since": since.to_string(),
                "reason": format!("{since} failed"),
            }),
        ),
        Event::Warned { model, reason } => {
            ("model_warned", json!({ "model": model.to_string(), "reason": reason }))
        }
        Event::NotBegun { model } => ("model_not_begun", json!({ "model": model.to_string() })),
    }
}

/// How many rows of its input came out of order.
fn arrivals(report: &ModelReport) -> Value {
    let numbers = report.arrivals.numbers();
    Value::Object(
        numbers.map(|(name, n_rows)| (name.to_owned(), n_rows.into())).into_iter().collect(),
    )
}

fn of_tally(tally: &Tally) -> Value {
    let (outcome, run_id, catalog, reason) = match &tally.verdict {
        Some(Verdict::Done(report)) => ("done", Some(&report.run_id), report.catalog, None),
        Some(Verdict::Failed(reason)) => ("failed", None, None, Some(reason)),
        Some(Verdict::Stopped) | None => ("stopped", None, None, None),
    };
    json!({
        "outcome": outcome,
        "run_id": run_id,
        "built": tally.n_in(State::Done(Outcome::Built)),
        "unchanged": tally.n_in(State::Done(Outcome::Unchanged)),
        "views": tally.n_in(State::Done(Outcome::View)),
        "failed": tally.n_in(State::Failed),
        "skipped": tally.n_in(State::Skipped),
        "not_begun": tally.n_in(State::NotBegun),
        "warnings": tally.warnings.len(),
        "late": tally.late.is_some(),
        "rows_written": tally.models.values().map(|row| row.n_written).sum::<u64>(),
        "catalog": catalog.map(word),
        "elapsed_ms": ms(tally.elapsed),
        "reason": reason,
    })
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn text(time: &DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use catalog::Name;
    use pipeline::{Arrivals, Layer};

    #[test]
    fn each_event_is_one_object() {
        let model = ModelName { layer: Layer::Gold, name: Name::new("sales").unwrap() };
        let time = DateTime::UNIX_EPOCH;
        let check = |event: Event, expected: &str| {
            assert_eq!(line(&time, &Note::Event(&event)).to_string(), expected);
        };
        check(
            Event::Failed { model: model.clone(), reason: "a \"b\"\nc".to_owned() },
            r#"{"time":"1970-01-01T00:00:00.000Z","event":"model_failed","model":"gold.sales","reason":"a \"b\"\nc"}"#,
        );
        let report = ModelReport {
            model,
            outcome: Outcome::View,
            reason: None,
            engine: None,
            n_rows: 0,
            version: 0,
            arrivals: Arrivals::default(),
            elapsed_ms: 1,
        };
        check(
            Event::Finished(report),
            r#"{"time":"1970-01-01T00:00:00.000Z","event":"model_finished","model":"gold.sales","outcome":"view","rows":0,"elapsed_ms":1,"version":null,"reason":null,"engine":null,"arrivals":{"late":0,"repeated":0,"below_mark":0,"ahead":0}}"#,
        );
    }

    #[test]
    fn every_event_is_in_the_help() {
        for event in ["run_started", "model_rows", "model_warned", "late", "run_finished", "retry"]
        {
            assert!(HELP.contains(&format!("\n  {event} ")), "{event}");
        }
    }
}
