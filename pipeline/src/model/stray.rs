//! Files below `models/` that no build reads: whatever lies there is read, or is named here, so that nothing is
//! left out in silence. Notes (`.md`) and files whose name begins with a dot may lie there.

use super::{Layer, ModelError, ModelRule};
use crate::project::Place;
use std::ffi::OsStr;
use std::path::Path;

/// What is wrong with such files, in the order of their paths.
pub(super) fn find(models_dir: &Path) -> Vec<ModelError> {
    let mut errors = Vec::new();
    let is_shown = |name: &OsStr| !name.to_string_lossy().starts_with('.');
    // What cannot be walked is said where models are read.
    let entries = walkdir::WalkDir::new(models_dir).min_depth(1).sort_by_file_name().into_iter();
    let entries = entries.filter_entry(|entry| is_shown(entry.file_name()));
    for entry in entries.filter_map(Result::ok).filter(|entry| !entry.file_type().is_dir()) {
        let path = entry.path();
        let is_link = entry.path_is_symlink() && path.is_dir();
        let rule = if is_link { Some(ModelRule::LinkedFolder) } else { judge(models_dir, path) };
        if let Some(rule) = rule {
            errors.push(ModelError { path: path.to_owned(), place: Place::default(), rule });
        }
    }
    errors
}

/// What is wrong with the file `path`; `None` when it is read, or need not be.
fn judge(models_dir: &Path, path: &Path) -> Option<ModelRule> {
    let first = path.strip_prefix(models_dir).ok().and_then(|below| below.iter().next());
    let is_in_layer = Layer::EVERY.iter().any(|layer| first.is_some_and(|it| it == layer.as_str()));
    let extension = path.extension().map(|it| it.to_string_lossy().into_owned());
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let has_query = path.with_extension("sql").is_file();
    let extension = extension.unwrap_or_default();
    let not_read = |remedy: String| Some(ModelRule::NotRead { remedy });
    match (extension.as_str(), extension.to_lowercase().as_str()) {
        ("sql", _) if is_in_layer => None,
        ("sql", _) => Some(ModelRule::Stray),
        ("yaml", _) if is_in_layer && has_query => None,
        ("yaml", _) if is_in_layer => Some(ModelRule::NoQuery { stem }),
        (_, "md") => None,
        (_, "sql") => not_read(format!("a model's file is called {stem}.sql")),
        (_, "yaml" | "yml") if is_in_layer && has_query => {
            not_read(format!("the configuration of {stem}.sql is called {stem}.yaml"))
        }
        (_, "yaml" | "yml") => not_read(
            "what is said of a model stands at the top of its file, between /*--- and ---*/, or beside it in NAME.yaml"
                .to_owned(),
        ),
        _ => not_read("only models (.sql), their configurations (.yaml) and notes (.md) lie here".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_or_named() {
        let check = |path: &str, expected: Option<&str>| {
            let folder = tempfile::tempdir().unwrap();
            let models = folder.path().join("models");
            let path = models.join(path);
            std::fs::create_dir_all(models.join("silver")).unwrap();
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(models.join("silver/b.sql"), "select 1").unwrap();
            std::fs::write(&path, "").unwrap();
            let found = find(&models);
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            match expected {
                None => assert!(found.is_empty(), "{found:?}"),
                Some(expected) => {
                    assert_eq!(found.len(), 1, "{found:?}");
                    let place = path.display().to_string();
                    assert!(found[0].contains(&place) && found[0].contains(expected), "{found:?}");
                }
            }
        };
        check("silver/a.sql", None);
        check("silver/deep/a.sql", None);
        check("silver/b.yaml", None);
        check("silver/README.md", None);
        check("silver/.b.sql.swp", None);
        check(".git/x.yml", None);
        check("silver/a.yaml", Some("configures no model"));
        check("silver/b.yml", Some("the configuration of b.sql is called b.yaml"));
        check("silver/b.YAML", Some("the configuration of b.sql is called b.yaml"));
        check("silver/schema.yml", Some("at the top of its file, between /*--- and ---*/"));
        check("schema.yaml", Some("at the top of its file, between /*--- and ---*/"));
        check("silver/e.SQL", Some("a model's file is called e.sql"));
        check("silver/b.sql.bak", Some("only models (.sql)"));
        check("silver/a", Some("only models (.sql)"));
        check("a.sql", Some("none of the folders models/bronze"));
        check("Silver/a.sql", Some("none of the folders models/bronze"));
    }
}
