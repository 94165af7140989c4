//! The files of a project as they are written.

use super::unread;
use super::{
    DEFAULT_ENVIRONMENT, Exposure, PROJECT_FILE, Place, Project, ProjectError, ProjectRule, Retries,
};
use crate::duration::Span;
use crate::lake::Root;
use crate::source::{self, Entry, Generator, PathTemplate, Source, SourceForm};
use crate::yaml::{self, NotYaml};
use catalog::Name;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// The folder of the files of sources.
const SOURCES_FOLDER: &str = "sources";

/// Parts of a variable's name that say that its value is a secret.
const SECRET_WORDS: [&str; 5] = ["PASSWORD", "SECRET", "TOKEN", "CREDENTIAL", "KEY"];

/// `lakefront.yaml` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProjectForm {
    name: String,
    #[serde(default, deserialize_with = "yaml::given")]
    lake: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "yaml::given")]
    catalog: Option<PathBuf>,
    #[serde(default)]
    variables: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    environments: BTreeMap<String, Option<EnvironmentForm>>,
    #[serde(default)]
    exposures: Vec<Exposure>,
    #[serde(default, deserialize_with = "yaml::given")]
    schedule: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "yaml::given")]
    sla: Option<Span>,
    #[serde(default, deserialize_with = "yaml::given")]
    retries: Option<Retries>,
    #[serde(default)]
    sources: BTreeMap<Name, SourceForm>,
}

/// What an environment has of its own.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct EnvironmentForm {
    #[serde(deserialize_with = "crate::yaml::given")]
    lake: Option<Spanned<String>>,
    #[serde(deserialize_with = "crate::yaml::given")]
    catalog: Option<PathBuf>,
    variables: BTreeMap<String, Spanned<String>>,
}

pub(super) fn read(folder: &Path, environment: &str) -> Result<Project, ProjectError> {
    let path = folder.join(PROJECT_FILE);
    let error = |place, rule| ProjectError { path: path.clone(), place, rule };
    unread::refuse_misnamed(folder)?;
    let (text, mut form): (_, ProjectForm) = parse(&path)?;
    let shows = form.catalog.is_some()
        || form.environments.values().flatten().any(|own| own.catalog.is_some());
    if !shows {
        unread::refuse_catalog(folder)?;
    }
    let own = match form.environments.remove(environment) {
        Some(own) => own.unwrap_or_default(),
        None if environment == DEFAULT_ENVIRONMENT => EnvironmentForm::default(),
        None => {
            let known: Vec<&str> = form.environments.keys().map(String::as_str).collect();
            let known = match known.is_empty() {
                true => DEFAULT_ENVIRONMENT.to_owned(),
                false => known.join(", "),
            };
            let environment = environment.to_owned();
            let rule = ProjectRule::Environment { environment, known };
            return Err(error(Place::default(), rule));
        }
    };
    let mut variables = BTreeMap::new();
    for (name, value) in form.variables.into_iter().chain(own.variables) {
        let upper = name.to_uppercase();
        if SECRET_WORDS.iter().any(|word| upper.contains(word)) {
            return Err(error(place_of(&value), ProjectRule::Secret { name }));
        }
        variables.insert(name, value.value);
    }
    let (lake_place, lake) = match own.lake.or(form.lake) {
        Some(lake) => (place_of(&lake), lake.value),
        None => (Place::default(), "lake".to_owned()),
    };
    let lake = expanded(&lake, &variables).map_err(|rule| error(lake_place, rule))?;
    let lake = Root::parse(&lake, folder).map_err(|rule| error(lake_place, rule.into()))?;
    let mut sources =
        Sources { variables: &variables, found: BTreeMap::new(), generators: Vec::new() };
    sources.add(&path, &text, form.sources)?;
    for path in source_files(&folder.join(SOURCES_FOLDER))? {
        let (text, forms) = parse(&path)?;
        sources.add(&path, &text, forms)?;
    }
    let Sources { found: sources, generators, .. } = sources;
    Ok(Project {
        name: form.name,
        folder: folder.to_owned(),
        environment: environment.to_owned(),
        lake,
        catalog_path: own.catalog.or(form.catalog).map(|path| folder.join(path)),
        sources,
        generators,
        exposures: form.exposures,
        schedule_place: form.schedule.as_ref().map(place_of).unwrap_or_default(),
        schedule: form.schedule.map(|schedule| schedule.value),
        sla: form.sla,
        retries: form.retries.unwrap_or_default(),
    })
}

struct Sources<'v> {
    variables: &'v BTreeMap<String, String>,
    found: BTreeMap<Name, Source>,
    generators: Vec<Generator>,
}

impl Sources<'_> {
    /// Adds those that `forms` of the file `path` describe, whose text is `text`.
    fn add(
        &mut self,
        path: &Path,
        text: &str,
        forms: BTreeMap<Name, SourceForm>,
    ) -> Result<(), ProjectError> {
        let error = |place, rule| ProjectError { path: path.to_owned(), place, rule };
        for (name, form) in forms {
            let entry = source::read_form(path, text, &name, form, self.variables)
                .map_err(|(place, rule)| error(place, rule.into()))?;
            let sources = match entry {
                Entry::Source(source) => vec![source],
                Entry::Tables(sources) => sources,
                Entry::Generated((generator, sources)) => {
                    self.generators.push(generator);
                    sources
                }
            };
            for source in sources {
                let (name, place) = (source.name.clone(), source.place);
                if let Some(other) = self.found.insert(name.clone(), source) {
                    let rule = ProjectRule::Twice { source_name: name, other: other.path };
                    return Err(error(place, rule));
                }
            }
        }
        Ok(())
    }
}

/// The `*.yaml` files of `folder`, sorted; none when there is no such folder.
///
/// # Errors
/// [`ProjectRule::NotRead`] of a file that looks like one of them.
fn source_files(folder: &Path) -> Result<Vec<PathBuf>, ProjectError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(folder).min_depth(1).follow_links(true).sort_by_file_name() {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(folder).to_owned();
            let source = error.into_io_error().unwrap_or_else(|| io::ErrorKind::Other.into());
            ProjectError { path, place: Place::default(), rule: ProjectRule::Unreadable(source) }
        })?;
        if !entry.file_type().is_file() {
            continue;
        }
        match unread::misplaced_source(folder, entry.path()) {
            Some(error) => return Err(error),
            None if entry.path().extension().is_some_and(|extension| extension == "yaml") => {
                files.push(entry.into_path());
            }
            None => {}
        }
    }
    files.sort();
    Ok(files)
}

/// The text of a file, and what it says.
fn parse<T: DeserializeOwned>(path: &Path) -> Result<(String, T), ProjectError> {
    let error = |place, rule| ProjectError { path: path.to_owned(), place, rule };
    let text = yaml::read_text(path)
        .map_err(|(place, source)| error(place, ProjectRule::Unreadable(source)))?;
    let form = yaml::parse(&text)
        .map_err(|NotYaml { place, reason }| error(place, ProjectRule::Syntax { reason }))?;
    Ok((text, form))
}

/// `text` with the values of its variables: the environment's, or those that are written down.
fn expanded(text: &str, variables: &BTreeMap<String, String>) -> Result<String, ProjectRule> {
    let refuse = |reason: String| ProjectRule::Variable { text: text.to_owned(), reason };
    let template = PathTemplate::parse(text, variables).ok_or_else(|| {
        refuse("has a `${` without a variable's name and `}` after it".to_owned())
    })?;
    template.expand_text().map_err(|name| {
        refuse(format!("needs the variable {name:?}, which is not set in the environment"))
    })
}

fn place_of<T>(spanned: &Spanned<T>) -> Place {
    Place::at(spanned.referenced.line(), spanned.referenced.column())
}
