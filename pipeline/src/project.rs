//! A project folder and its `lakefront.yaml`:
//!
//! ```yaml
//! name: shop
//! lake: lake                    # a folder, or s3://, az://, gs://; this is the default
//! catalog: catalog.yaml         # without it nothing is shown
//! variables: { SHOP_DIR: in }   # for ${NAME}; the environment's value wins
//! environments:
//!   dev: {}
//!   prod: { lake: "s3://shop-prod/lake" }
//! sources:                      # or in sources/*.yaml
//!   orders:
//!     path: ${SHOP_DIR}/orders.csv   # or orders.csv.zst, which is tried next
//!     format: csv                    # or parquet
//!     columns: [id, day]             # csv: the header has at least these
//!     null_text: ""                  # csv: fields of this text are null; by default none is
//!   events:
//!     folder: ${SHOP_DIR}/events     # new files are taken once each
//!     files: "*.csv"
//!     format: csv                    # or json_lines, parquet
//!     columns: { at: timestamp, price: "decimal(10, 2)" }
//!     rescue: _rescued               # what does not fit, as JSON
//! ```
//!
//! Paths are relative to the folder. Reading this file opens neither sources nor models, so that a lake can
//! be served on a machine that does not have its sources.

mod form;
mod unread;

use crate::duration::Span;
use crate::lake::{Root, RootError};
use crate::source::{Generator, Source, SourceFormError, SourceKind};
use catalog::Name;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The name of the file that makes a folder a project.
pub const PROJECT_FILE: &str = "lakefront.yaml";

/// The environment that is meant when none is named.
pub const DEFAULT_ENVIRONMENT: &str = "dev";

/// A folder with `lakefront.yaml`, `models/` and `catalog.yaml`.
#[derive(Debug, Clone)]
pub struct Project {
    /// What the project calls itself.
    pub name: String,
    /// The folder, as it was given.
    pub folder: PathBuf,
    /// Which environment's settings these are.
    pub environment: String,
    /// The root of the lake, and so of every table's location.
    pub lake: Root,
    /// The catalog's YAML file; `None` when the project shows nothing.
    pub catalog_path: Option<PathBuf>,
    /// The sources by name.
    pub sources: BTreeMap<Name, Source>,
    /// Who delivers source files before a build.
    pub generators: Vec<Generator>,
    /// What is made of the tables outside of the lake.
    pub exposures: Vec<Exposure>,
    /// When `--watch` builds, as a cron expression.
    pub schedule: Option<String>,
    /// Where the project says so.
    pub schedule_place: Place,
    /// How long a build may take before it is said to be late.
    pub sla: Option<Span>,
    /// How often a failed build is tried again while watching.
    pub retries: Retries,
}

/// What somebody makes of the lake's tables.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exposure {
    /// Its name.
    pub name: String,
    /// What it is, such as `dashboard`.
    pub kind: String,
    /// Where it is.
    #[serde(default, deserialize_with = "crate::yaml::given")]
    pub url: Option<String>,
    /// Who answers for it.
    #[serde(default, deserialize_with = "crate::yaml::given")]
    pub owner: Option<String>,
    /// What it is, in a sentence.
    #[serde(default, deserialize_with = "crate::yaml::given")]
    pub description: Option<String>,
    /// The tables that it reads, such as `gold.sales`.
    pub reads: Vec<String>,
}

/// How often a failed build is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retries {
    /// Further attempts after the first.
    pub attempts: u32,
    /// The time before the first of them; each further one waits twice as long.
    pub wait: Span,
}

/// A `lakefront.yaml`, or a file of sources, that is not right.
#[derive(Debug, thiserror::Error)]
#[error("{}{place}: {rule}", path.display())]
pub struct ProjectError {
    /// The file.
    pub path: PathBuf,
    /// Where in it.
    pub place: Place,
    /// What is wrong.
    pub rule: ProjectRule,
}

/// Why a file of a project is not right.
#[derive(Debug, thiserror::Error)]
pub enum ProjectRule {
    /// It cannot be read.
    #[error("a project has a readable file of this name: {0}")]
    Unreadable(std::io::Error),
    /// It is not YAML, or not a project.
    #[error("{reason}")]
    Syntax {
        /// What the parser says.
        reason: String,
    },
    /// A file or folder that looks like a part of the project and is not read.
    #[error("is read by nothing: {remedy}")]
    NotRead {
        /// What would be read.
        remedy: String,
    },
    /// A source is not right.
    #[error(transparent)]
    Source(#[from] SourceFormError),
    /// A source is there twice.
    #[error("source \"{source_name}\" is in {}, too", other.display())]
    Twice {
        /// The source.
        source_name: Name,
        /// The other file.
        other: PathBuf,
    },
    /// No lake can be there.
    #[error(transparent)]
    Lake(#[from] RootError),
    /// An environment that is not written down.
    #[error("environment {environment:?} is not among: {known}")]
    Environment {
        /// The environment.
        environment: String,
        /// Those that are, comma-separated.
        known: String,
    },
    /// A secret where everybody reads it.
    #[error(
        "variable {name} sounds like a secret, and secrets come from the environment only; leave it out here"
    )]
    Secret {
        /// The variable.
        name: String,
    },
    /// `${` without its end, or a variable without a value.
    #[error("{text:?} {reason}")]
    Variable {
        /// What is written.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// A line and column of a text file, both from 1; empty when they are not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place(Option<(u64, u64)>);

impl Place {
    /// A known place.
    pub fn at(line: u64, column: u64) -> Place {
        Place((line > 0).then_some((line, column)))
    }

    /// The line and the column.
    pub fn line_and_column(self) -> Option<(u64, u64)> {
        self.0
    }
}

impl fmt::Display for Place {
    /// `:3:14`, to stand behind the file's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some((line, column)) => write!(f, ":{line}:{column}"),
            None => Ok(()),
        }
    }
}

impl Default for Retries {
    /// None.
    fn default() -> Retries {
        Retries { attempts: 0, wait: Span::new(Duration::from_secs(10)) }
    }
}

impl Project {
    /// Reads the `lakefront.yaml` of `folder`, with the settings of the environment `dev`.
    ///
    /// # Errors
    /// [`ProjectError`] with file, line and column.
    pub fn open(folder: &Path) -> Result<Project, ProjectError> {
        Project::open_in(folder, DEFAULT_ENVIRONMENT)
    }

    /// Reads the `lakefront.yaml` of `folder`, with the settings of `environment`.
    ///
    /// # Errors
    /// [`ProjectError`] with file, line and column.
    pub fn open_in(folder: &Path, environment: &str) -> Result<Project, ProjectError> {
        form::read(folder, environment)
    }

    /// The same project with `value` for the variable `${name}` in the paths of its sources, in
    /// place of the environment's.
    pub fn with_variable(mut self, name: &str, value: &str) -> Project {
        for source in self.sources.values_mut() {
            match &mut source.kind {
                SourceKind::File(file) => {
                    file.paths = file.paths.iter().map(|path| path.with(name, value)).collect();
                }
                SourceKind::Folder(folder) => folder.folder = folder.folder.with(name, value),
                SourceKind::Database(_) => {}
            }
        }
        self
    }

    /// The source `name`.
    pub fn source(&self, name: &str) -> Option<&Source> {
        self.sources.values().find(|source| source.name.as_str() == name)
    }

    /// The folder of the lake; `None` when it lies on an object store.
    pub fn lake_dir(&self) -> Option<&Path> {
        self.lake.local_dir()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(yaml: &str) -> Result<Project, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(PROJECT_FILE), yaml).unwrap();
        Project::open(folder.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_wrong_is_named_with_line_and_column() {
        let check = |yaml: &str, expected: &str| {
            let error = open(yaml).unwrap_err();
            assert!(error.contains(expected), "{error:?} should contain {expected:?}");
        };
        check("name: [", "lakefront.yaml:1:");
        check("lake: x", "missing field `name`");
        check("name: x\nlaek: y", "lakefront.yaml:2:1: unknown field `laek`");
        check("name: x\nsources:\n  A: {path: a, format: csv}", "lower-case");
        check(
            "name: x\nsources:\n  a: {format: csv}",
            "lakefront.yaml:3:15: source \"a\" has either",
        );
        check("name: x\nsources:\n  a: {path: a, format: xls}", "lakefront.yaml:3:");
        check("name: x\nsources:\n  a: {path: '${', format: csv}", "without a variable's name");
        check(
            "name: x\nsources:\n  a: {path: a, format: parquet, null_text: ''}",
            "`null_text` is for csv only",
        );
    }

    #[test]
    fn paths_are_relative_to_the_project() {
        let project = open("name: x\ncatalog: c.yaml").unwrap();
        assert_eq!(project.lake_dir(), Some(project.folder.join("lake").as_path()));
        assert_eq!(project.catalog_path, Some(project.folder.join("c.yaml")));
    }
}
