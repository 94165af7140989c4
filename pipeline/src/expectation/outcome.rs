//! What became of expectations in one write.

use super::{Expectation, OnFailure, REASON_COLUMN, RUN_COLUMN};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use std::fmt;
use std::sync::Arc;

/// How many rows were judged by an expectation, and how many broke it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What was expected.
    pub expectation: Expectation,
    /// Rows of the query, those that went to quarantine among them.
    pub n_checked: u64,
    /// Rows that broke it.
    pub n_failed: u64,
    /// The first few of these rows: what names them and what broke the rule, as text.
    pub examples: Vec<String>,
}

/// Rows that break expectations which let a build fail. Nothing is committed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Broken {
    /// The expectations that fail, in the order in which the model says them, at least one.
    pub outcomes: Vec<Outcome>,
}

impl Outcome {
    /// Whether it lets the build fail.
    pub fn is_fatal(&self) -> bool {
        self.n_failed > 0 && self.expectation.on_failure == OnFailure::Fail
    }

    /// One word for it: `passed`, or what became of the rows: `failed`, `warned`, `quarantined`.
    pub fn as_str(&self) -> &'static str {
        match (self.n_failed, self.expectation.on_failure) {
            (0, _) => "passed",
            (_, OnFailure::Fail) => "failed",
            (_, OnFailure::Warn) => "warned",
            (_, OnFailure::Quarantine) => "quarantined",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outcome { expectation, n_checked, n_failed, examples } = self;
        let Expectation { name, rule, .. } = expectation;
        if rule.default_name() == *name {
            write!(f, "{n_failed} of {n_checked} rows break {name}")?;
        } else {
            write!(f, "{n_failed} of {n_checked} rows break {name} ({rule})")?;
        }
        match examples.as_slice() {
            [] => Ok(()),
            examples => write!(f, ", such as {}", examples.join("; ")),
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (idx, outcome) in self.outcomes.iter().enumerate() {
            let separator = if idx == 0 { "" } else { ". " };
            write!(f, "{separator}{outcome}")?;
        }
        Ok(())
    }
}

/// The columns of quarantined rows of a table of `schema`: its own, why, and in which build.
pub(crate) fn quarantine_schema(schema: &SchemaRef) -> SchemaRef {
    let mut fields: Vec<Arc<Field>> = schema.fields().iter().cloned().collect();
    for name in [REASON_COLUMN, RUN_COLUMN] {
        fields.push(Arc::new(Field::new(name, DataType::Utf8, true)));
    }
    Arc::new(Schema::new(fields))
}
