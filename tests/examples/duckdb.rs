//! The scripts of `tests/duckdb`: other SQL, by another engine, over the same sources.

use super::project::{Project, files, root};
use anyhow::{Context, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The Python that has DuckDB; without it the running test is to be skipped.
fn python() -> Option<PathBuf> {
    test_support::program("LAKEFRONT_DUCKDB_PYTHON")
}

fn run(python: &Path, script: &str, arguments: &[&Path], words: &[&str]) -> anyhow::Result<()> {
    let mut command = Command::new(python);
    command.arg(root()?.join("tests/duckdb").join(script)).args(arguments).args(words);
    let output = command.env("PYTHONDONTWRITEBYTECODE", "1").output().context("Python")?;
    ensure!(
        output.status.success(),
        "{command:?} ended with {}:\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// Compares the lake of `project` with its sources.
pub fn check(project: &Project, script: &str, stage: &str) -> anyhow::Result<()> {
    let Some(python) = python() else { return Ok(()) };
    run(&python, script, &[project.dir(), &project.lake()], &["--stage", stage])
}

/// The bytes of `path`, unpacked: packers differ from one version to the next, what they pack does not.
fn contents(path: &Path) -> anyhow::Result<Vec<u8>> {
    let bytes = std::fs::read(path)?;
    if path.extension().is_none_or(|extension| extension != "gz") {
        return Ok(bytes);
    }
    let mut unpacked = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(bytes.as_slice()), &mut unpacked)?;
    Ok(unpacked)
}

/// The expected rows of `project` are what DuckDB makes of the sources that lie in it.
pub fn check_expected(project: &Project, script: &str) -> anyhow::Result<()> {
    let Some(python) = python() else { return Ok(()) };
    let kept = project.expected("")?;
    let kept: Vec<(String, Vec<u8>)> = kept
        .into_iter()
        .map(|(name, path)| Ok((name, std::fs::read(path)?)))
        .collect::<anyhow::Result<_>>()?;
    run(&python, script, &[project.dir()], &["--write"])?;
    let made = project.expected("")?;
    ensure!(made.keys().eq(kept.iter().map(|(name, _)| name)), "{script} expects other files");
    for (name, bytes) in kept {
        let again = std::fs::read(made.get(&name).context("there is such a file")?)?;
        ensure!(again == bytes, "{name}.csv is not what {script} makes");
    }
    Ok(())
}

/// Sources are what their script makes, and expected rows what DuckDB makes of them.
fn check_made(name: &str, script: &str) -> anyhow::Result<()> {
    let Some(python) = python() else { return Ok(()) };
    let again = tempfile::tempdir()?;
    run(&python, &format!("make_{script}"), &[again.path()], &[])?;
    run(&python, script, &[again.path()], &["--write"])?;
    let project = root()?.join("examples").join(name);
    for folder in ["landing", "expected"] {
        let (kept, made) = (project.join(folder), again.path().join(folder));
        let names = files(&kept)?;
        ensure!(!names.is_empty() && names == files(&made)?, "{name}/{folder}: other files");
        for file in names {
            // A Parquet file names its writer's version.
            let is_equal = file.ends_with(".parquet")
                || contents(&kept.join(&file))? == contents(&made.join(&file))?;
            ensure!(is_equal, "{name}/{folder}/{file} is not what {script} makes");
        }
    }
    Ok(())
}

#[test]
fn events_are_made_by_their_script() -> anyhow::Result<()> {
    check_made("events", "events.py")
}

#[test]
fn payments_are_made_by_their_script() -> anyhow::Result<()> {
    check_made("payments", "payments.py")
}

#[test]
fn sessions_are_made_by_their_script() -> anyhow::Result<()> {
    check_made("sessions", "sessions.py")
}

#[test]
fn shop_sync_is_made_by_its_script() -> anyhow::Result<()> {
    check_made("shop-sync", "shop_sync.py")
}
