//! A project folder and its `lakefront.yaml`:
//!
//! ```yaml
//! name: shop
//! lake: lake                    # the folder of the tables; this is the default
//! catalog: catalog.yaml         # without it nothing is shown
//! sources:
//!   orders:
//!     path: ${SHOP_DIR}/orders.csv   # or orders.csv.zst, which is tried next
//!     format: csv                    # or parquet
//!     columns: [id, day]             # csv: the header has at least these
//!     null_text: ""                  # csv: fields of this text are null; by default none is
//!   reviews:
//!     paths: [new/reviews.csv, old/reviews.csv]   # the first that exists
//!     format: csv
//! ```
//!
//! Paths are relative to the folder; `${NAME}` is the environment's. Reading this file opens neither
//! sources nor models, so that a lake can be served on a machine that does not have its sources.

use crate::source::{PathTemplate, Source, SourceFormat};
use catalog::Name;
use serde::Deserialize;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// The name of the file that makes a folder a project.
pub const PROJECT_FILE: &str = "lakefront.yaml";

/// A folder with `lakefront.yaml`, `models/` and `catalog.yaml`.
#[derive(Debug, Clone)]
pub struct Project {
    /// What the project calls itself.
    pub name: String,
    /// The folder, as it was given.
    pub folder: PathBuf,
    /// The folder of the lake: the root of every table's location.
    pub lake_dir: PathBuf,
    /// The catalog's YAML file; `None` when the project shows nothing.
    pub catalog_path: Option<PathBuf>,
    /// The sources by name.
    pub sources: BTreeMap<Name, Source>,
}

/// A `lakefront.yaml` that is not right.
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

/// Why a `lakefront.yaml` is not right.
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
    /// A source says no path, or says it twice.
    #[error("source \"{source_name}\" has either `path` or `paths`, and `paths` is not empty")]
    Paths {
        /// The source.
        source_name: Name,
    },
    /// A key that only one format has.
    #[error("source \"{source_name}\" is {format}, and `{key}` is for csv only")]
    CsvOnly {
        /// The source.
        source_name: Name,
        /// Its format.
        format: SourceFormat,
        /// The key.
        key: &'static str,
    },
    /// `${` without its end, or without a name.
    #[error("path {text:?} has a `${{` without a variable's name and `}}` after it")]
    Variable {
        /// The path.
        text: String,
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

/// `lakefront.yaml` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProjectForm {
    name: String,
    #[serde(default = "default_lake")]
    lake: PathBuf,
    #[serde(default)]
    catalog: Option<PathBuf>,
    #[serde(default)]
    sources: BTreeMap<Name, SourceForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceForm {
    #[serde(default)]
    path: Option<Spanned<String>>,
    #[serde(default)]
    paths: Vec<Spanned<String>>,
    format: Spanned<SourceFormat>,
    #[serde(default)]
    columns: Vec<String>,
    #[serde(default)]
    null_text: Option<String>,
}

fn default_lake() -> PathBuf {
    PathBuf::from("lake")
}

impl Project {
    /// Reads the `lakefront.yaml` of `folder`.
    ///
    /// # Errors
    /// [`ProjectError`] with file, line and column.
    pub fn open(folder: &Path) -> Result<Project, ProjectError> {
        let path = folder.join(PROJECT_FILE);
        let error = |place, rule| ProjectError { path: path.clone(), place, rule };
        let text = std::fs::read_to_string(&path)
            .map_err(|source| error(Place::default(), ProjectRule::Unreadable(source)))?;
        let form: ProjectForm = serde_saphyr::from_str(&text).map_err(|source| {
            let place = source.location().map(|at| Place::at(at.line(), at.column()));
            let reason = source.without_snippet().to_string();
            error(place.unwrap_or_default(), ProjectRule::Syntax { reason })
        })?;
        let mut sources = BTreeMap::new();
        for (name, form) in form.sources {
            let source = read_source(&name, form).map_err(|(place, rule)| error(place, rule))?;
            sources.insert(name, source);
        }
        Ok(Project {
            name: form.name,
            folder: folder.to_owned(),
            lake_dir: folder.join(form.lake),
            catalog_path: form.catalog.map(|path| folder.join(path)),
            sources,
        })
    }

    /// The same project with `value` for the variable `${name}` in the paths of its sources, in
    /// place of the environment's.
    pub fn with_variable(mut self, name: &str, value: &str) -> Project {
        for source in self.sources.values_mut() {
            source.paths = source.paths.iter().map(|path| path.with(name, value)).collect();
        }
        self
    }
}

fn read_source(name: &Name, form: SourceForm) -> Result<Source, (Place, ProjectRule)> {
    let format_place = place_of(&form.format);
    let texts = match (form.path, form.paths) {
        (Some(path), paths) if paths.is_empty() => vec![path],
        (None, paths) if !paths.is_empty() => paths,
        _ => return Err((format_place, ProjectRule::Paths { source_name: name.clone() })),
    };
    let format = form.format.value;
    let csv_only = [("columns", !form.columns.is_empty()), ("null_text", form.null_text.is_some())];
    if let (SourceFormat::Parquet, Some((key, _))) =
        (format, csv_only.into_iter().find(|(_, given)| *given))
    {
        let rule = ProjectRule::CsvOnly { source_name: name.clone(), format, key };
        return Err((format_place, rule));
    }
    let paths = texts
        .into_iter()
        .map(|text| {
            PathTemplate::parse(&text.value)
                .ok_or((place_of(&text), ProjectRule::Variable { text: text.value.clone() }))
        })
        .collect::<Result<_, _>>()?;
    Ok(Source {
        name: name.clone(),
        paths,
        format,
        columns: form.columns,
        null_text: form.null_text,
    })
}

fn place_of<T>(spanned: &Spanned<T>) -> Place {
    Place::at(spanned.referenced.line(), spanned.referenced.column())
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
        assert_eq!(project.lake_dir, project.folder.join("lake"));
        assert_eq!(project.catalog_path, Some(project.folder.join("c.yaml")));
    }
}
