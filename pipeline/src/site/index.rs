//! Everything on the page that has a name: where it stands, what it reads, and what reads it.

use super::lineage::Graph;
use crate::describe::{
    Aside, AsideDescription, Description, ExposureDescription, ModelDescription,
};
use std::collections::{BTreeMap, BTreeSet};

/// How wide a character of a node's name is.
const CHARACTER_PX: f64 = 7.5;

/// Left and right of a node's name.
const NODE_EDGE_PX: f64 = 30.0;

/// Characters of a node's name that are shown.
pub(super) const MOST_CHARACTERS: usize = 30;

/// What something is, for its colour and its heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    Source,
    Bronze,
    Silver,
    Gold,
    Aside,
    Exposure,
}

/// Something with a name and a part of the page.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// How others name it: `silver.orders`.
    pub(super) name: String,
    /// The name without its layer.
    pub(super) short: String,
    /// What it is, in a word or two.
    pub(super) kind: String,
    pub(super) group: Group,
    /// The id of its part of the page.
    pub(super) id: String,
}

/// The entries of a description and the edges between them.
pub(super) struct Index<'d> {
    pub(super) description: &'d Description,
    pub(super) entries: Vec<Entry>,
    /// From what is read to what reads it, by the entries' indices.
    pub(super) edges: Vec<(usize, usize)>,
    by_name: BTreeMap<String, usize>,
}

impl Group {
    pub(super) const EVERY: [Group; 6] =
        [Group::Source, Group::Bronze, Group::Silver, Group::Gold, Group::Aside, Group::Exposure];

    /// The word for it in classes and attributes.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Group::Source => "source",
            Group::Bronze => "bronze",
            Group::Silver => "silver",
            Group::Gold => "gold",
            Group::Aside => "aside",
            Group::Exposure => "exposure",
        }
    }

    /// The heading of many of it.
    pub(super) fn heading(self) -> &'static str {
        match self {
            Group::Source => "Sources",
            Group::Bronze => "Bronze",
            Group::Silver => "Silver",
            Group::Gold => "Gold",
            Group::Aside => "Set aside",
            Group::Exposure => "Exposures",
        }
    }

    pub(super) fn of(layer: crate::Layer) -> Group {
        match layer {
            crate::Layer::Bronze => Group::Bronze,
            crate::Layer::Silver => Group::Silver,
            crate::Layer::Gold => Group::Gold,
        }
    }
}

impl Entry {
    pub(super) fn href(&self) -> String {
        format!("#{}", self.id)
    }

    /// How wide its node is.
    fn width_px(&self) -> f64 {
        let n_characters = self.short.chars().count().clamp(11, MOST_CHARACTERS);
        n_characters as f64 * CHARACTER_PX + NODE_EDGE_PX
    }
}

impl<'d> Index<'d> {
    pub(super) fn new(description: &'d Description) -> Index<'d> {
        let mut index =
            Index { description, entries: Vec::new(), edges: Vec::new(), by_name: BTreeMap::new() };
        for source in &description.sources {
            let short = source.name.strip_prefix("source.").unwrap_or(&source.name).to_owned();
            let id = format!("source/{short}");
            index.add(source.name.clone(), short, source.kind.clone(), Group::Source, id);
        }
        for model in &description.models {
            index.add_model(model);
        }
        let mut ids = BTreeSet::new();
        for exposure in &description.exposures {
            let id = exposure_id(exposure, &mut ids);
            // No table is called so: a layer has no slash in its name.
            index.add(
                id.clone(),
                exposure.name.clone(),
                exposure.kind.clone(),
                Group::Exposure,
                id,
            );
        }
        index.join();
        index
    }

    fn add_model(&mut self, model: &ModelDescription) {
        let name = model.name.to_string();
        let (short, id) = (model.name.name.to_string(), format!("model/{name}"));
        self.add(name, short, model.kind.to_string(), Group::of(model.name.layer), id);
        for AsideDescription { name, kind, .. } in &model.asides {
            let kind = match kind {
                Aside::Quarantine => "quarantine",
                Aside::Late => "late rows",
            };
            let (short, id) = (name.name.to_string(), format!("model/{name}"));
            self.add(name.to_string(), short, kind.to_owned(), Group::Aside, id);
        }
    }

    fn add(&mut self, name: String, short: String, kind: String, group: Group, id: String) {
        self.by_name.insert(name.clone(), self.entries.len());
        self.entries.push(Entry { name, short, kind, group, id });
    }

    fn join(&mut self) {
        let mut edges = BTreeSet::new();
        let at = |name: &str| self.by_name.get(name).copied();
        for model in &self.description.models {
            let Some(to) = at(&model.name.to_string()) else { continue };
            edges.extend(model.reads.iter().filter_map(|read| Some((at(read)?, to))));
            let asides = model.asides.iter().filter_map(|aside| at(&aside.name.to_string()));
            edges.extend(asides.map(|aside| (to, aside)));
        }
        for (entry, exposure) in self.exposures() {
            let Some(to) = at(&entry.name) else { continue };
            edges.extend(exposure.reads.iter().filter_map(|read| Some((at(read)?, to))));
        }
        self.edges = edges.into_iter().collect();
    }

    /// The exposures with their entries.
    pub(super) fn exposures(&self) -> impl Iterator<Item = (&Entry, &'d ExposureDescription)> {
        self.of(Group::Exposure).zip(&self.description.exposures)
    }

    /// The entries of `group`, in the order of the description.
    pub(super) fn of(&self, group: Group) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.group == group)
    }

    /// The entry called `name`.
    pub(super) fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.get(*self.by_name.get(name)?)
    }

    /// What `name` reads.
    pub(super) fn reads(&self, name: &str) -> Vec<&Entry> {
        self.joined(name, |(from, to)| (to, from))
    }

    /// What reads `name`.
    pub(super) fn read_by(&self, name: &str) -> Vec<&Entry> {
        self.joined(name, |edge| edge)
    }

    fn joined(&self, name: &str, turn: fn((usize, usize)) -> (usize, usize)) -> Vec<&Entry> {
        let Some(own) = self.by_name.get(name) else { return Vec::new() };
        let turned = self.edges.iter().map(|edge| turn(*edge));
        let others = turned.filter(|(from, _)| from == own).map(|(_, to)| to);
        others.filter_map(|other| self.entries.get(other)).collect()
    }

    /// Where each table's part of the page is, for names in a query.
    pub(super) fn links(&self) -> BTreeMap<String, String> {
        let tables = self.entries.iter().filter(|entry| entry.group != Group::Exposure);
        tables.map(|entry| (entry.name.clone(), entry.href())).collect()
    }

    /// The graph that is drawn.
    pub(super) fn graph(&self) -> Graph {
        let is_end =
            |(idx, entry): (usize, &Entry)| (entry.group == Group::Exposure).then_some(idx);
        Graph {
            widths_px: self.entries.iter().map(Entry::width_px).collect(),
            edges: self.edges.clone(),
            ends: self.entries.iter().enumerate().filter_map(is_end).collect(),
        }
    }
}

/// `exposure/the-last-hour`, with a number when it is taken.
fn exposure_id(exposure: &ExposureDescription, taken: &mut BTreeSet<String>) -> String {
    let mut slug = String::new();
    for c in exposure.name.to_lowercase().chars() {
        match c.is_alphanumeric() {
            true => slug.push(c),
            false if !slug.ends_with('-') => slug.push('-'),
            false => {}
        }
    }
    let base = format!("exposure/{}", slug.trim_matches('-'));
    let mut id = base.clone();
    let mut number = 2;
    while !taken.insert(id.clone()) {
        id = format!("{base}-{number}");
        number += 1;
    }
    id
}
