//! Set-up, demo and tests, each in one command: `cargo xtask demo`, `cargo xtask test`.
//!
//! This crate runs other programs and arranges their results. It knows nothing of dashboards or lakes.

mod arguments;
mod bench;
mod binary;
mod cache;
mod check;
mod child;
mod corpus;
mod demo;
mod engine;
mod key;
mod lockfile;
mod page;
mod progress;
mod setup;
mod suite;
mod workspace;

use arguments::Command;
use std::process::ExitCode;
use workspace::Workspace;

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run() -> anyhow::Result<ExitCode> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let command = match arguments::parse(&words) {
        Ok(command) => command,
        Err(error) => {
            eprintln!("error: {error}\n\n{}", arguments::USAGE);
            return Ok(ExitCode::from(2));
        }
    };
    let workspace = Workspace::find()?;
    match command {
        Command::Help => println!("{}", arguments::USAGE),
        Command::Setup => setup::everything(&workspace)?,
        Command::Page => println!("{}", page::build_alone(&workspace)?.display()),
        Command::Demo(demo) => demo::run(&workspace, &demo)?,
        Command::Check(demo) => check::run(&workspace, &demo)?,
        Command::BenchReads(options) => bench::reads(&workspace, &options)?,
        Command::BenchBuild(options) => bench::build(&workspace, &options)?,
        Command::Corpus(corpus) => return corpus::run(&workspace, &corpus),
        Command::Test(length) => return suite::run(&workspace, length),
    }
    Ok(ExitCode::SUCCESS)
}
