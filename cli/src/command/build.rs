//! `lakefront build`.

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use pipeline::{Event, ModelReport, Outcome, Project, Report};
use std::path::PathBuf;
use std::time::Duration;

/// The arguments.
#[derive(clap::Args)]
pub struct Args {
    /// The project: a folder with lakefront.yaml, models/ and catalog.yaml.
    #[arg(default_value = ".")]
    project: PathBuf,
}

/// Builds the project and prints what was made.
pub fn run(args: Args) -> anyhow::Result<()> {
    let project = Project::open(&args.project)?;
    let report = build(&project)?;
    println!("\n{}", summary(&project, &report));
    Ok(())
}

/// Builds `project` and shows the progress on stderr: a line a model, and a bar on a terminal.
pub fn build(project: &Project) -> anyhow::Result<Report> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime did not start")?;
    let mut progress = Progress::new();
    let report = runtime.block_on(pipeline::build(project, |event| progress.show(event)));
    progress.bar.finish_and_clear();
    Ok(report?)
}

/// The bar at the foot, with the finished models above it.
struct Progress {
    bar: ProgressBar,
}

impl Progress {
    fn new() -> Progress {
        let bar = ProgressBar::no_length().with_message("checking sources, models and catalog");
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Progress { bar }
    }

    fn show(&mut self, event: Event<'_>) {
        match event {
            Event::Checked { n_models } => {
                self.bar.set_length(n_models as u64);
                let style = ProgressStyle::with_template("{spinner} [{pos}/{len}] {msg}");
                if let Ok(style) = style {
                    self.bar.set_style(style);
                }
            }
            Event::Started { model } => self.bar.set_message(model.to_string()),
            Event::Rows { model, n_rows } => {
                self.bar.set_message(format!("{model}: {} rows", grouped(n_rows)));
            }
            Event::Finished(report) => {
                self.bar.inc(1);
                // Through `suspend` and not `println`, which is silent where stderr is no terminal.
                self.bar.suspend(|| eprintln!("{}", line(report)));
            }
        }
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
        project.lake_dir.display(),
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
    fn thousands_are_grouped() {
        let check = |number, expected: &str| assert_eq!(grouped(number), expected);
        check(0, "0");
        check(999, "999");
        check(1_000, "1,000");
        check(1_234_567, "1,234,567");
    }
}
