//! The command line of `cargo xtask`. It decides what is asked; it does nothing.

/// What is shown for `--help` and after a mistake.
pub const USAGE: &str = "\
Usage: cargo xtask COMMAND

  demo [--scale N] [--port P] [--check] [-- ARGS]
                     builds everything, makes a marketplace and serves it; ARGS go to `lakefront demo`
                     --check opens it in a headless Chromium instead, prints one line of JSON and stops
  test [--long]      formatting, lints, unit tests, corpus tests, and tests in a browser
  corpus --json FILE [--dir DIR] [--browser] [-- ARGS]
                     reads every Delta table and Parquet file below DIR, also in archives, and compares
                     each with what is expected; one record a table; fails on wrong rows, panics, hangs
                     DIR is ../shared/corpus, or what LAKEFRONT_CORPUS names, unless it is given
                     --browser reads with the page's worker, over HTTP in headless Chromium
  bench reads [--json FILE] [-- ARGS]
                     bytes, requests and files of questions beside what they need, natively and in the
                     browser, and those of DuckDB-wasm
  bench build [--json FILE] [-- ARGS]
                     rows a second of each layer of the marketplace, beside DuckDB on the same SQL and
                     files; ARGS are --scale N (100), --runs N (3), --memory SIZE (2GB)
  page               builds the page and the engine, prints the folder they are in
  setup              installs what the other commands need, without running them

Set CARGO_TARGET_DIR to build elsewhere than in ~/.cache/lakefront/target.";

use std::path::PathBuf;

/// One command.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// `--help`.
    Help,
    /// `setup`.
    Setup,
    /// `page`.
    Page,
    /// `demo`.
    Demo(DemoOptions),
    /// `demo --check`.
    Check(DemoOptions),
    /// `bench reads`.
    BenchReads(BenchOptions),
    /// `bench build`.
    BenchBuild(BenchOptions),
    /// `corpus`.
    Corpus(CorpusOptions),
    /// `test`.
    Test(Length),
}

/// Where the figures go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BenchOptions {
    /// The file of figures.
    pub json: PathBuf,
    /// Passed on to the program that measures as they are.
    pub rest: Vec<String>,
}

/// What is read, and where the records go.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct CorpusOptions {
    /// The file of records.
    pub json: PathBuf,
    /// The folder that is searched; the corpus beside the checkout when `None`.
    pub dir: Option<PathBuf>,
    /// What reads.
    pub engine: CorpusEngine,
    /// Passed on to the program that reads as they are.
    pub rest: Vec<String>,
}

/// The size of the marketplace and where it is served.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct DemoOptions {
    /// Scale of the generator; the binary's own default when `None`.
    pub scale: Option<u32>,
    /// The port; the binary's own default when `None`.
    pub port: Option<u16>,
    /// Passed on to `lakefront demo` as they are.
    pub rest: Vec<String>,
}

/// Which build of the engine reads a corpus.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum CorpusEngine {
    /// The native one, from the folder.
    #[default]
    Native,
    /// The page's, in a browser, over HTTP.
    Browser,
}

/// How much `test` runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// What every commit must pass.
    Usual,
    /// Also the tests marked `#[ignore]`.
    Long,
}

/// A word that is not right.
#[derive(Debug, PartialEq, Eq)]
pub struct UsageError {
    reason: String,
}

impl std::fmt::Display for UsageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for UsageError {}

/// Reads the words after `cargo xtask`.
///
/// # Errors
/// [`UsageError`] for a command, option or number that is not known.
pub fn parse(words: &[String]) -> Result<Command, UsageError> {
    let mut words = words.iter().map(String::as_str);
    match words.next() {
        None | Some("help" | "--help" | "-h") => Ok(Command::Help),
        Some("setup") => nothing_more(words, Command::Setup),
        Some("page") => nothing_more(words, Command::Page),
        Some("test") => match words.next() {
            None => Ok(Command::Test(Length::Usual)),
            Some("--long") => nothing_more(words, Command::Test(Length::Long)),
            Some(word) => Err(unknown(word)),
        },
        Some("demo") => parse_demo(words),
        Some("corpus") => parse_corpus(words),
        Some("bench") => parse_bench(words),
        Some(word) => Err(unknown(word)),
    }
}

fn parse_demo<'a>(mut words: impl Iterator<Item = &'a str>) -> Result<Command, UsageError> {
    let mut options = DemoOptions::default();
    let mut command: fn(DemoOptions) -> Command = Command::Demo;
    while let Some(word) = words.next() {
        match word {
            "--check" => command = Command::Check,
            "--scale" => options.scale = Some(number(word, words.next())?),
            "--port" => options.port = Some(number(word, words.next())?),
            "--" => options.rest = words.by_ref().map(str::to_owned).collect(),
            _ => return Err(unknown(word)),
        }
    }
    Ok(command(options))
}

fn parse_corpus<'a>(mut words: impl Iterator<Item = &'a str>) -> Result<Command, UsageError> {
    let mut options = CorpusOptions::default();
    while let Some(word) = words.next() {
        match word {
            "--json" => options.json = path(word, words.next())?,
            "--dir" => options.dir = Some(path(word, words.next())?),
            "--browser" => options.engine = CorpusEngine::Browser,
            "--" => options.rest = words.by_ref().map(str::to_owned).collect(),
            _ => return Err(unknown(word)),
        }
    }
    match options.json.as_os_str().is_empty() {
        true => Err(UsageError { reason: "corpus needs --json FILE".to_owned() }),
        false => Ok(Command::Corpus(options)),
    }
}

fn parse_bench<'a>(mut words: impl Iterator<Item = &'a str>) -> Result<Command, UsageError> {
    let what = words.next().unwrap_or_default();
    let command: fn(BenchOptions) -> Command = match what {
        "reads" => Command::BenchReads,
        "build" => Command::BenchBuild,
        _ => return Err(unknown(what)),
    };
    let json = format!("test-output/bench-{what}.json").into();
    let mut options = BenchOptions { json, rest: Vec::new() };
    while let Some(word) = words.next() {
        match word {
            "--json" => options.json = path(word, words.next())?,
            "--" => options.rest = words.by_ref().map(str::to_owned).collect(),
            _ => return Err(unknown(word)),
        }
    }
    Ok(command(options))
}

fn path(option: &str, word: Option<&str>) -> Result<PathBuf, UsageError> {
    let reason = || UsageError { reason: format!("{option} needs a path") };
    word.filter(|word| !word.is_empty()).map(PathBuf::from).ok_or_else(reason)
}

fn number<T: std::str::FromStr>(option: &str, word: Option<&str>) -> Result<T, UsageError> {
    let word = word.unwrap_or_default();
    word.parse().map_err(|_| UsageError {
        reason: format!("{option} needs a number in its range, found {word:?}"),
    })
}

fn nothing_more<'a>(
    mut words: impl Iterator<Item = &'a str>,
    command: Command,
) -> Result<Command, UsageError> {
    words.next().map_or(Ok(command), |word| Err(unknown(word)))
}

fn unknown(word: &str) -> UsageError {
    UsageError { reason: format!("{word:?} is not a command or option here") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, UsageError> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn words_become_commands() {
        let check =
            |line: &str, expected: Command| assert_eq!(parsed(line), Ok(expected), "{line}");
        let demo = |scale, port, rest: &[&str]| DemoOptions {
            scale,
            port,
            rest: rest.iter().map(|&word| word.to_owned()).collect(),
        };
        check("", Command::Help);
        check("test", Command::Test(Length::Usual));
        check("test --long", Command::Test(Length::Long));
        check("demo", Command::Demo(demo(None, None, &[])));
        check("demo --scale 5 --port 80", Command::Demo(demo(Some(5), Some(80), &[])));
        check("demo --check --scale 2", Command::Check(demo(Some(2), None, &[])));
        check(
            "corpus --json a.json --browser --dir b -- --only c",
            Command::Corpus(CorpusOptions {
                json: "a.json".into(),
                dir: Some("b".into()),
                engine: CorpusEngine::Browser,
                rest: vec!["--only".to_owned(), "c".to_owned()],
            }),
        );
        check(
            "bench reads --json a.json -- --scale 5",
            Command::BenchReads(BenchOptions {
                json: "a.json".into(),
                rest: vec!["--scale".to_owned(), "5".to_owned()],
            }),
        );
        check(
            "bench build",
            Command::BenchBuild(BenchOptions {
                json: "test-output/bench-build.json".into(),
                rest: Vec::new(),
            }),
        );
        check(
            "demo -- --seed 3 --check",
            Command::Demo(demo(None, None, &["--seed", "3", "--check"])),
        );
    }

    #[test]
    fn mistakes_are_named() {
        for line in [
            "tests",
            "test --fast",
            "demo --scale",
            "demo --scale -1",
            "demo --port 70000",
            "page x",
            "bench",
            "bench writes",
            "corpus",
            "corpus --json",
            "corpus --dir b",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
