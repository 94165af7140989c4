//! Which tables a query reads, and where it says so.

use super::{Layer, ModelName, ModelRule};
use crate::project::Place;
use catalog::Name;
use datafusion::sql::sqlparser::ast::{
    Ident, ObjectName, ObjectNamePart, Query, Spanned, Statement, TableFactor, Visit, Visitor,
};
use std::collections::HashSet;
use std::fmt;
use std::ops::ControlFlow;

/// What a query reads.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Read {
    /// A file outside the lake.
    Source(Name),
    /// A table of the lake.
    Model(ModelName),
    /// A name that is neither; refused when a model is read.
    Neither(String),
}

impl fmt::Display for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Read::Source(name) => write!(f, "source.{name}"),
            Read::Model(name) => name.fmt(f),
            Read::Neither(text) => f.write_str(text),
        }
    }
}

/// What a query reads, and where it says so first.
#[derive(Debug, Clone)]
pub(crate) struct ReadAt {
    pub(crate) read: Read,
    pub(crate) place: Place,
}

impl ReadAt {
    /// Whether a model of `layer` may read it.
    pub(super) fn check(&self, layer: Layer) -> Result<(), (Place, ModelRule)> {
        let allowed = match &self.read {
            Read::Source(_) => layer == Layer::Bronze,
            Read::Model(read) => match layer {
                Layer::Bronze => false,
                Layer::Silver => read.layer <= Layer::Silver,
                Layer::Gold => read.layer >= Layer::Silver,
            },
            Read::Neither(table) => {
                return Err((self.place, ModelRule::NoLayer { table: table.clone() }));
            }
        };
        if allowed {
            Ok(())
        } else {
            Err((self.place, ModelRule::LayerOrder { layer, table: self.read.to_string() }))
        }
    }
}

/// The tables that `statement` reads, in the order of the text, each once. Names that a `with`
/// defines are not among them.
pub(super) fn of(statement: &Statement) -> Vec<ReadAt> {
    let mut tables = Tables::default();
    let _ = statement.visit(&mut tables);
    let Tables { named, with } = tables;
    let mut reads: Vec<ReadAt> = Vec::new();
    for (name, place) in named {
        let parts: Option<Vec<String>> = name.0.iter().map(part).collect();
        let read = match parts.as_deref() {
            Some([one]) if with.contains(one) => continue,
            Some([layer, table]) => read(layer, table),
            _ => None,
        };
        let read = read.unwrap_or_else(|| Read::Neither(name.to_string()));
        if !reads.iter().any(|at| at.read == read) {
            reads.push(ReadAt { read, place });
        }
    }
    reads
}

/// What `text`, such as `silver.orders`, names.
pub(crate) fn parse(text: &str) -> Option<Read> {
    let (layer, table) = text.split_once('.')?;
    read(layer, table)
}

fn read(layer: &str, table: &str) -> Option<Read> {
    let name = Name::new(table).ok()?;
    if layer == "source" {
        return Some(Read::Source(name));
    }
    let layer = Layer::EVERY.into_iter().find(|l| l.as_str() == layer)?;
    Some(Read::Model(ModelName { layer, name }))
}

fn part(part: &ObjectNamePart) -> Option<String> {
    match part {
        ObjectNamePart::Identifier(ident) => Some(normal(ident)),
        ObjectNamePart::Function(_) => None,
    }
}

/// An identifier as DataFusion resolves it: lower case, unless it is quoted.
fn normal(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_lowercase(),
    }
}

#[derive(Default)]
struct Tables {
    named: Vec<(ObjectName, Place)>,
    with: HashSet<String>,
}

impl Visitor for Tables {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if let Some(with) = &query.with {
            self.with.extend(with.cte_tables.iter().map(|cte| normal(&cte.alias.name)));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        // With arguments it is a table function, such as `generate_series`.
        if let TableFactor::Table { name, args: None, .. } = factor {
            let start = name.span().start;
            self.named.push((name.clone(), Place::at(start.line, start.column)));
        }
        ControlFlow::Continue(())
    }
}
