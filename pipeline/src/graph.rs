//! Which model reads which, and the order in which they run: each after those that it reads.

use crate::model::{Model, ModelError, ModelName, ModelRule, Read};
use crate::project::{Place, Project};
use std::collections::{BTreeMap, BTreeSet, HashMap};
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

/// Which model reads which.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    /// For each model those that it reads.
    reads: BTreeMap<ModelName, BTreeSet<ModelName>>,
}

impl Graph {
    /// The models that `name` reads.
    pub(crate) fn reads(&self, name: &ModelName) -> impl Iterator<Item = &ModelName> {
        self.reads.get(name).into_iter().flatten()
    }

    /// Everything that `name` reads, directly or not.
    pub(crate) fn above(&self, name: &ModelName) -> BTreeSet<ModelName> {
        let mut found = BTreeSet::new();
        let mut waiting: Vec<&ModelName> = self.reads(name).collect();
        while let Some(name) = waiting.pop() {
            if found.insert(name.clone()) {
                waiting.extend(self.reads(name));
            }
        }
        found
    }

    /// Everything that reads `name`, directly or not.
    pub(crate) fn below(&self, name: &ModelName) -> BTreeSet<ModelName> {
        self.reads.keys().filter(|other| self.above(other).contains(name)).cloned().collect()
    }
}

/// The model that makes each table: its own, and those of the rows that it does not take.
pub(crate) fn makers(models: &[Model]) -> BTreeMap<ModelName, ModelName> {
    let mut makers = BTreeMap::new();
    for model in models {
        for aside in [model.quarantine(), model.late()].into_iter().flatten() {
            makers.insert(aside, model.name.clone());
        }
    }
    makers.extend(models.iter().map(|model| (model.name.clone(), model.name.clone())));
    makers
}

/// Orders `models`, so that each stands behind those that it reads; among the free ones by name.
///
/// # Errors
/// [`GraphError`] with file, line and column.
pub(crate) fn order(
    project: &Project,
    models: Vec<Model>,
) -> Result<(Vec<Model>, Graph), GraphError> {
    let makers = makers(&models);
    for model in &models {
        check_names(project, &makers, model)?;
    }
    let mut graph = Graph::default();
    for model in &models {
        let reads = model.reads.iter().filter_map(|at| match &at.read {
            Read::Model(name) => makers.get(name).cloned(),
            _ => None,
        });
        let related = related(model).filter_map(|(name, _)| makers.get(name).cloned());
        graph.reads.insert(model.name.clone(), reads.chain(related).collect());
    }
    let mut waiting: BTreeMap<ModelName, Model> =
        models.into_iter().map(|model| (model.name.clone(), model)).collect();
    let mut ordered = Vec::with_capacity(waiting.len());
    loop {
        let free = waiting.values().find(|model| next_in(&waiting, &makers, model).is_none());
        match free.map(|model| model.name.clone()).and_then(|name| waiting.remove(&name)) {
            Some(model) => ordered.push(model),
            None => break,
        }
    }
    match waiting.values().next() {
        None => Ok((ordered, graph)),
        Some(model) => Err(circle(&waiting, &makers, model)),
    }
}

fn check_names(
    project: &Project,
    makers: &BTreeMap<ModelName, ModelName>,
    model: &Model,
) -> Result<(), GraphError> {
    for at in &model.reads {
        let known: Vec<String> = match &at.read {
            Read::Source(name) if !project.sources.contains_key(name) => {
                project.sources.keys().map(|name| format!("source.{name}")).collect()
            }
            Read::Model(name) if !makers.contains_key(name) => {
                let layer = makers.keys().filter(|known| known.layer == name.layer);
                layer.map(ModelName::to_string).collect()
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
    makers: &BTreeMap<ModelName, ModelName>,
    model: &Model,
) -> Option<(&'w Model, Place)> {
    let reads = model.reads.iter().filter_map(|at| match &at.read {
        Read::Model(name) => Some((name, at.place)),
        _ => None,
    });
    let mut reads = reads.chain(related(model));
    reads.find_map(|(name, place)| waiting.get(makers.get(name)?).map(|next| (next, place)))
}

/// The other tables that the expectations of `model` look into.
fn related(model: &Model) -> impl Iterator<Item = (&ModelName, Place)> {
    let expectations = model.config.expectations.iter();
    let named =
        expectations.filter_map(|expectation| Some((expectation.reads()?, expectation.place)));
    named.filter(|(name, _)| **name != model.name)
}

/// Every waiting model reads another waiting one, so a walk along the reads ends in a circle.
fn circle(
    waiting: &BTreeMap<ModelName, Model>,
    makers: &BTreeMap<ModelName, ModelName>,
    start: &Model,
) -> GraphError {
    let mut path: Vec<(&Model, Place)> = Vec::new();
    let mut seen: HashMap<&ModelName, usize> = HashMap::new();
    let mut model = start;
    let mut from = 0;
    while let Some((next, place)) = next_in(waiting, makers, model) {
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
