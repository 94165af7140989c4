//! `lakefront upkeep`.

use crate::ending::Ending;
use crate::quantity::{bytes_of, grouped, size_bytes};
use anyhow::Context;
use pipeline::upkeep::{self, Event, Files, Mode, Options, Retention, TableReport, Work};
use pipeline::{Clock, Project, Span, Wait};
use std::num::NonZeroU64;
use std::path::PathBuf;

/// The arguments.
#[derive(clap::Args)]
pub struct Args {
    /// The project: a folder with lakefront.yaml.
    #[arg(default_value = ".")]
    project: PathBuf,
    /// The environment whose settings are taken.
    #[arg(long, default_value = pipeline::DEFAULT_ENVIRONMENT, value_name = "NAME")]
    env: String,
    /// Which tables: `silver.orders`, `orders`, `gold.*`; all of them without it.
    #[arg(long, value_name = "TABLES", num_args = 1..)]
    select: Vec<String>,
    /// Writes small and unsorted files anew, and nothing else; without --optimize and --vacuum it does both.
    #[arg(long)]
    optimize: bool,
    /// Deletes what is older than the retention and nobody needs, and nothing else.
    #[arg(long)]
    vacuum: bool,
    /// How far back the tables can be read, such as `30 days`.
    #[arg(long, default_value = "30 days", value_name = "TIME")]
    retention: Span,
    /// Takes a retention of less than 7 days: queries and builds that read what is deleted fail.
    #[arg(long)]
    allow_short_retention: bool,
    /// Says what it would do, and does nothing.
    #[arg(long)]
    dry_run: bool,
    /// About how large a file becomes.
    #[arg(long, default_value = "64MB", value_name = "SIZE", value_parser = target_size)]
    target_size: NonZeroU64,
    /// How long it waits for somebody else who writes the lake, such as `10 minutes`; without it, it refuses at once.
    #[arg(long, value_name = "TIME")]
    wait: Option<Span>,
    /// The memory that sorting takes before it spills to disk.
    #[arg(long, default_value = "1GB", value_name = "SIZE", value_parser = size_bytes)]
    memory: usize,
}

/// Does the upkeep of the project's lake and prints what was done.
///
/// # Errors
/// When the command line names no project, environment or table, or too short a retention.
pub fn run(args: Args) -> anyhow::Result<Ending> {
    let project = Project::open_in(&args.project, &args.env)?;
    let options = options(&args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime did not start")?;
    let tables = runtime.block_on(upkeep::tables(&project, &args.select))?;
    let show = |event: Event<'_>| match event {
        Event::Waiting { holder } => {
            let holder = holder.map_or_else(|| "another process".to_owned(), ToString::to_string);
            eprintln!("waiting for {holder}");
        }
        Event::Done(report) => eprintln!("{}", line(report, options.mode)),
    };
    let clock = Clock::system();
    let done = upkeep::run(&project.lake, &tables, &options, &clock, show);
    match runtime.block_on(done) {
        Ok(reports) => {
            println!("\n{}", summary(&project, &reports, options.mode));
            Ok(Ending::Well)
        }
        Err(error) => {
            eprintln!("error: {error}");
            Ok(Ending::Failed)
        }
    }
}

fn options(args: &Args) -> anyhow::Result<Options> {
    let retention = match args.retention.duration() {
        duration if args.allow_short_retention => Retention::even_short(duration),
        duration => Retention::new(duration)?,
    };
    Ok(Options {
        work: match (args.optimize, args.vacuum) {
            (true, false) => Work::Optimize,
            (false, true) => Work::Vacuum,
            _ => Work::All,
        },
        mode: if args.dry_run { Mode::Plan } else { Mode::Do },
        target_size_bytes: args.target_size,
        retention,
        memory_bytes: args.memory,
        wait: args.wait.map_or(Wait::Refuse, |wait| Wait::Until(wait.duration())),
    })
}

fn target_size(text: &str) -> Result<NonZeroU64, String> {
    bytes_of(text)
        .and_then(|bytes| NonZeroU64::new(bytes as u64))
        .ok_or_else(|| format!("{text:?} is no size such as 64MB"))
}

/// `silver.orders  120 files, 3.1 MB, become 2 files, 2.4 MB; 5 files, 0.3 MB, deleted`.
fn line(report: &TableReport, mode: Mode) -> String {
    let mut parts = Vec::new();
    match mode {
        _ if report.rewritten.n_files == 0 => parts.push(format!("{} stay", shown(report.after))),
        Mode::Do => {
            parts.push(format!("{} became {}", shown(report.before), shown(report.after)));
        }
        Mode::Plan => {
            parts.push(format!("{} of {}", shown(report.rewritten), shown(report.before)));
            parts.push("to be written anew".to_owned());
        }
    }
    let deleted = match mode {
        Mode::Do => "deleted",
        Mode::Plan => "to be deleted",
    };
    if report.deleted.n_files > 0 {
        parts.push(format!("{} {deleted}", shown(report.deleted)));
    }
    if let Some(version) = report.checkpoint {
        parts.push(format!("checkpoint {version}"));
    }
    if report.n_log_files_deleted > 0 {
        parts.push(format!("{} of the log {deleted}", files(report.n_log_files_deleted)));
    }
    if let Some(n_rows) = report.n_rows {
        parts.push(format!("{} rows", grouped(n_rows)));
    }
    let name = report.location.replace('/', ".");
    format!("{name:<28} {}", parts.join(", "))
}

fn summary(project: &Project, reports: &[TableReport], mode: Mode) -> String {
    let sum = |of: fn(&TableReport) -> Files| {
        reports.iter().map(of).fold(Files::default(), |a, b| Files {
            n_files: a.n_files + b.n_files,
            size_bytes: a.size_bytes + b.size_bytes,
        })
    };
    let (rewritten, deleted) = (sum(|report| report.rewritten), sum(|report| report.deleted));
    let would = match mode {
        Mode::Do => "",
        Mode::Plan => "nothing was changed; it would be: ",
    };
    format!(
        "{}: {would}{} tables, {} written anew, {} deleted\nlake: {}",
        project.name,
        reports.len(),
        shown(rewritten),
        shown(deleted),
        project.lake,
    )
}

fn files(n_files: u64) -> String {
    match n_files {
        1 => "1 file".to_owned(),
        n_files => format!("{} files", grouped(n_files)),
    }
}

/// `3 files (1.5 MB)`.
fn shown(some: Files) -> String {
    format!("{} ({})", files(some.n_files), size(some.size_bytes))
}

fn size(size_bytes: u64) -> String {
    const MB: u64 = 1 << 20;
    match size_bytes {
        bytes if bytes < 10 << 10 => format!("{bytes} B"),
        bytes if bytes < 10 * MB => format!("{} KB", grouped(bytes >> 10)),
        bytes => format!("{} MB", grouped(bytes / MB)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn read(words: &[&str]) -> Result<Options, String> {
        let line = Line::try_parse_from(["upkeep"].iter().chain(words));
        options(&line.map_err(|error| error.to_string())?.args).map_err(|error| error.to_string())
    }

    #[test]
    fn words_become_options() {
        assert_eq!(read(&[]).unwrap(), Options::default());
        assert_eq!(read(&["--optimize"]).unwrap().work, Work::Optimize);
        assert_eq!(read(&["--vacuum"]).unwrap().work, Work::Vacuum);
        assert_eq!(read(&["--vacuum", "--optimize"]).unwrap().work, Work::All);
        assert_eq!(read(&["--dry-run"]).unwrap().mode, Mode::Plan);
        let size = read(&["--target-size", "8MB"]).unwrap().target_size_bytes.get();
        assert_eq!(size, 8 << 20);
        let check = |words: &[&str], expected: &str| {
            let error = read(words).unwrap_err();
            assert!(error.contains(expected), "{error:?} should contain {expected:?}");
        };
        check(&["--target-size", "0MB"], "is no size such as 64MB");
        check(&["--retention", "2 days"], "48 hours is shorter than 7 days");
        check(&["--retention", "ever"], "is no length of time");
        let short = read(&["--retention", "2 days", "--allow-short-retention"]).unwrap();
        assert_eq!(short.retention.duration().as_secs(), 2 * 24 * 60 * 60);
    }

    #[test]
    fn a_table_is_told_in_a_line() {
        let files = |n_files, size_bytes| Files { n_files, size_bytes };
        let report = TableReport {
            location: "silver/orders".to_owned(),
            version_before: 3,
            version: 4,
            before: files(12, 30 << 20),
            after: files(1, 20 << 20),
            rewritten: files(12, 30 << 20),
            n_rows: Some(1_234),
            deleted: files(1, 4_096),
            checkpoint: Some(4),
            n_log_files_deleted: 0,
            elapsed_ms: 1,
        };
        let name = format!("{:<28} ", "silver.orders");
        assert_eq!(
            line(&report, Mode::Do),
            name.clone()
                + "12 files (30 MB) became 1 file (20 MB), 1 file (4096 B) deleted, checkpoint 4, 1,234 rows"
        );
        let settled = TableReport {
            rewritten: files(0, 0),
            deleted: files(0, 0),
            checkpoint: None,
            ..report
        };
        assert_eq!(line(&settled, Mode::Do), name + "1 file (20 MB) stay, 1,234 rows");
    }
}
