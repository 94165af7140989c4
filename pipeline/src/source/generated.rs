//! Sources that the demo's generator delivers.

use super::dialect::Dialect;
use super::form::{Refused, SourceForm, SourceFormError, place_of};
use super::{FileSource, PathTemplate, Source, SourceFormat, SourceKind};
use crate::marketplace::landing::Landing;
use crate::marketplace::{MarketplaceError, Plan, SOURCES};
use crate::project::Place;
use catalog::Name;
use serde_json::Value;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::path::Path;

/// The folder into which it delivers unless it is said.
const DEFAULT_FOLDER: &str = "landing";

/// A generator of source files, which delivers before a build.
#[derive(Debug, Clone)]
pub struct Generator {
    folder: PathTemplate,
    /// Of the marketplace; what lies there already, or 1, where nothing says it.
    scale: Option<u32>,
    seed: u64,
}

impl Generator {
    /// Delivers what is not there yet. Returns whether it had to. A relative folder starts at `project_folder`.
    ///
    /// # Errors
    /// [`MarketplaceError`] when the scale is out of bounds or the files cannot be written.
    pub(crate) fn deliver(
        &self,
        project_folder: &Path,
        on_progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<bool, MarketplaceError> {
        let folder = self.folder.expand().unwrap_or_else(|_| DEFAULT_FOLDER.into());
        let landing = Landing::new(&project_folder.join(folder));
        let is_there = match self.scale {
            Some(scale) => landing.has(&Plan::new(scale, self.seed)?),
            None => landing.has_any(),
        };
        if is_there {
            return Ok(false);
        }
        landing.fill(&Plan::new(self.scale.unwrap_or(1), self.seed)?, on_progress)?;
        Ok(true)
    }
}

impl FileSource {
    /// Which marketplace a generator has delivered into the file's folder; `None` when none delivers it, or
    /// has not yet.
    pub(crate) fn delivered(&self, project_folder: &Path) -> Option<String> {
        self.generated.as_ref()?;
        Landing::new(self.find(project_folder).ok()?.parent()?).identity()
    }
}

/// Reads the generator that the entry `name` of `path` describes, and the sources that it delivers.
pub(super) fn read(
    path: &Path,
    place: Place,
    name: &Name,
    form: &SourceForm,
    variables: &BTreeMap<String, String>,
) -> Result<(Generator, Vec<Source>), Refused> {
    let refuse = |place, reason: String| {
        (place, SourceFormError::Generator { source_name: name.clone(), reason })
    };
    let kind = form.generator.as_ref().map(|kind| kind.value.as_str()).unwrap_or_default();
    if kind != "marketplace" {
        return Err(refuse(place, format!("generator {kind:?} is not `marketplace`")));
    }
    let folder = match &form.folder {
        Some(folder) => super::form::template(folder, variables)?,
        None => template(DEFAULT_FOLDER, variables)
            .ok_or_else(|| refuse(place, "its folder has no name".to_owned()))?,
    };
    let number = |key: &str, value: &Option<Spanned<Value>>| match value {
        None => Ok(None),
        Some(value) => whole_number(&value.value, variables)
            .map_err(|text| refuse(place_of(value), format!("{key} {text:?} is no whole number"))),
    };
    let scale = number("scale", &form.scale)?;
    let scale = scale.map(|scale| u32::try_from(scale).unwrap_or(u32::MAX));
    let seed = number("seed", &form.seed)?.unwrap_or(42);
    let mut sources = Vec::with_capacity(SOURCES.len());
    for table in SOURCES {
        let text = format!("{}/{}.parquet", folder.text(), table.name);
        let (Ok(name), Some(file)) = (Name::new(table.name), template(&text, variables)) else {
            continue;
        };
        let kind = SourceKind::File(FileSource {
            name: name.clone(),
            paths: vec![file],
            format: SourceFormat::Parquet,
            columns: Vec::new(),
            types: Vec::new(),
            rescue: None,
            dialect: Dialect::default(),
            generated: Some(table.arrow()),
        });
        sources.push(Source { name, path: path.to_owned(), place, kind });
    }
    Ok((Generator { folder, scale, seed }, sources))
}

fn template(text: &str, variables: &BTreeMap<String, String>) -> Option<PathTemplate> {
    PathTemplate::parse(text, variables)
}

/// A number, or a variable with one; `None` when the variable has no value.
fn whole_number(
    value: &Value,
    variables: &BTreeMap<String, String>,
) -> Result<Option<u64>, String> {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let expanded = match PathTemplate::parse(&text, variables).map(|text| text.expand_text()) {
        Some(Ok(expanded)) => expanded,
        Some(Err(_)) => return Ok(None),
        None => return Err(text),
    };
    expanded.trim().parse().map(Some).map_err(|_| expanded)
}
