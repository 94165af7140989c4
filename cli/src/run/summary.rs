//! A run that has ended, as a table for people.

use super::lines::time;
use super::tally::{Row, State, Tally, Verdict, word};
use crate::paint::{Paint, Tint};
use crate::quantity::{clock, counted, grouped, rows_a_second};
use chrono::Utc;
use pipeline::Outcome;
use std::collections::BTreeMap;

/// Which models the table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// All of them.
    All,
    /// Those to which something happened.
    News,
}

const HEAD: [&str; 7] = ["model", "outcome", "rows", "written", "rows/s", "time", "version"];

/// As many models are named at most, where a reason concerns several.
const MOST_NAMES: usize = 4;

/// Below so many rows the time goes into the commit, and a speed would say nothing.
const LEAST_ROWS: u64 = 1_000;

/// Whether the table says why models failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reasons {
    /// It does.
    Shown,
    /// It was said before, in the same place.
    Said,
}

/// The table, a line with the totals, what was made anew, and what went wrong.
pub fn text(tally: &Tally, show: Show, reasons: Reasons, paint: Paint) -> String {
    let mut rows: Vec<(State, [String; 7])> = Vec::new();
    for (model, row) in &tally.models {
        let is_news = !matches!(row.state, State::Done(Outcome::Unchanged | Outcome::View));
        if show == Show::All || is_news {
            rows.push((row.state, cells(&model.to_string(), row)));
        }
    }
    let widths: [usize; 7] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|(_, row)| row[column].chars().count());
        cells.max().unwrap_or_default().max(HEAD[column].len())
    });
    let mut lines = Vec::new();
    if !rows.is_empty() {
        let head = aligned(&HEAD.map(str::to_owned), &widths);
        lines.push(paint.text(Tint::Dim, head.trim_end()));
    }
    for (state, row) in &rows {
        let line = aligned(row, &widths);
        lines.push(paint.text(tint(*state), line.trim_end()));
    }
    if !lines.is_empty() {
        lines.push(String::new());
    }
    let mut totals = vec![totals(tally)];
    match show {
        Show::All => totals.push(format!("lake: {}", tally.lake)),
        // One of many, in a log that grows.
        Show::News => totals[0].insert_str(0, &format!("{}  ", time(&Utc::now()))),
    }
    let tint = match &tally.verdict {
        Some(Verdict::Done(_)) => Tint::Strong,
        _ => Tint::Warn,
    };
    lines.extend(totals.iter().map(|line| paint.text(tint, line)));
    lines.extend(made_anew(tally).iter().map(|line| paint.text(Tint::Dim, line)));
    if let Some(sla) = tally.late {
        let late = format!("late: it took {}, and should take {sla}", clock(tally.elapsed));
        lines.push(paint.text(Tint::Warn, &late));
    }
    for (model, reason) in &tally.warnings {
        lines.push(paint.text(Tint::Warn, &format!("warning: {model}: {reason}")));
    }
    let mut failed: Vec<String> = tally
        .models
        .iter()
        .filter(|(_, row)| row.state == State::Failed)
        .map(|(model, row)| format!("failed: {model}: {}", row.reason.as_deref().unwrap_or("")))
        .collect();
    match &tally.verdict {
        Some(Verdict::Failed(reason)) if failed.is_empty() => {
            failed.push(format!("failed: {reason}"));
        }
        _ if reasons == Reasons::Said => failed.clear(),
        _ => {}
    }
    lines.extend(failed.iter().map(|line| paint.text(Tint::Bad, line)));
    lines.join("\n")
}

fn cells(model: &str, row: &Row) -> [String; 7] {
    let mut cells: [String; 7] = Default::default();
    cells[0] = model.to_owned();
    cells[1] = row.state.word().to_owned();
    if row.n_written > 0 {
        cells[3] = grouped(row.n_written);
    }
    match row.state {
        State::Done(Outcome::Built | Outcome::Unchanged) => {
            cells[2] = grouped(row.n_rows);
            cells[5] = clock(row.elapsed);
            cells[6] = row.version.to_string();
            if row.n_written >= LEAST_ROWS {
                let speed = rows_a_second(row.n_written, row.elapsed);
                cells[4] = speed.map(grouped).unwrap_or_default();
            }
        }
        State::Failed => cells[5] = clock(row.elapsed),
        _ => {}
    }
    cells
}

/// Names to the left, numbers to the right.
fn aligned(cells: &[String; 7], widths: &[usize; 7]) -> String {
    let mut line = String::new();
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let is_name = column < 2;
        if column > 0 {
            line.push_str("  ");
        }
        match is_name {
            true => line.push_str(&format!("{cell:<width$}")),
            false => line.push_str(&format!("{cell:>width$}")),
        }
    }
    line
}

fn tint(state: State) -> Tint {
    match state {
        State::Done(Outcome::Built) => Tint::Good,
        State::Done(_) | State::Running => Tint::Dim,
        State::Failed => Tint::Bad,
        State::Skipped | State::NotBegun => Tint::Warn,
    }
}

fn totals(tally: &Tally) -> String {
    let states = [
        State::Done(Outcome::Built),
        State::Done(Outcome::Unchanged),
        State::Done(Outcome::View),
        State::Failed,
        State::Skipped,
        State::NotBegun,
    ];
    let mut parts = Vec::new();
    for state in states {
        let n = tally.n_in(state);
        if n > 0 {
            parts.push(format!("{} {}", grouped(n as u64), state.word()));
        }
    }
    if parts.is_empty() {
        parts.push("nothing was built".to_owned());
    }
    let n_written: u64 = tally.models.values().map(|row| row.n_written).sum();
    if n_written > 0 {
        parts.push(format!("{} written", counted(n_written as usize, "row")));
    }
    let end = match &tally.verdict {
        Some(Verdict::Done(report)) => {
            if let Some(outcome) = report.catalog {
                parts.push(format!("catalog {}", word(outcome)));
            }
            ""
        }
        Some(Verdict::Failed(_)) => " (failed)",
        Some(Verdict::Stopped) | None => " (stopped; the next build makes the rest)",
    };
    format!("{}: {}, in {}{end}", tally.project, parts.join(", "), clock(tally.elapsed))
}

/// Tables that were written whole although they were there, by the reason.
fn made_anew(tally: &Tally) -> Vec<String> {
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (model, row) in &tally.models {
        if let (State::Done(_), Some(reason)) = (row.state, &row.reason) {
            reasons.entry(reason).or_default().push(model.to_string());
        }
    }
    let line = |(reason, mut models): (&str, Vec<String>)| {
        if models.len() > MOST_NAMES {
            let n_more = models.len() - (MOST_NAMES - 1);
            models.truncate(MOST_NAMES - 1);
            models.push(format!("{n_more} more"));
        }
        format!("made anew, since {reason}: {}", models.join(", "))
    };
    reasons.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Note;
    use catalog::Name;
    use pipeline::{Arrivals, Event, Layer, ModelName, ModelReport, Project, Report};
    use std::time::Duration;

    fn name(layer: Layer, name: &str) -> ModelName {
        ModelName { layer, name: Name::new(name).unwrap() }
    }

    fn tally(events: &[Event], verdict: Verdict) -> Tally {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("lakefront.yaml"), "name: shop\nlake: s3://shop/lake\n")
            .unwrap();
        let mut tally = Tally::new(&Project::open(folder.path()).unwrap());
        events.iter().for_each(|event| tally.hear(&Note::Event(event)));
        tally.end(verdict, Duration::from_millis(2_500));
        tally
    }

    fn finished(model: ModelName, outcome: Outcome, n_rows: u64) -> Event {
        Event::Finished(ModelReport {
            model,
            outcome,
            reason: None,
            engine: None,
            n_rows,
            version: 3,
            arrivals: Arrivals::default(),
            elapsed_ms: 500,
        })
    }

    #[test]
    fn every_model_has_a_line_and_what_failed_its_reason() {
        let (orders, sales, top) =
            (name(Layer::Bronze, "orders"), name(Layer::Gold, "sales"), name(Layer::Gold, "top"));
        let events = [
            Event::Started { model: orders.clone() },
            Event::Rows { model: orders.clone(), n_rows: 10_000 },
            finished(orders, Outcome::Built, 1_234_567),
            Event::Started { model: sales.clone() },
            Event::Failed { model: sales.clone(), reason: "sales.sql:3:5: no".to_owned() },
            Event::Skipped { model: top, since: sales },
        ];
        let mut tally = tally(&events, Verdict::Failed("sales.sql:3:5: no".to_owned()));
        for row in tally.models.values_mut().filter(|row| row.state == State::Failed) {
            row.elapsed = Duration::from_millis(70);
        }
        let expected = "\
model          outcome       rows  written  rows/s    time  version
bronze.orders  built    1,234,567   10,000  20,000  500 ms        3
gold.sales     failed                                70 ms
gold.top       skipped

shop: 1 built, 1 failed, 1 skipped, 10,000 rows written, in 2.5 s (failed)
lake: s3://shop/lake
failed: gold.sales: sales.sql:3:5: no";
        assert_eq!(text(&tally, Show::All, Reasons::Shown, Paint::Plain), expected);
        let said = text(&tally, Show::All, Reasons::Said, Paint::Plain);
        assert_eq!(Some(said.as_str()), expected.rsplit_once('\n').map(|(said, _)| said));
    }

    #[test]
    fn a_run_without_news_is_short() {
        let orders = name(Layer::Bronze, "orders");
        let events =
            [Event::Started { model: orders.clone() }, finished(orders, Outcome::Unchanged, 5)];
        let report =
            Report { run_id: String::new(), models: Vec::new(), catalog: None, elapsed_ms: 1 };
        let tally = tally(&events, Verdict::Done(report));
        let said = text(&tally, Show::News, Reasons::Shown, Paint::Plain);
        let (_time, said) = said.split_once("  ").unwrap();
        assert_eq!(said, "shop: 1 unchanged, in 2.5 s");
    }

    #[test]
    fn what_was_made_anew_is_grouped() {
        let mut events = Vec::new();
        for model in ["a", "b", "c", "d", "e", "f"] {
            let model = name(Layer::Gold, model);
            events.push(Event::Started { model: model.clone() });
            let Event::Finished(mut report) = finished(model, Outcome::Built, 1) else { continue };
            let is_first = report.model.name.as_str() == "a";
            report.reason = Some(if is_first { "x" } else { "y" }.to_owned());
            events.push(Event::Finished(report));
        }
        let lines = made_anew(&tally(&events, Verdict::Stopped));
        let expected =
            ["made anew, since x: gold.a", "made anew, since y: gold.b, gold.c, gold.d, 2 more"];
        assert_eq!(lines, expected);
    }
}
