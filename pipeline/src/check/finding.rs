//! One thing that is wrong with a project, and where.

use crate::build::BuildError;
use crate::catalog_json::CompileError;
use crate::graph::GraphError;
use crate::model::ModelError;
use crate::project::{Place, ProjectError};
use catalog::yaml::YamlError;
use std::fmt;
use std::path::{Path, PathBuf};

/// One thing that is wrong with a project, and where. Written out it is `file:line:column: text` in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file; `None` when it is about no file, such as a lake that is not reached.
    pub path: Option<PathBuf>,
    /// Where in it, as far as it is known.
    pub place: Place,
    /// What is wrong, and what would be right.
    pub text: String,
}

impl Finding {
    pub(super) fn new(path: &Path, place: Place, text: impl fmt::Display) -> Finding {
        Finding { path: Some(path.to_owned()), place, text: one_line(&text.to_string()) }
    }

    fn somewhere(text: impl fmt::Display) -> Finding {
        Finding { path: None, place: Place::default(), text: one_line(&text.to_string()) }
    }
}

/// `text` without line breaks and what they indent.
fn one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join(" ")
}

impl From<&ModelError> for Finding {
    fn from(error: &ModelError) -> Finding {
        Finding::new(&error.path, error.place, &error.rule)
    }
}

impl From<&ProjectError> for Finding {
    fn from(error: &ProjectError) -> Finding {
        Finding::new(&error.path, error.place, &error.rule)
    }
}

impl From<&CompileError> for Finding {
    fn from(error: &CompileError) -> Finding {
        let at = |path: &Path, text: String| Finding::new(path, Place::default(), text);
        match error {
            CompileError::File { path, source } => at(path, source.to_string()),
            CompileError::Lake { path, place, source } => at(path, format!("{place}: {source}")),
            CompileError::Rule { path, place, rule } => at(path, format!("{place}: {rule}")),
            CompileError::Yaml(YamlError::Syntax { path, reason }) => at(path, reason.clone()),
            CompileError::Yaml(YamlError::Rule { path, source }) => at(path, source.to_string()),
            CompileError::Root(_) | CompileError::Planner(_) => Finding::somewhere(error),
        }
    }
}

impl From<&BuildError> for Finding {
    fn from(error: &BuildError) -> Finding {
        match error {
            BuildError::Model(error) | BuildError::Graph(GraphError::Unknown(error)) => {
                error.into()
            }
            BuildError::Graph(GraphError::Circle { path, place, circle }) => {
                let text = format!("models read each other in a circle: {circle}");
                Finding::new(path, *place, text)
            }
            BuildError::Catalog(error) => error.into(),
            other => Finding::somewhere(other),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{}{}: {}", path.display(), self.place, self.text),
            None => f.write_str(&self.text),
        }
    }
}
