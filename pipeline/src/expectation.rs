//! What must be true of a table's rows, and how old the newest may be.
//!
//! A model's header says it, of one column or of the table:
//!
//! ```yaml
//! columns:
//!   order_id: { description: The shop's number., expect: [not_null, unique] }
//!   status: { expect: [{ accepted: [new, paid], on_failure: warn }] }
//! expectations:
//!   - { range: { column: price, min: 0 }, on_failure: quarantine }
//!   - { relationship: { column: product_id, to: silver.products, field: product_id } }
//!   - { name: total_adds_up, sql: total = subtotal - discount }
//! freshness: { column: updated_at, warn_after: 1 day, fail_after: 3 days }
//! ```
//!
//! Null breaks `not_null` and nothing else: a value that is absent is neither out of range nor a
//! duplicate. A model without expectations costs nothing.

mod apply;
mod check;
mod example;
mod existing;
mod form;
mod literal;
mod outcome;
mod predicate;
mod sieve;
#[cfg(test)]
mod tests;
mod unique;

#[cfg(test)]
pub(crate) use apply::judge;
pub(crate) use apply::{Applied, ApplyError, Subject, apply};
pub(crate) use check::{check, check_freshness};
pub(crate) use existing::Target;
pub use form::{ColumnForms, ExpectationForms, FreshnessForm, read};
pub(crate) use outcome::quarantine_schema;
pub use outcome::{Broken, Outcome};
pub(crate) use predicate::zeros;
pub(crate) use sieve::Sieve;

use crate::duration::Span;
use crate::model::ModelName;
use crate::project::Place;
use arrow::datatypes::DataType;
use serde::Deserialize;
use std::fmt;

/// The column of quarantined rows with the names of the expectations that sent them there.
pub(crate) const REASON_COLUMN: &str = "_reason";

/// The column of quarantined rows with the build that sent them there.
pub(crate) const RUN_COLUMN: &str = "_run_id";

/// Something that must be true of a table's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// What it is called; no other of its model is called so.
    pub name: String,
    /// What must be true.
    pub rule: Rule,
    /// What becomes of a row for which it is not.
    pub on_failure: OnFailure,
    /// Where the model says so.
    pub place: Place,
}

/// What must be true of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// The column has a value.
    NotNull {
        /// The column.
        column: String,
    },
    /// No other row of the table has the same values; a row with a null among them has no twin.
    Unique {
        /// The columns, at least one.
        columns: Vec<String>,
    },
    /// The column has one of some values, or none.
    Accepted {
        /// The column.
        column: String,
        /// The values as they are written, at least one.
        values: Vec<String>,
    },
    /// The column lies between two values, both included, or is null. NaN lies nowhere.
    Range {
        /// The column.
        column: String,
        /// The least value as it is written; any will do without one.
        min: Option<String>,
        /// The greatest value as it is written; any will do without one.
        max: Option<String>,
    },
    /// The column's value is in a column of another table, or is null.
    Relationship {
        /// The column.
        column: String,
        /// The other table; the model's own table is allowed.
        to: ModelName,
        /// The other table's column.
        field: String,
    },
    /// A boolean expression over the columns of one row is not false.
    Sql {
        /// The expression.
        sql: String,
    },
}

/// What becomes of a row that breaks an expectation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The build of the model fails, and nothing is committed.
    #[default]
    Fail,
    /// It is counted and stored.
    Warn,
    /// It goes to `<model>__quarantine`.
    Quarantine,
}

/// How old the newest row of a table may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freshness {
    /// The column with the time of a row: a timestamp or a date.
    pub column: String,
    /// The age from which it is said.
    pub warn_after: Option<Span>,
    /// The age from which the build counts as failed.
    pub fail_after: Option<Span>,
    /// Where the model says so.
    pub place: Place,
}

/// What can be wrong with an expectation or a freshness rule.
#[derive(Debug, thiserror::Error)]
pub enum ExpectationRule {
    /// It says nothing, or two things at once.
    #[error("an expectation is one of {}, this has {found}", form::KINDS)]
    Kind {
        /// The keys that are there.
        found: String,
    },
    /// A word that is no expectation.
    #[error(
        "{word:?} is no expectation of a column, `not_null` and `unique` are; {} are maps",
        form::MAPS
    )]
    Word {
        /// The word.
        word: String,
    },
    /// It is no column's and names none.
    #[error("`{kind}` names no column, as in {}", form::example(kind))]
    NoColumn {
        /// Which kind of expectation.
        kind: &'static str,
    },
    /// It is one column's and names another.
    #[error("`{kind}` stands at column {column:?} and is of {found}, move it to `expectations`")]
    OtherColumn {
        /// Which kind of expectation.
        kind: &'static str,
        /// The column at which it stands.
        column: String,
        /// What it names.
        found: String,
    },
    /// A list that may not be empty.
    #[error("`{kind}` has an empty list, as in {}", form::example(kind))]
    Empty {
        /// Which kind of expectation.
        kind: &'static str,
    },
    /// A range without an end.
    #[error("`range` has `min`, `max` or both")]
    Endless,
    /// A table that is none of the lake's.
    #[error("{text:?} is no table of the lake such as silver.products")]
    Table {
        /// What is written.
        text: String,
    },
    /// An expression that is not SQL.
    #[error("{sql:?} is not a boolean expression of SQL: {reason}")]
    Syntax {
        /// The expression.
        sql: String,
        /// What the parser says.
        reason: String,
    },
    /// A name without text.
    #[error("the name of an expectation is a text of one line")]
    Name,
    /// Two expectations of one name.
    #[error("two expectations are called {name:?}, give one of them another `name`")]
    Twice {
        /// The name.
        name: String,
    },
    /// A column that the table does not have.
    #[error("column {column:?} is not one of the table's, which are {known}")]
    Column {
        /// The column.
        column: String,
        /// The table's columns.
        known: String,
    },
    /// A column of a type that has no such rule.
    #[error("`{kind}` is not for column {column:?}, which is of type {of}")]
    Type {
        /// Which kind of expectation.
        kind: &'static str,
        /// The column.
        column: String,
        /// Its type.
        of: DataType,
    },
    /// A value that the column cannot have.
    #[error("{text:?} is no value of column {column:?}, which is of type {of}")]
    Value {
        /// What is written.
        text: String,
        /// The column.
        column: String,
        /// Its type.
        of: DataType,
    },
    /// A range in which nothing lies.
    #[error("the range of column {column:?} has `min` {min} above `max` {max}")]
    Order {
        /// The column.
        column: String,
        /// Its lower end.
        min: String,
        /// Its upper end.
        max: String,
    },
    /// A table that no model makes.
    #[error("table {to} is made by no model")]
    NoTable {
        /// The table.
        to: ModelName,
    },
    /// A column that another table does not have.
    #[error("field {field:?} is not one of {to}, whose columns are {known}")]
    Field {
        /// The table.
        to: ModelName,
        /// The column.
        field: String,
        /// The table's columns.
        known: String,
    },
    /// Columns whose values cannot be the same.
    #[error("column {column:?} is of type {of}, {field:?} of {to} is of type {of_field}")]
    Unlike {
        /// The column.
        column: String,
        /// Its type.
        of: DataType,
        /// The other table.
        to: ModelName,
        /// Its column.
        field: String,
        /// The type of that.
        of_field: DataType,
    },
    /// An expression that does not fit the columns.
    #[error("{sql:?} does not fit the table: {reason}")]
    Plan {
        /// The expression.
        sql: String,
        /// What the planner says.
        reason: String,
    },
    /// An expression that is neither true nor false.
    #[error("{sql:?} is of type {of} and should be true or false")]
    NotBoolean {
        /// The expression.
        sql: String,
        /// Its type.
        of: DataType,
    },
    /// An expression that needs more than the row.
    #[error("{sql:?} has {what}, an expectation is judged by the values of one row")]
    Beyond {
        /// The expression.
        sql: String,
        /// What does not belong there.
        what: &'static str,
    },
    /// A freshness rule that says nothing.
    #[error("`freshness` has `warn_after`, `fail_after` or both")]
    Ageless,
    /// A freshness rule that fails before it warns.
    #[error("`freshness` warns after {warn_after} and fails before that, after {fail_after}")]
    Ages {
        /// When it warns.
        warn_after: Span,
        /// When it fails.
        fail_after: Span,
    },
}

impl Expectation {
    /// The table on which it depends besides its own.
    pub fn reads(&self) -> Option<&ModelName> {
        match &self.rule {
            Rule::Relationship { to, .. } => Some(to),
            _ => None,
        }
    }
}

impl Rule {
    /// The word for it in a header.
    pub fn kind(&self) -> &'static str {
        match self {
            Rule::NotNull { .. } => "not_null",
            Rule::Unique { .. } => "unique",
            Rule::Accepted { .. } => "accepted",
            Rule::Range { .. } => "range",
            Rule::Relationship { .. } => "relationship",
            Rule::Sql { .. } => "sql",
        }
    }

    /// What an expectation is called that has no other name: `not_null(order_id)`.
    pub fn default_name(&self) -> String {
        let of = match self {
            Rule::NotNull { column }
            | Rule::Accepted { column, .. }
            | Rule::Range { column, .. } => column.clone(),
            Rule::Unique { columns } => columns.join(", "),
            Rule::Relationship { column, to, .. } => format!("{column}, {to}"),
            Rule::Sql { sql } => sql.split_whitespace().collect::<Vec<_>>().join(" "),
        };
        format!("{}({of})", self.kind())
    }
}

impl fmt::Display for Rule {
    /// All of it, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::NotNull { column } => write!(f, "{column} is not null"),
            Rule::Unique { columns } => write!(f, "{} is unique", columns.join(", ")),
            Rule::Accepted { column, values } => {
                let values: Vec<String> = values.iter().map(|text| format!("'{text}'")).collect();
                write!(f, "{column} is one of {}", values.join(", "))
            }
            Rule::Range { column, min: Some(min), max: Some(max) } => {
                write!(f, "{column} is from {min} to {max}")
            }
            Rule::Range { column, min: Some(min), max: None } => {
                write!(f, "{column} is at least {min}")
            }
            Rule::Range { column, min: None, max } => {
                write!(f, "{column} is at most {}", max.as_deref().unwrap_or("anything"))
            }
            Rule::Relationship { column, to, field } => {
                write!(f, "{column} is a {field} of {to}")
            }
            Rule::Sql { sql } => f.write_str(sql),
        }
    }
}

impl fmt::Display for Expectation {
    /// All of it but its place: two that are written alike do the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}, else {}", self.name, self.rule, self.on_failure)
    }
}

impl OnFailure {
    /// The word for it in a header.
    pub fn as_str(self) -> &'static str {
        match self {
            OnFailure::Fail => "fail",
            OnFailure::Warn => "warn",
            OnFailure::Quarantine => "quarantine",
        }
    }
}

impl fmt::Display for OnFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
