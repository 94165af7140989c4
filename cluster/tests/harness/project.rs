//! Projects that are built here and on a cluster.

use anyhow::{Context, anyhow, bail, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// A build that takes longer waits for something that never comes, and is killed.
const BUILT_WITHIN: Duration = Duration::from_secs(600);

/// What a build made: of each table where its query ran.
pub type Made = BTreeMap<String, Option<String>>;

/// A copy of a project, with a lake of its own.
pub struct Project {
    folder: TempDir,
    scale: String,
}

impl Project {
    /// A copy of the project of `examples/` that is called `name`.
    pub fn example(name: &str, scale: &str) -> anyhow::Result<Project> {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
        let folder = tempfile::tempdir()?;
        copy(&examples.join(name), folder.path())?;
        Ok(Project { folder, scale: scale.to_owned() })
    }

    /// A project of `files`: path and text.
    pub fn of(files: &[(&str, &str)]) -> anyhow::Result<Project> {
        let folder = tempfile::tempdir()?;
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().context("a file lies in a folder")?)?;
            std::fs::write(path, text)?;
        }
        Ok(Project { folder, scale: "1".to_owned() })
    }

    fn lakefront(&self, args: &[&str]) -> anyhow::Result<Command> {
        let mut command = Command::new(binary()?);
        let (name, rest) = args.split_first().context("a command has a name")?;
        command
            .arg(name)
            .arg(self.folder.path())
            .args(rest)
            .env("SCALE", &self.scale)
            .env("LAKEFRONT_BALLISTA", env!("CARGO_BIN_EXE_lakefront-ballista"))
            .stdin(Stdio::null());
        Ok(command)
    }

    /// Builds it with `args`; `hear` gets each event as it comes.
    pub fn build(
        &self,
        args: &[&str],
        mut hear: impl FnMut(&Value) -> anyhow::Result<()>,
    ) -> anyhow::Result<Made> {
        let mut command = self.lakefront(&[&["build", "--json"], args].concat())?;
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let lines = BufReader::new(child.stdout.take().context("no stdout")?).lines();
        let child = Arc::new(Mutex::new(child));
        let watched = Arc::downgrade(&child);
        std::thread::spawn(move || {
            std::thread::sleep(BUILT_WITHIN);
            let child = watched.upgrade();
            if let Some(Ok(mut child)) = child.as_ref().map(|child| child.lock()) {
                let _ = child.kill();
            }
        });
        let mut made = Made::new();
        let mut reasons = Vec::new();
        for line in lines {
            let event: Value = serde_json::from_str(&line?)?;
            hear(&event)?;
            let text = |key: &str| event[key].as_str().map(str::to_owned);
            match event["event"].as_str() {
                Some("model_finished") => {
                    made.insert(text("model").context("a model has a name")?, text("engine"));
                }
                Some("model_failed" | "run_finished") => reasons.extend(text("reason")),
                _ => {}
            }
        }
        let status = child.lock().map_err(|_| anyhow!("the watch broke"))?.wait()?;
        ensure!(status.success(), "{status}: {}", reasons.join("; "));
        Ok(made)
    }

    /// What a build with `args` says; it fails.
    pub fn failure(&self, args: &[&str]) -> anyhow::Result<String> {
        let command = &mut self.lakefront(&[&["build"], args].concat())?;
        let Output { status, stdout, stderr } = command.output()?;
        ensure!(!status.success(), "it was built");
        Ok(String::from_utf8([stdout, stderr].concat())?)
    }

    /// The rows of `table`, sorted, each as a line of CSV, behind the names of its columns.
    pub fn rows(&self, table: &str) -> anyhow::Result<Vec<String>> {
        let everything = format!("select * from {table}");
        let output = self.lakefront(&["query", "-e", &everything, "--csv"])?.output()?;
        if !output.status.success() {
            bail!("{table}: {}", String::from_utf8_lossy(&output.stderr));
        }
        let mut lines: Vec<String> =
            String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect();
        if let Some(rows) = lines.get_mut(1..) {
            rows.sort_unstable();
        }
        Ok(lines)
    }
}

/// Fails unless each of `tables` has the same rows in both.
pub fn compare(here: &Project, there: &Project, tables: &Made) -> anyhow::Result<()> {
    for table in tables.keys() {
        let (expected, found) = (here.rows(table)?, there.rows(table)?);
        ensure!(expected.len() > 1, "{table} has no rows");
        ensure!(
            expected.len() == found.len(),
            "{table}: {} lines here, {} there",
            expected.len(),
            found.len()
        );
        for (expected, found) in expected.iter().zip(&found) {
            ensure!(expected == found, "{table}\n here: {expected}\nthere: {found}");
        }
    }
    Ok(())
}

/// The models whose query ran on the cluster.
pub fn on_cluster(made: &Made) -> Vec<&str> {
    let there = made.iter().filter(|(_, engine)| engine.as_deref() == Some("ballista"));
    there.map(|(model, _)| model.as_str()).collect()
}

/// `lakefront`, which is built in the main workspace.
fn binary() -> anyhow::Result<PathBuf> {
    let named: Option<OsString> = std::env::var_os("LAKEFRONT_BIN");
    let path = PathBuf::from(named.context("LAKEFRONT_BIN does not name the lakefront binary")?);
    ensure!(path.is_file(), "LAKEFRONT_BIN is {}, and there is no file", path.display());
    Ok(path)
}

/// Copies a project without what builds leave in it.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_left = ["lake", "landing", "site", ".lakefront"].iter().any(|left| name == *left);
        if is_left {
            continue;
        }
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &to.join(name))?,
            false => drop(std::fs::copy(entry.path(), to.join(name))?),
        }
    }
    Ok(())
}
