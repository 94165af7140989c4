//! `lakefront build`.

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use pipeline::{
    Event, ModelName, ModelReport, Options, Outcome, Project, Refresh, Report, Span, Wait,
};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// The arguments.
#[derive(clap::Args)]
pub struct Args {
    /// The project: a folder with lakefront.yaml, models/ and catalog.yaml.
    #[arg(default_value = ".")]
    project: PathBuf,
    /// The environment whose settings are taken.
    #[arg(long, default_value = pipeline::DEFAULT_ENVIRONMENT, value_name = "NAME")]
    env: String,
    /// Which models: `silver.orders`, `silver.orders+` with what reads it, `+gold.sales` with what it reads, `gold.*`.
    #[arg(long, value_name = "MODELS")]
    select: Vec<String>,
    /// Makes the selected tables anew, whatever they were made of.
    #[arg(long)]
    full_refresh: bool,
    /// How long it waits for somebody else who writes the lake, such as `10 minutes`; it refuses at once without it.
    #[arg(long, value_name = "TIME")]
    wait: Option<Span>,
    /// The memory that queries share before they spill to disk.
    #[arg(long, default_value = "2GB", value_name = "SIZE", value_parser = size_bytes)]
    memory: usize,
}

/// Builds the project and prints what was made.
pub fn run(args: Args) -> anyhow::Result<()> {
    let project = Project::open_in(&args.project, &args.env)?;
    let refresh = if args.full_refresh { Refresh::Full } else { Refresh::Changed };
    let options = Options {
        select: args.select,
        refresh,
        memory_bytes: args.memory,
        wait: args.wait.map_or(Wait::Refuse, |wait| Wait::Until(wait.duration())),
        ..Options::default()
    };
    let report = build(&project, &options)?;
    println!("\n{}", summary(&project, &report));
    Ok(())
}

/// Builds `project` and shows the progress on stderr: a line a model, and a bar on a terminal.
pub fn build(project: &Project, options: &Options) -> anyhow::Result<Report> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime did not start")?;
    let mut progress = Progress::new();
    let report = runtime.block_on(pipeline::build(project, options, |event| progress.show(event)));
    progress.bar.finish_and_clear();
    Ok(report?)
}

/// `2GB` and `512MB`, in powers of 1024, as bytes.
fn size_bytes(text: &str) -> Result<usize, String> {
    let units = [("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)];
    let upper = text.trim().to_uppercase();
    let split = units
        .iter()
        .find_map(|(unit, bytes)| Some((upper.strip_suffix(unit)?.trim().to_owned(), *bytes)));
    split
        .and_then(|(number, bytes)| number.parse::<usize>().ok()?.checked_mul(bytes))
        .filter(|bytes| *bytes >= 16 << 20)
        .ok_or_else(|| format!("{text:?} is no size such as 512MB or 2GB, of at least 16MB"))
}

/// The bar at the foot, with the finished models above it.
struct Progress {
    bar: ProgressBar,
    /// The models that run, and the rows that each made.
    running: BTreeMap<ModelName, u64>,
}

impl Progress {
    fn new() -> Progress {
        let bar = ProgressBar::no_length().with_message("checking sources, models and catalog");
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Progress { bar, running: BTreeMap::new() }
    }

    fn show(&mut self, event: Event) {
        match event {
            Event::Checked { n_models } => {
                self.bar.set_length(n_models as u64);
                let style = ProgressStyle::with_template("{spinner} [{pos}/{len}] {msg}");
                if let Ok(style) = style {
                    self.bar.set_style(style);
                }
            }
            Event::Delivering { n_done, n_steps } => {
                self.bar.set_message(format!("making sources, {n_done} of {n_steps} steps"));
                return;
            }
            Event::Waiting { holder } => self.say(&format!("waiting for {holder}")),
            Event::Started { model } => {
                self.running.insert(model, 0);
            }
            Event::Rows { model, n_rows } => {
                self.running.insert(model, n_rows);
            }
            Event::Finished(report) => {
                self.running.remove(&report.model);
                self.bar.inc(1);
                self.say(&line(&report));
                if let Some(reason) = &report.reason {
                    self.say(&format!("{:<28} made anew: {reason}", ""));
                }
            }
            Event::Failed { model, reason } => {
                self.running.remove(&model);
                self.say(&format!("{:<28} failed: {reason}", model.to_string()));
            }
            Event::Skipped { model, since } => {
                self.say(&format!("{:<28} skipped, since {since} failed", model.to_string()));
            }
        }
        let running = self.running.iter().map(|(model, n_rows)| match n_rows {
            0 => model.to_string(),
            n_rows => format!("{model}: {} rows", grouped(*n_rows)),
        });
        self.bar.set_message(running.collect::<Vec<_>>().join(", "));
    }

    /// Through `suspend` and not `println`, which is silent where stderr is no terminal.
    fn say(&self, line: &str) {
        self.bar.suspend(|| eprintln!("{line}"));
    }
}

fn line(report: &ModelReport) -> String {
    format!(
        "{:<28} {:<9} {:>12} rows {:>8} ms  version {}",
        report.model.to_string(),
        word(report.outcome),
        grouped(report.n_rows),
        grouped(report.elapsed_ms),
        report.version,
    )
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Built => "built",
        Outcome::Unchanged => "unchanged",
        Outcome::View => "view",
    }
}

fn summary(project: &Project, report: &Report) -> String {
    let n_built = report.models.iter().filter(|model| model.outcome == Outcome::Built).count();
    let catalog = match report.catalog {
        Some(outcome) => format!("catalog {}", word(outcome)),
        None => "no catalog".to_owned(),
    };
    format!(
        "{}: {n_built} tables built, {} unchanged, {catalog}, in {} ms\nlake: {}",
        project.name,
        report.models.len() - n_built,
        grouped(report.elapsed_ms),
        project.lake,
    )
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (idx, digit) in digits.chars().enumerate() {
        if idx > 0 && (digits.len() - idx).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        let check = |text: &str, expected: Option<usize>| {
            assert_eq!(size_bytes(text).ok(), expected, "{text}");
        };
        check("2GB", Some(2 << 30));
        check("512 mb", Some(512 << 20));
        check("1MB", None);
        check("2", None);
        check("x GB", None);
    }

    #[test]
    fn thousands_are_grouped() {
        let check = |number, expected: &str| assert_eq!(grouped(number), expected);
        check(0, "0");
        check(999, "999");
        check(1_000, "1,000");
        check(1_234_567, "1,234,567");
    }
}
