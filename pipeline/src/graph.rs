//! The order in which models run: each after those that it reads.

use crate::model::{Model, ModelError, ModelName, ModelRule, Read};
use crate::project::{Place, Project};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

/// Models that cannot be ordered.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// A model reads what nothing makes.
    #[error(transparent)]
    Unknown(#[from] ModelError),
    /// Models read each other in a circle.
    #[error("{}{place}: models read each other in a circle: {circle}", path.display())]
    Circle {
        /// The file of the first model of the circle.
        path: PathBuf,
        /// Where it reads the next one.
        place: Place,
        /// `gold.a -> gold.b -> gold.a`.
        circle: String,
    },
}

/// Orders `models`, so that each stands behind those that it reads; among the free ones by name.
///
/// # Errors
/// [`GraphError`] with file, line and column.
pub(crate) fn order(project: &Project, models: Vec<Model>) -> Result<Vec<Model>, GraphError> {
    for model in &models {
        check_names(project, &models, model)?;
    }
    let mut waiting: BTreeMap<ModelName, Model> =
        models.into_iter().map(|model| (model.name.clone(), model)).collect();
    let mut ordered = Vec::with_capacity(waiting.len());
    loop {
        let free = waiting.values().find(|model| next_in(&waiting, model).is_none());
        match free.map(|model| model.name.clone()).and_then(|name| waiting.remove(&name)) {
            Some(model) => ordered.push(model),
            None => break,
        }
    }
    match waiting.values().next() {
        None => Ok(ordered),
        Some(model) => Err(circle(&waiting, model)),
    }
}

fn check_names(project: &Project, models: &[Model], model: &Model) -> Result<(), GraphError> {
    for at in &model.reads {
        let known: Vec<String> = match &at.read {
            Read::Source(name) if !project.sources.contains_key(name) => {
                project.sources.keys().map(|name| format!("source.{name}")).collect()
            }
            Read::Model(name) if !models.iter().any(|model| &model.name == name) => {
                let layer = models.iter().filter(|model| model.name.layer == name.layer);
                layer.map(|model| model.name.to_string()).collect()
            }
            _ => continue,
        };
        let rule = ModelRule::Unknown { table: at.read.to_string(), known: known.join(", ") };
        return Err(ModelError { path: model.path.clone(), place: at.place, rule }.into());
    }
    Ok(())
}

/// The first of the waiting models that `model` reads, and where.
fn next_in<'w>(
    waiting: &'w BTreeMap<ModelName, Model>,
    model: &Model,
) -> Option<(&'w Model, Place)> {
    model.reads.iter().find_map(|at| match &at.read {
        Read::Model(name) => waiting.get(name).map(|next| (next, at.place)),
        _ => None,
    })
}

/// Every waiting model reads another waiting one, so a walk along the reads ends in a circle.
fn circle(waiting: &BTreeMap<ModelName, Model>, start: &Model) -> GraphError {
    let mut path: Vec<(&Model, Place)> = Vec::new();
    let mut seen: HashMap<&ModelName, usize> = HashMap::new();
    let mut model = start;
    let mut from = 0;
    while let Some((next, place)) = next_in(waiting, model) {
        if let Some(idx) = seen.insert(&model.name, path.len()) {
            from = idx;
            break;
        }
        path.push((model, place));
        model = next;
    }
    let circle: Vec<String> = path.iter().skip(from).map(|(m, _)| m.name.to_string()).collect();
    let (first, place) = path.get(from).copied().unwrap_or((start, Place::default()));
    let circle = format!("{} -> {}", circle.join(" -> "), first.name);
    GraphError::Circle { path: first.path.clone(), place, circle }
}
