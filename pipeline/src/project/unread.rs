//! Files and folders of a project that look like its configuration and would be left out in silence, since their
//! name is another one than the one that is read. Other files may lie beside them: a project often shares its folder.

use super::{PROJECT_FILE, Place, ProjectError, ProjectRule};
use std::path::{Path, PathBuf};

/// The folders of a project, and how they are called by mistake.
const FOLDERS: [(&str, &[&str]); 2] =
    [("models", &["models", "model"]), ("sources", &["sources", "source"])];

/// Looks in `folder` for another spelling of the project's own file and folders.
///
/// # Errors
/// [`ProjectRule::NotRead`] of the first.
pub(super) fn refuse_misnamed(folder: &Path) -> Result<(), ProjectError> {
    for path in entries(folder) {
        let Some(name) = path.file_name().map(|name| name.to_string_lossy().into_owned()) else {
            continue;
        };
        let lower = name.to_lowercase();
        if path.is_dir() {
            for (right, spellings) in FOLDERS {
                if name != right && spellings.contains(&lower.as_str()) {
                    return Err(not_read(path, format!("the folder is called {right}")));
                }
            }
        } else if name != PROJECT_FILE
            && matches!(lower.as_str(), "lakefront.yaml" | "lakefront.yml")
        {
            return Err(not_read(path, format!("the project's file is called {PROJECT_FILE}")));
        }
    }
    Ok(())
}

/// Looks in `folder`, whose project shows nothing, for a catalog.
///
/// # Errors
/// [`ProjectRule::NotRead`] of it.
pub(super) fn refuse_catalog(folder: &Path) -> Result<(), ProjectError> {
    for path in entries(folder) {
        let name =
            path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        if path.is_file() && matches!(name.as_str(), "catalog.yaml" | "catalog.yml") {
            let own = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            return Err(not_read(path, format!("say `catalog: {own}` in {PROJECT_FILE}")));
        }
    }
    Ok(())
}

/// Why the file `path` below `folder`, that of the sources, is not read although it looks as if it were one of
/// theirs; `None` of the files that are read, and of those that hold rows.
pub(super) fn misplaced_source(folder: &Path, path: &Path) -> Option<ProjectError> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    if name.starts_with('.') {
        return None;
    }
    let extension = path.extension()?.to_string_lossy().into_owned();
    let stem = path.file_stem()?.to_string_lossy().into_owned();
    let is_direct = path.parent() == Some(folder);
    match (extension.as_str(), extension.to_lowercase().as_str()) {
        ("yaml", _) if is_direct => None,
        (_, "yaml" | "yml") => {
            let remedy = format!(
                "a file of sources is called sources/{stem}.yaml and lies in no folder below"
            );
            Some(not_read(path.to_owned(), remedy))
        }
        (_, "sql") => Some(not_read(
            path.to_owned(),
            "a model lies in models/bronze, models/silver or models/gold".to_owned(),
        )),
        _ => None,
    }
}

/// What lies in `folder`, sorted; nothing where it cannot be listed, which is said where it is read.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<PathBuf> =
        entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn not_read(path: PathBuf, remedy: String) -> ProjectError {
    ProjectError { path, place: Place::default(), rule: ProjectRule::NotRead { remedy } }
}

#[cfg(test)]
mod tests {
    use crate::project::{PROJECT_FILE, Project};

    #[test]
    fn what_looks_like_a_part_of_the_project_is_read_or_named() {
        let check = |path: &str, expected: Option<&str>| {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join(PROJECT_FILE), "name: x\n").unwrap();
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "s: { path: s.csv, format: csv }\n").unwrap();
            let found = Project::open(folder.path()).err().map(|error| error.to_string());
            match (&found, expected) {
                (None, None) => {}
                (Some(found), Some(expected)) => assert!(found.contains(expected), "{found}"),
                _ => panic!("{}: {found:?}", path.display()),
            }
        };
        check("sources/s.yaml", None);
        check("sources/orders.csv", None);
        check("sources/README.md", None);
        check("sources/.s.yml", None);
        check("docker-compose.yml", None);
        check(
            "sources/s.yml",
            Some("s.yml: is read by nothing: a file of sources is called sources/s.yaml"),
        );
        check("sources/S.YAML", Some("is called sources/S.yaml"));
        check("sources/more/s.yaml", Some("lies in no folder below"));
        check("sources/s.sql", Some("a model lies in models/bronze"));
        check("lakefront.yml", Some("the project's file is called lakefront.yaml"));
        check("Models/silver/a.sql", Some("the folder is called models"));
        check("source/s.yaml", Some("the folder is called sources"));
        check("catalog.yaml", Some("say `catalog: catalog.yaml` in lakefront.yaml"));
        check("catalog.yml", Some("say `catalog: catalog.yml` in lakefront.yaml"));
    }
}
