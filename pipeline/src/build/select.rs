//! Which models a build makes: `silver.orders`, `silver.orders+` with what reads it, `+gold.sales` with what it
//! reads, `gold.*`.

use crate::graph::Graph;
use crate::model::ModelName;
use std::collections::BTreeSet;

/// A selection that names nothing.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// No model has the name.
    #[error("--select {text:?} is no model, there are: {known}")]
    Unknown {
        /// What was asked for.
        text: String,
        /// The models, comma-separated.
        known: String,
    },
    /// A pattern that is none.
    #[error("--select {text:?} is no name or pattern: {reason}")]
    Pattern {
        /// What was asked for.
        text: String,
        /// Why not.
        reason: String,
    },
}

/// The models that `texts` select; all of them when there is no text.
///
/// # Errors
/// [`SelectError`] for a text that selects nothing.
pub(super) fn select(
    graph: &Graph,
    names: &[ModelName],
    texts: &[String],
) -> Result<BTreeSet<ModelName>, SelectError> {
    if texts.is_empty() {
        return Ok(names.iter().cloned().collect());
    }
    let mut selected = BTreeSet::new();
    for text in texts {
        let (up, rest) = match text.strip_prefix('+') {
            Some(rest) => (true, rest),
            None => (false, text.as_str()),
        };
        let (down, rest) = match rest.strip_suffix('+') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let pattern = glob::Pattern::new(rest).map_err(|error| SelectError::Pattern {
            text: text.clone(),
            reason: error.msg.to_owned(),
        })?;
        let named: Vec<&ModelName> = names
            .iter()
            .filter(|name| {
                pattern.matches(&name.to_string()) || pattern.matches(name.name.as_str())
            })
            .collect();
        if named.is_empty() {
            let known: Vec<String> = names.iter().map(ModelName::to_string).collect();
            return Err(SelectError::Unknown { text: text.clone(), known: known.join(", ") });
        }
        for name in named {
            selected.insert(name.clone());
            if up {
                selected.extend(graph.above(name));
            }
            if down {
                selected.extend(graph.below(name));
            }
        }
    }
    Ok(selected)
}
