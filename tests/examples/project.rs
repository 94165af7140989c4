//! A project in a folder of its own, whose source files are delivered one after another.

use anyhow::{Context, ensure};
use lakefront_tests::harness::lakefront;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use walkdir::WalkDir;

/// The folders of single queries: questions, and the measures of a dashboard.
const QUESTIONS: [&str; 2] = ["questions", "measures"];

/// What a build leaves in a project, and what is beside it.
const NOT_COPIED: [&str; 2] = ["lake", ".lakefront"];

/// A copy of a project below `examples/`.
pub struct Project {
    home: TempDir,
    original: PathBuf,
}

/// Whether there is a binary to build with; without it the running test is to be skipped.
pub fn has_binary() -> bool {
    test_support::program("LAKEFRONT_BIN").is_some()
}

/// The checkout.
pub fn root() -> anyhow::Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("tests lie in no folder")
}

impl Project {
    /// A copy without the files below `landing` of which `is_delivered` says no.
    pub fn copy(name: &str, is_delivered: impl Fn(&str) -> bool) -> anyhow::Result<Project> {
        let original = root()?.join("examples").join(name);
        let project = Project { home: tempfile::tempdir()?, original };
        let mut n_files = 0;
        for path in files(&project.original)? {
            let parts: Vec<&str> = path.split('/').collect();
            if parts.iter().any(|part| NOT_COPIED.contains(part)) {
                continue;
            }
            let to = project.dir().join(&path);
            std::fs::create_dir_all(to.parent().context("a file lies in a folder")?)?;
            if path.strip_prefix("landing/").is_none_or(&is_delivered) {
                std::fs::copy(project.original.join(&path), to)?;
                n_files += 1;
            }
        }
        ensure!(n_files > 0, "{} has no files", project.original.display());
        Ok(project)
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        self.home.path()
    }

    /// Its lake.
    pub fn lake(&self) -> PathBuf {
        self.dir().join("lake")
    }

    /// Its expected rows of a stage, by the names of their files. The first stage's name is empty.
    pub fn expected(&self, stage: &str) -> anyhow::Result<BTreeMap<String, PathBuf>> {
        let folder = self.dir().join("expected").join(stage);
        let mut found = BTreeMap::new();
        for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
            if path.extension().is_some_and(|extension| extension == "csv") {
                found.insert(stem.context("a file has a name")?, path);
            }
        }
        ensure!(!found.is_empty(), "{} has no expected rows", folder.display());
        Ok(found)
    }

    /// Brings a file of `landing`.
    pub fn deliver(&self, name: &str) -> anyhow::Result<()> {
        let (from, to) =
            (self.original.join("landing").join(name), self.dir().join("landing").join(name));
        ensure!(!to.exists(), "{name} is delivered already");
        std::fs::copy(&from, to).with_context(|| from.display().to_string())?;
        Ok(())
    }

    /// `lakefront build`.
    pub fn build(&self, variables: &[(&str, &Path)]) -> anyhow::Result<()> {
        lakefront::build(self.dir(), variables)
    }

    /// What `lakefront query` prints for the file `question`, as CSV.
    pub fn ask(&self, question: &Path) -> anyhow::Result<Vec<u8>> {
        let mut command = Command::new(lakefront::binary()?);
        command.arg("query").arg(self.dir()).arg(question).arg("--csv");
        let output = command.output().context("lakefront query")?;
        ensure!(
            output.status.success(),
            "{command:?} ended with {}:\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(output.stdout)
    }

    /// The file of the question of that name, where there is one.
    pub fn question(&self, name: &str) -> Option<PathBuf> {
        QUESTIONS
            .iter()
            .map(|folder| self.dir().join(folder).join(name).with_extension("sql"))
            .find(|path| path.is_file())
    }

    /// Every file of the lake with its size.
    pub fn lake_files(&self) -> anyhow::Result<BTreeMap<String, u64>> {
        let lake = self.lake();
        files(&lake)?
            .into_iter()
            .map(|path| Ok((path.clone(), std::fs::metadata(lake.join(path))?.len())))
            .collect()
    }
}

/// The files below `folder`, by their paths with `/`, in order.
pub fn files(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in WalkDir::new(folder) {
        let entry = entry?;
        if entry.file_type().is_file() {
            let path = entry.path().strip_prefix(folder)?;
            found.push(path.to_string_lossy().replace('\\', "/"));
        }
    }
    found.sort();
    Ok(found)
}
