//! Files below `models/` that look like models and are none: they would be left out in silence.

use super::{Layer, ModelError, ModelRule};
use crate::project::Place;
use std::path::Path;

/// What is wrong with such files, in the order of their paths.
pub(super) fn find(models_dir: &Path) -> Vec<ModelError> {
    let mut errors = Vec::new();
    // What cannot be walked is said where models are read.
    let entries = walkdir::WalkDir::new(models_dir).sort_by_file_name().into_iter();
    for entry in entries.filter_map(Result::ok).filter(|entry| entry.file_type().is_file()) {
        let path = entry.path();
        let first = path.strip_prefix(models_dir).ok().and_then(|below| below.iter().next());
        let is_in_layer =
            Layer::EVERY.iter().any(|layer| first.is_some_and(|it| it == layer.as_str()));
        let extension = path.extension().and_then(|extension| extension.to_str());
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let rule = match extension {
            Some("sql") if !is_in_layer => ModelRule::Stray,
            Some("yaml") if is_in_layer && !path.with_extension("sql").is_file() => {
                ModelRule::NoQuery { stem: stem.unwrap_or_default() }
            }
            _ => continue,
        };
        errors.push(ModelError { path: path.to_owned(), place: Place::default(), rule });
    }
    errors
}
