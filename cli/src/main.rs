//! The `lakefront` binary. It parses the command line and prints what happened; the work is done in
//! `pipeline` and `server`.

mod command {
    //! One file a subcommand.
    pub mod build;
    pub mod check;
    pub mod demo;
    pub mod docs;
    pub mod files;
    pub mod query;
    pub mod serve;
    pub mod upkeep;
    pub mod user;
}
mod ending;
mod paint;
mod quantity;
mod rows;
mod run;
mod signals;
mod watch;

use clap::{Parser, Subcommand};
use ending::{Ending, USAGE};
use std::process::ExitCode;

/// A lakehouse dashboard whose query engine runs in the browser.
#[derive(Parser)]
#[command(name = "lakefront", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Checks a project without running it: configuration, SQL, types across models, sources, catalog.
    Check(command::check::Args),
    /// Builds the lake of a project: bronze, silver, gold.
    Build(command::build::Args),
    /// Asks a lake one question in SQL.
    Query(command::query::Args),
    /// Lists the Parquet files of a folder, which makes it a table.
    Files(command::files::Args),
    /// Makes a marketplace, builds its lake and serves it.
    Demo(command::demo::Args),
    /// Writes a static page about a project: lineage, columns, expectations, last runs.
    Docs(command::docs::Args),
    /// Serves a project's dashboards and lake.
    Serve(command::serve::Args),
    /// Keeps the tables of a lake in order: compaction, retention, checkpoints.
    Upkeep(command::upkeep::Args),
    /// Manages who may log in.
    User(command::user::Args),
}

/// 2 when the command line or the surroundings are not right, with the reason on stderr; else what the command says.
fn main() -> ExitCode {
    let done = |()| Ending::Well;
    let outcome = match Cli::parse().command {
        Command::Check(args) => command::check::run(args),
        Command::Build(args) => command::build::run(args),
        Command::Query(args) => command::query::run(args),
        Command::Demo(args) => command::demo::run(args).map(done),
        Command::Docs(args) => command::docs::run(args).map(done),
        Command::Files(args) => command::files::run(args).map(done),
        Command::Serve(args) => command::serve::run(args).map(done),
        Command::Upkeep(args) => command::upkeep::run(args),
        Command::User(args) => command::user::run(args).map(done),
    };
    match outcome {
        Ok(ending) => ending.into(),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(USAGE)
        }
    }
}
