//! `cargo xtask test`: everything that a commit must pass, in the order in which it fails fastest.

use crate::arguments::Length;
use crate::binary;
use crate::child;
use crate::page;
use crate::progress::Stages;
use crate::setup::{self, Browser};
use crate::workspace::Workspace;
use anyhow::anyhow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// How many stages there are when the page is built.
const N_STAGES: usize = 6;

/// In the names of tests that need a browser: those of modules `browser`.
const BROWSER: &str = "browser::";

/// What a test that lacks something says; crate `test_support` writes it.
const SKIPPED: &str = "skipped: ";

/// So many mutants of each seed are read in the long form.
const FUZZ_MUTANTS: &str = "1000";

/// What the test programs said, added up.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    n_passed: u64,
    n_failed: u64,
    n_ignored: u64,
    /// Tests that lacked something: the program, and what they said. They count as passed there.
    skipped: BTreeSet<(String, String)>,
    /// For each test program its name and its result line.
    programs: Vec<(String, String)>,
    /// The program whose result has not come yet.
    running: String,
}

/// What the tests need besides the page.
struct Needs {
    browser: Browser,
    duckdb: PathBuf,
    duckdb_delta: (&'static str, PathBuf),
    mariadbd: PathBuf,
    stores: Vec<(&'static str, PathBuf)>,
}

/// Runs all stages; code 1 when a test failed.
///
/// # Errors
/// When a stage before the tests fails, the lints among them.
pub fn run(workspace: &Workspace, length: Length) -> anyhow::Result<ExitCode> {
    let stages = Stages::new(N_STAGES, &workspace.cache_dir);
    stages.run("formatting", || formatting(workspace))?;
    let needs = stages.run("what the tests need", || set_up(workspace))?;
    let plan = page::Plan::new(workspace)?;
    stages.run("lints", || lint(workspace, &plan))?;
    let lakefront = stages.run("the lakefront binary without the page", || {
        binary::without_browser(workspace, &plan)
    })?;
    let mut tally = Tally::default();
    let page_dir = plan.is_built().then_some(plan.page_dir.as_path());
    let (tested, page_built) = std::thread::scope(|scope| {
        // The linker of the engine works on one core for minutes.
        let page = scope.spawn(|| build_page(workspace, &plan));
        let tested = stages.run("tests; beside them page and engine", || {
            let mut cargo = test_command(workspace, &needs, &lakefront, page_dir);
            cargo.args(["--lib", "--bins", "--tests", "--no-fail-fast", "--", "--skip", BROWSER]);
            if length == Length::Long {
                cargo.arg("--include-ignored");
            }
            let tested = child::run_watched("test", &mut cargo, |line| tally.take(line));
            if length == Length::Long {
                run_long(workspace, &lakefront, &mut tally)?;
            }
            tested
        });
        (tested, page.join().unwrap_or_else(|_| Err(anyhow!("the thread of the page panicked"))))
    });
    let in_browser = page_built.and_then(|wasm_bindgen| {
        let built = binary::ensure(workspace, &stages)?;
        stages.run("tests in a browser", || {
            let page_dir = Some(built.page_dir.as_path());
            let mut cargo = test_command(workspace, &needs, &built.lakefront, page_dir);
            // The byte stores compile their page in their own test.
            cargo.env("LAKEFRONT_WASM_BINDGEN", wasm_bindgen);
            cargo.args(["--lib", "--bins", "--tests", "--no-fail-fast", "--", BROWSER]);
            child::run_watched("test", &mut cargo, |line| tally.take(line))
        })
    });
    print!("{}{}", tally.summary(), stages.summary());
    println!("{}", tally.closing_line());
    let mut code = ExitCode::SUCCESS;
    for error in [tested, in_browser].into_iter().filter_map(Result::err) {
        eprintln!("error: {error:#}");
        code = ExitCode::FAILURE;
    }
    Ok(code)
}

/// Installs what is missing.
fn set_up(workspace: &Workspace) -> anyhow::Result<Needs> {
    Ok(Needs {
        browser: setup::for_browser()?,
        duckdb: setup::for_comparison(workspace)?,
        duckdb_delta: setup::for_comparison_of_tables(workspace)?,
        mariadbd: setup::for_databases()?,
        stores: setup::for_object_stores(workspace)?,
    })
}

/// Builds the page and the engine, unless they are there; returns the wasm-bindgen that fits.
fn build_page(workspace: &Workspace, plan: &page::Plan) -> anyhow::Result<PathBuf> {
    let tools = setup::for_page(workspace)?;
    if !plan.is_built() {
        page::build(workspace, &tools, plan)?;
    }
    Ok(tools.wasm_bindgen)
}

fn test_command(
    workspace: &Workspace,
    needs: &Needs,
    lakefront: &Path,
    page_dir: Option<&Path>,
) -> Command {
    let corpus = workspace.corpus_dir();
    let mut cargo = workspace.cargo(["test", "--workspace"]);
    binary::name_page(&mut cargo, page_dir);
    cargo
        .env("OLIST_DIR", corpus.join("olist"))
        .env("LAKEFRONT_CORPUS", corpus)
        .env("LAKEFRONT_BIN", lakefront)
        .env("LAKEFRONT_CHROMIUM", &needs.browser.chromium)
        .env("LAKEFRONT_CHROMEDRIVER", &needs.browser.chromedriver)
        .env("LAKEFRONT_DUCKDB_PYTHON", &needs.duckdb)
        .env(needs.duckdb_delta.0, &needs.duckdb_delta.1)
        .env(setup::MARIADB_VARIABLE, &needs.mariadbd)
        .envs(needs.stores.iter().map(|(variable, server)| (variable, server)));
    cargo
}

/// What runs by hand only: many mutants, and lakes on a cluster.
fn run_long(workspace: &Workspace, lakefront: &Path, tally: &mut Tally) -> anyhow::Result<()> {
    let mut mutants = fuzz_command(workspace);
    child::run_watched("fuzz", &mut mutants, |line| tally.take(line))?;
    let mut cluster = cluster_command(workspace, lakefront);
    cluster.envs(setup::for_cluster(workspace)?);
    child::run_watched("cluster", &mut cluster, |line| tally.take(line))
}

/// The bodies of the fuzz targets over seeds and many mutants of them.
fn fuzz_command(workspace: &Workspace) -> Command {
    let [_, fuzz] = APART;
    let mut cargo = cargo_apart(workspace, "test", fuzz);
    cargo.env("LAKEFRONT_CORPUS", workspace.corpus_dir()).env("LAKEFRONT_MUTANTS", FUZZ_MUTANTS);
    cargo
}

/// Lakes that are built here and on a cluster. Its DataFusion has features of its own.
fn cluster_command(workspace: &Workspace, lakefront: &Path) -> Command {
    let [cluster, _] = APART;
    let mut cargo = cargo_apart(workspace, "test", cluster);
    cargo.env("LAKEFRONT_BIN", lakefront);
    cargo
}

/// Workspaces of their own beside the main one, which cargo leaves out of what is asked of that. Each builds into a
/// folder of its own below the shared one, and with flags of its own: libFuzzer is C++, and only a fuzzer links it.
const APART: [(&str, &[&str]); 2] = [("cluster", &[]), ("fuzz", &["--no-default-features"])];

/// A cargo for `verb` in the workspace `apart`.
fn cargo_apart(workspace: &Workspace, verb: &str, (apart, flags): (&str, &[&str])) -> Command {
    let manifest = format!("--manifest-path={apart}/Cargo.toml");
    let mut cargo = workspace.cargo([verb, &manifest]);
    cargo.args(flags).env("CARGO_TARGET_DIR", workspace.target_dir.join(apart));
    cargo
}

fn formatting(workspace: &Workspace) -> anyhow::Result<()> {
    child::run("fmt", &mut workspace.cargo(["fmt", "--all", "--check"]))?;
    for (apart, _) in APART {
        child::run("fmt", cargo_apart(workspace, "fmt", (apart, &[])).arg("--check"))?;
    }
    Ok(())
}

/// Page and byte stores are only whole when they are compiled for the browser, so they are checked for
/// it as well. Clippy checks every dependency once more, without their machine code.
fn lint(workspace: &Workspace, plan: &page::Plan) -> anyhow::Result<()> {
    // A list of one range of bytes is what it looks like here.
    let deny = ["--", "--deny", "warnings", "--allow", "clippy::single_range_in_vec_init"];
    let lint = |args: &[&str]| {
        let mut cargo = workspace.cargo(["clippy"]);
        binary::name_page(&mut cargo, plan.is_built().then_some(plan.page_dir.as_path()));
        child::run("clippy", cargo.args(args).args(deny))
    };
    lint(&["--workspace", "--all-targets"])?;
    lint(&["--package=app", "--package=store", "--target=wasm32-unknown-unknown"])?;
    for apart in APART {
        let mut cargo = cargo_apart(workspace, "clippy", apart);
        child::run("clippy", cargo.arg("--all-targets").args(deny))?;
    }
    Ok(())
}

impl Tally {
    /// Takes one line of what `cargo test` prints.
    fn take(&mut self, line: &str) {
        let line = line.trim();
        if let Some(program) = line.strip_prefix("Running ").or_else(|| plain_running(line)) {
            program.clone_into(&mut self.running);
        } else if let Some(skipped) = line.strip_prefix(SKIPPED) {
            self.skipped.insert((self.running.clone(), skipped.to_owned()));
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
            let program = std::mem::take(&mut self.running);
            if [count("passed"), count("failed"), count("ignored")] != [0; 3] {
                self.programs.push((program, result));
            }
        }
    }

    fn summary(&self) -> String {
        let programs =
            self.programs.iter().map(|(program, result)| format!("{result:>60}  {program}\n"));
        let skipped = self.skipped.iter().map(|(_, skipped)| format!("{SKIPPED}{skipped}\n"));
        programs.chain(skipped).collect()
    }

    /// What CI reads: a test that was ignored or lacked something did not pass.
    fn closing_line(&self) -> String {
        let names = self.skipped.iter().map(|(program, said)| (program, said.split(": ").next()));
        let n_lacking = u64::try_from(names.collect::<BTreeSet<_>>().len()).unwrap_or(u64::MAX);
        let n_passed = self.n_passed.saturating_sub(n_lacking);
        let n_skipped = self.n_ignored + n_lacking;
        format!("{n_passed} passed, {} failed, {n_skipped} skipped", self.n_failed)
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
            "skipped: browser::it_opens: there is no browser",
            "skipped: browser::it_opens: there is no page",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 9.10s",
        ] {
            tally.take(line);
        }
        assert_eq!((tally.n_passed, tally.n_failed, tally.n_ignored), (15, 2, 1));
        assert_eq!(tally.programs.len(), 2);
        assert!(tally.programs[1].0.starts_with("tests/browser.rs"), "{:?}", tally.programs);
        assert!(tally.summary().contains("finished in 9.10s"));
        assert!(tally.summary().contains("it_opens: there is no browser"), "{}", tally.summary());
        assert_eq!(tally.closing_line(), "14 passed, 2 failed, 2 skipped");
    }
}
