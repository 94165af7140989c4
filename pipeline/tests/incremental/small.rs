//! A project of a few files, for one idea each.

use crate::pipeline_build::lake;
use arrow::util::display::array_value_to_string;
use futures::TryStreamExt;
use pipeline::{BuildError, Event, Options, Project, Question, Refresh, Report};
use std::fs;
use std::path::PathBuf;

/// A project in a folder of its own.
pub struct Small {
    folder: tempfile::TempDir,
}

/// A build that came to its end.
pub struct Built {
    pub report: Report,
    /// What it warned of, each with the model's name before it.
    pub warnings: Vec<String>,
}

impl Built {
    /// Why `model` was made anew, or `None`.
    pub fn reason(&self, model: &str) -> Option<&str> {
        let report = self.report.models.iter().find(|report| report.model.to_string() == model);
        report.unwrap().reason.as_deref()
    }

    /// What was done with `model`.
    pub fn outcome(&self, model: &str) -> pipeline::Outcome {
        let report = self.report.models.iter().find(|report| report.model.to_string() == model);
        report.unwrap().outcome
    }
}

impl Small {
    /// A project of `files`, each a path and its text.
    pub fn new(files: &[(&str, &str)]) -> Small {
        let small = Small { folder: tempfile::tempdir().unwrap() };
        small.write("lakefront.yaml", "name: small\n");
        for (path, text) in files {
            small.write(path, text);
        }
        small
    }

    /// A path in the project.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Puts a file into the project.
    pub fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), text).unwrap();
    }

    /// Builds the project.
    pub async fn build(&self) -> Built {
        self.try_build(&Options::default()).await.unwrap()
    }

    /// Makes every table anew.
    pub async fn refresh(&self) -> Built {
        let refresh = Options { refresh: Refresh::Full, ..Options::default() };
        self.try_build(&refresh).await.unwrap()
    }

    /// Builds the project as `options` say.
    pub async fn try_build(&self, options: &Options) -> Result<Built, String> {
        let project = Project::open(self.folder.path()).map_err(|error| error.to_string())?;
        let mut warnings = Vec::new();
        let built = pipeline::build(&project, options, |event| {
            if let Event::Warned { model, reason } = event {
                warnings.push(format!("{model}: {reason}"));
            }
        });
        let report = built.await.map_err(|error: BuildError| error.to_string())?;
        Ok(Built { report, warnings })
    }

    /// The rows that `lakefront query` gives for `sql`, fields joined by `|`.
    pub async fn ask(&self, sql: &str) -> Vec<String> {
        let project = Project::open(self.folder.path()).unwrap();
        let question = Question { name: "test", sql, memory_bytes: 64 << 20 };
        let answer = pipeline::query(&project, &question).await.unwrap();
        let batches: Vec<_> = answer.batches.try_collect().await.unwrap();
        let mut rows = Vec::new();
        for batch in &batches {
            for row_idx in 0..batch.num_rows() {
                let columns = batch.columns().iter();
                let texts = columns.map(|column| array_value_to_string(column, row_idx).unwrap());
                rows.push(texts.collect::<Vec<_>>().join("|"));
            }
        }
        rows
    }

    /// The rows of `sql` over the lake.
    pub async fn rows(&self, sql: &str) -> Vec<String> {
        lake::query(&self.path("lake"), sql).await
    }
}
