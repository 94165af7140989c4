//! What the page has selected.

use crate::DateRange;
use catalog::Name;
use serde::{Deserialize, Serialize};

/// One condition, and which panel it came from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Clause {
    /// The dimension that is filtered.
    pub dimension: Name,
    /// What its values must be.
    pub condition: Condition,
}

/// What the values of a dimension must be.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// One of these; `None` is null. An empty list keeps nothing.
    OneOf(Vec<Option<String>>),
    /// A day within the range, both ends included.
    Within(DateRange),
}

/// All clauses that are in force; a row must satisfy each. At most one clause a dimension.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Selection {
    clauses: Vec<Clause>,
}

impl Selection {
    /// A selection of these clauses; of two on one dimension the later one holds.
    pub fn of(clauses: impl IntoIterator<Item = Clause>) -> Selection {
        let mut selection = Selection::default();
        for clause in clauses {
            selection.set(clause);
        }
        selection
    }

    /// The clauses, ordered by dimension, so that equal selections are equal values.
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// The clause on `dimension`.
    pub fn get(&self, dimension: &Name) -> Option<&Clause> {
        self.clauses.iter().find(|clause| &clause.dimension == dimension)
    }

    /// Adds `clause`, in place of one on the same dimension.
    pub fn set(&mut self, clause: Clause) {
        self.remove(&clause.dimension);
        self.clauses.push(clause);
        self.clauses.sort_by(|a, b| a.dimension.cmp(&b.dimension));
    }

    /// Takes the clause on `dimension` away.
    pub fn remove(&mut self, dimension: &Name) {
        self.clauses.retain(|clause| &clause.dimension != dimension);
    }

    /// Adds `value` to the values that `dimension` may have, or takes it away if it is there; the
    /// last value taken away takes the clause with it.
    pub fn toggle(&mut self, dimension: &Name, value: Option<String>) {
        let mut values = match self.get(dimension).map(|clause| &clause.condition) {
            Some(Condition::OneOf(values)) => values.clone(),
            _ => Vec::new(),
        };
        match values.iter().position(|v| *v == value) {
            Some(idx) => {
                values.remove(idx);
            }
            None => values.push(value),
        }
        values.sort();
        self.remove(dimension);
        if !values.is_empty() {
            self.set(Clause { dimension: dimension.clone(), condition: Condition::OneOf(values) });
        }
    }

    /// This selection without the clause on `dimension`: what a panel over `dimension` itself asks,
    /// so that a click on one of its marks does not take the others away (crossfilter).
    pub fn without(&self, dimension: &Name) -> Selection {
        let mut rest = self.clone();
        rest.remove(dimension);
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    #[test]
    fn a_toggle_twice_is_no_toggle() {
        let mut selection = Selection::default();
        selection.toggle(&name("status"), Some("paid".into()));
        selection.toggle(&name("status"), None);
        assert_eq!(
            selection.get(&name("status")).unwrap().condition,
            Condition::OneOf(vec![None, Some("paid".into())])
        );
        selection.toggle(&name("status"), None);
        selection.toggle(&name("status"), Some("paid".into()));
        assert_eq!(selection, Selection::default());
    }

    #[test]
    fn the_order_of_setting_does_not_matter() {
        let clause =
            |n: &str| Clause { dimension: name(n), condition: Condition::OneOf(vec![None]) };
        assert_eq!(
            Selection::of([clause("a"), clause("b")]),
            Selection::of([clause("b"), clause("a")])
        );
    }
}
