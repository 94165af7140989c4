//! `lakefront build`.

use crate::ending::Ending;
use crate::quantity::size_bytes;
use crate::run::json::{self, JsonLines};
use crate::run::lines::Lines;
use crate::run::summary::Show;
use crate::run::tally::{Verdict, Warnings};
use crate::run::terminal::Terminal;
use crate::run::{self, Limit, Listener};
use crate::signals::Signals;
use crate::watch::Watch;
use crate::watch::schedule::Schedule;
use anyhow::{Context, anyhow};
use chrono::Utc;
use pipeline::{Address, Engine, Options, Project, Refresh, Report, Span, Wait};
use std::io::IsTerminal;
use std::path::PathBuf;
use tokio::runtime::Runtime;

/// What `--help` says behind the options.
const CODES: &str = "\
Exit codes: 0 all is well; 1 a model failed, the project is not right, or the build was stopped before its end; 2 the command line is
not right; 3 with --strict, an expectation or a freshness rule warned. With --watch 0 after SIGINT or SIGTERM.

SIGINT and SIGTERM: models that run are finished and committed, no further one is begun. A second one ends at once; what is
committed stays, and the next build makes the rest.";

/// The arguments.
#[derive(clap::Args)]
#[command(after_help = CODES, after_long_help = format!("{CODES}\n\n{}", json::HELP))]
pub struct Args {
    /// The project: a folder with lakefront.yaml, models/ and catalog.yaml.
    #[arg(default_value = ".")]
    project: PathBuf,
    /// The environment whose settings are taken.
    #[arg(long, default_value = pipeline::DEFAULT_ENVIRONMENT, value_name = "NAME")]
    env: String,
    /// Which models: `silver.orders`, `silver.orders+` with what reads it, `+gold.sales` with what it reads, `gold.*`; several with commas, or each with a `--select` of its own.
    #[arg(long, value_name = "MODELS", value_delimiter = ',')]
    select: Vec<String>,
    /// Makes the selected tables anew, whatever they were made of.
    #[arg(long)]
    full_refresh: bool,
    /// Keeps the rows of the selected tables that cannot be made again, such as histories, although the query that made them has changed, and goes on with the query as it is.
    #[arg(long, conflicts_with = "full_refresh")]
    adopt: bool,
    /// Builds at once, and then on the project's `schedule:` (a cron expression, in UTC); a run that fails is tried again as `retries:` says.
    #[arg(long, conflicts_with = "full_refresh")]
    watch: bool,
    /// Builds at once, and then in this rhythm, such as `5 minutes`, whatever the project's schedule says.
    #[arg(long, value_name = "TIME", conflicts_with = "full_refresh", value_parser = rhythm)]
    every: Option<Span>,
    /// Ends with 3 when an expectation or a freshness rule warned.
    #[arg(long)]
    strict: bool,
    /// Writes one JSON object a line for every event; `--help` lists them.
    #[arg(long)]
    json: bool,
    /// How long it waits for somebody else who writes the lake, such as `10 minutes`; without it, it refuses at once.
    #[arg(long, value_name = "TIME")]
    wait: Option<Span>,
    /// The memory that queries share before they spill to disk.
    #[arg(long, default_value = "2GB", value_name = "SIZE", value_parser = size_bytes)]
    memory: usize,
    /// A cluster of Apache Ballista (`ballista://HOST:PORT`) for the queries of models that are made whole of tables of the lake; other queries
    /// run here. It takes the program `lakefront-ballista`, and a lake in a folder that the cluster's machines see at the same path.
    #[arg(long, value_name = "URL")]
    engine: Option<Address>,
}

/// Builds the project and says what was made.
///
/// # Errors
/// When the command line names no project, environment or model, or nothing says when to build again.
pub fn run(args: Args) -> anyhow::Result<Ending> {
    let is_watch = args.watch || args.every.is_some();
    let open = || Ok(Project::open_in(&args.project, &args.env)?);
    let options = Options {
        select: args.select.clone(),
        refresh: match (args.full_refresh, args.adopt) {
            (true, _) => Refresh::Full,
            (false, true) => Refresh::Adopt,
            (false, false) => Refresh::Changed,
        },
        memory_bytes: args.memory,
        wait: args.wait.map_or(Wait::Refuse, |wait| Wait::Until(wait.duration())),
        engine: args.engine.clone().map_or(Engine::Here, Engine::Ballista),
        ..Options::default()
    };
    let mut listener: Box<dyn Listener> = if args.json {
        Box::new(JsonLines::on(std::io::stdout()))
    } else {
        listener(if is_watch { Show::News } else { Show::All })
    };
    let listener = listener.as_mut();
    start()?.block_on(async {
        let mut signals = Signals::listen().context("cannot listen for signals")?;
        if is_watch {
            let every = args.every.map(|every| Schedule::Every { every, from: Utc::now() });
            Watch { open: &open, options, every }.run(&mut signals, listener).await?;
            return Ok(Ending::Well);
        }
        let project = match open() {
            Ok(project) => project,
            Err(error) => return not_open(&args, error),
        };
        let mut limit = project.sla.map(Limit::new);
        let tally = run::run(&project, &options, 1, limit.as_mut(), &mut signals, listener).await?;
        Ok(tally.ending(if args.strict { Warnings::Count } else { Warnings::Pass }))
    })
}

/// A project that is there and not right has failed; one that is not there was not meant.
fn not_open(args: &Args, error: anyhow::Error) -> anyhow::Result<Ending> {
    if super::check::is_named_wrong(&args.project, &error) {
        return Err(error);
    }
    eprintln!("error: {error:#}");
    Ok(Ending::Failed)
}

/// Builds `project` for another command, and shows the progress.
///
/// # Errors
/// When it fails or is stopped; what failed was said.
pub fn build(project: &Project, options: &Options) -> anyhow::Result<Report> {
    let mut listener = listener(Show::All);
    let tally = start()?.block_on(async {
        let mut signals = Signals::listen().context("cannot listen for signals")?;
        run::run(project, options, 1, None, &mut signals, listener.as_mut()).await
    })?;
    match tally.verdict {
        Some(Verdict::Done(report)) => Ok(report),
        Some(Verdict::Failed(reason)) => Err(anyhow!(reason)),
        Some(Verdict::Stopped) | None => Err(anyhow!("the build was stopped")),
    }
}

fn start() -> anyhow::Result<Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("the runtime did not start")
}

/// Somebody at a terminal sees what runs; a file gets lines.
fn listener(show: Show) -> Box<dyn Listener> {
    if std::io::stderr().is_terminal() {
        Box::new(Terminal::new(show))
    } else {
        Box::new(Lines::new(show))
    }
}

fn rhythm(text: &str) -> Result<Span, String> {
    let span: Span = text.parse().map_err(|error| format!("{error}"))?;
    if span.duration().is_zero() {
        return Err("it is at least `1 second`".to_owned());
    }
    Ok(span)
}
