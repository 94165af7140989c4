//! `cargo xtask test`: everything that a commit must pass, in the order in which it fails fastest.

use crate::arguments::Length;
use crate::binary::{self, Beside, Built};
use crate::child;
use crate::progress::Stages;
use crate::setup::{self, Browser};
use crate::workspace::Workspace;
use std::process::{Command, ExitCode};

/// Whether clippy runs. It checks every dependency once more, without their machine code.
const RUNS_CLIPPY: bool = true;

/// So many mutants of each seed are read in the long form.
const FUZZ_MUTANTS: &str = "1000";

/// What the test programs said, added up.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    n_passed: u64,
    n_failed: u64,
    n_ignored: u64,
    /// For each test program its name and its result line.
    programs: Vec<(String, String)>,
    /// The program whose result has not come yet.
    running: String,
}

/// Runs all stages; code 1 when a test or a lint failed.
///
/// # Errors
/// When a stage before the tests fails.
pub fn run(workspace: &Workspace, length: Length) -> anyhow::Result<ExitCode> {
    let stages = Stages::new(binary::N_STAGES + 9);
    stages.run("formatting", || {
        child::run("fmt", &mut workspace.cargo(["fmt", "--all", "--check"]))
    })?;
    let browser = stages.run("browser", setup::for_browser)?;
    let duckdb = stages.run("DuckDB", || setup::for_comparison(workspace))?;
    let mariadbd = stages.run("database", setup::for_databases)?;
    let stores = stages.run("object stores", || setup::for_object_stores(workspace))?;
    let tools = stages.run("tools that build for it", || setup::for_page(workspace))?;
    let built = binary::ensure(workspace, &stages, Beside::Tests)?;
    let mut tally = Tally::default();
    let tested = stages.run("tests: units, corpus, browser", || {
        let mut cargo = test_command(workspace, &built, &browser, length);
        cargo.env("LAKEFRONT_DUCKDB_PYTHON", &duckdb);
        // The byte stores compile their page in their own test.
        cargo.env("LAKEFRONT_WASM_BINDGEN", &tools.wasm_bindgen);
        cargo.env(setup::MARIADB_VARIABLE, &mariadbd);
        cargo.envs(stores.iter().map(|(variable, server)| (variable, server)));
        let tested = child::run_watched("test", &mut cargo, |line| tally.take(line));
        if length == Length::Long {
            let mut mutants = fuzz_command(workspace);
            child::run_watched("fuzz", &mut mutants, |line| tally.take(line))?;
            let mut cluster = cluster_command(workspace, &built);
            cluster.envs(setup::for_cluster(workspace)?);
            child::run_watched("cluster", &mut cluster, |line| tally.take(line))?;
        }
        tested
    });
    let linted = if RUNS_CLIPPY { stages.run("lints", || lint(workspace, &built)) } else { Ok(()) };
    print!("{}{}", tally.summary(), stages.summary());
    println!("{} passed, {} failed, {} ignored", tally.n_passed, tally.n_failed, tally.n_ignored);
    let mut code = ExitCode::SUCCESS;
    for error in [tested, linted].into_iter().filter_map(Result::err) {
        eprintln!("error: {error:#}");
        code = ExitCode::FAILURE;
    }
    Ok(code)
}

fn test_command(
    workspace: &Workspace,
    built: &Built,
    browser: &Browser,
    length: Length,
) -> Command {
    let corpus = workspace.corpus_dir();
    let mut cargo =
        workspace.cargo(["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"]);
    if length == Length::Long {
        cargo.args(["--", "--include-ignored"]);
    }
    cargo
        .env("OLIST_DIR", corpus.join("olist"))
        .env("LAKEFRONT_CORPUS", corpus)
        .env("LAKEFRONT_BIN", &built.lakefront)
        .env(binary::PAGE_VARIABLE, &built.page_dir)
        .env("LAKEFRONT_CHROMIUM", &browser.chromium)
        .env("LAKEFRONT_CHROMEDRIVER", &browser.chromedriver);
    cargo
}

/// The bodies of the fuzz targets over seeds and many mutants of them; a workspace of its own.
fn fuzz_command(workspace: &Workspace) -> Command {
    let features = "--no-default-features";
    let mut cargo = workspace.cargo(["test", "--manifest-path", "fuzz/Cargo.toml", features]);
    cargo
        .env("LAKEFRONT_CORPUS", workspace.corpus_dir())
        .env("LAKEFRONT_MUTANTS", FUZZ_MUTANTS)
        .env("CARGO_TARGET_DIR", workspace.target_dir.join("fuzz"));
    cargo
}

/// Lakes that are built here and on a cluster. `cluster/` is a workspace of its own with a DataFusion of its own
/// features.
fn cluster_command(workspace: &Workspace, built: &Built) -> Command {
    let mut cargo = workspace.cargo(["test", "--manifest-path", "cluster/Cargo.toml"]);
    cargo
        .env("LAKEFRONT_BIN", &built.lakefront)
        .env("CARGO_TARGET_DIR", workspace.target_dir.join("cluster"));
    cargo
}

/// Page and byte stores are only whole when they are compiled for the browser, so they are checked for
/// it as well.
fn lint(workspace: &Workspace, built: &Built) -> anyhow::Result<()> {
    // A list of one range of bytes is what it looks like here.
    let allowed = ["--allow", "clippy::single_range_in_vec_init"];
    let deny = [["--", "--deny", "warnings"].as_slice(), &allowed].concat();
    let mut native = workspace.cargo(["clippy", "--workspace", "--all-targets"]);
    child::run("clippy", native.args(&deny).env(binary::PAGE_VARIABLE, &built.page_dir))?;
    let mut page = workspace.cargo(["clippy", "--package=app", "--package=store"]);
    child::run("clippy", page.arg("--target=wasm32-unknown-unknown").args(&deny))
}

impl Tally {
    /// Takes one line of what `cargo test` prints.
    fn take(&mut self, line: &str) {
        let line = line.trim();
        if let Some(program) = line.strip_prefix("Running ").or_else(|| plain_running(line)) {
            program.clone_into(&mut self.running);
        } else if let Some(result) = line.strip_prefix("test result: ") {
            let count = |word: &str| {
                result
                    .split([';', '.'])
                    .find_map(|part| part.trim().strip_suffix(word)?.trim().parse::<u64>().ok())
                    .unwrap_or(0)
            };
            self.n_passed += count("passed");
            self.n_failed += count("failed");
            self.n_ignored += count("ignored");
            let result = result.replace("; 0 measured; 0 filtered out", "");
            self.programs.push((std::mem::take(&mut self.running), result));
        }
    }

    fn summary(&self) -> String {
        self.programs.iter().map(|(program, result)| format!("{result:>60}  {program}\n")).collect()
    }
}

/// The program in `Running ...` when cargo colours the word.
fn plain_running(line: &str) -> Option<&str> {
    let (before, program) = line.split_once("Running")?;
    let program = program.trim_start_matches("\u{1b}[0m");
    before.starts_with('\u{1b}').then(|| program.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_add_up() {
        let mut tally = Tally::default();
        for line in [
            "     Running unittests src/lib.rs (target/debug/deps/x-1)",
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.02s",
            "\u{1b}[1m\u{1b}[92m     Running\u{1b}[0m tests/browser.rs (target/debug/deps/browser-2)",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 9.10s",
        ] {
            tally.take(line);
        }
        assert_eq!((tally.n_passed, tally.n_failed, tally.n_ignored), (15, 2, 1));
        assert_eq!(tally.programs.len(), 2);
        assert!(tally.programs[1].0.starts_with("tests/browser.rs"), "{:?}", tally.programs);
        assert!(tally.summary().contains("finished in 9.10s"));
    }
}
