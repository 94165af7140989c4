//! The `lakefront` binary. It parses the command line and prints what happened; the work is done in
//! `pipeline` and `server`.

mod command {
    //! One file a subcommand.
    pub mod build;
    pub mod demo;
    pub mod files;
    pub mod serve;
    pub mod user;
}

use clap::{Parser, Subcommand};
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
    /// Builds the lake of a project: bronze, silver, gold.
    Build(command::build::Args),
    /// Lists the Parquet files of a folder, which makes it a table.
    Files(command::files::Args),
    /// Makes a marketplace, builds its lake and serves it.
    Demo(command::demo::Args),
    /// Serves a project's dashboards and lake.
    Serve(command::serve::Args),
    /// Manages who may log in.
    User(command::user::Args),
}

/// 0 when done, 2 when the input or the surroundings are not right; the reason is on stderr.
fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Build(args) => command::build::run(args),
        Command::Demo(args) => command::demo::run(args),
        Command::Files(args) => command::files::run(args),
        Command::Serve(args) => command::serve::run(args),
        Command::User(args) => command::user::run(args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
