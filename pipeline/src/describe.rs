//! A project as it is described to people: what its sources, models and exposures are, what they read,
//! and how their tables stand in the lake. Nothing is run and nothing is written.

pub(crate) mod history;
mod read;
mod words;

pub use history::{Run, Runs};
pub use read::describe;

use crate::duration::Span;
use crate::model::{Kind, ModelName};
use chrono::{DateTime, Utc};

/// Everything that is said of a project.
#[derive(Debug, Clone)]
pub struct Description {
    /// What the project calls itself.
    pub project: String,
    /// The environment whose settings were taken.
    pub environment: String,
    /// Where its lake lies.
    pub lake: String,
    /// When `--watch` builds, as a cron expression.
    pub schedule: Option<String>,
    /// How long a build may take.
    pub sla: Option<Span>,
    /// The sources that a model reads, and those that none does, by name.
    pub sources: Vec<SourceDescription>,
    /// The models, each behind those that it reads.
    pub models: Vec<ModelDescription>,
    /// What is made of the tables: the project's exposures, then the catalog's dashboards.
    pub exposures: Vec<ExposureDescription>,
    /// What builds did; `None` in a lake where no build has said so.
    pub runs: Option<Runs>,
}

/// A column of a table or a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnDescription {
    /// Its name.
    pub name: String,
    /// Its type in SQL's words.
    pub type_name: String,
    /// What it holds; empty where nobody said it.
    pub description: String,
}

/// A source.
#[derive(Debug, Clone)]
pub struct SourceDescription {
    /// `source.orders`.
    pub name: String,
    /// What it is, such as `folder of json_lines files`.
    pub kind: String,
    /// What is known of it, as pairs of a label and a text.
    pub facts: Vec<(&'static str, String)>,
    /// Its columns; empty where no model reads it, since it is not opened then.
    pub columns: Vec<ColumnDescription>,
    /// The file and line that says so, below the project's folder.
    pub place: String,
}

/// A model and its table.
#[derive(Debug, Clone)]
pub struct ModelDescription {
    /// Its name.
    pub name: ModelName,
    /// What a row is.
    pub description: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// How its table follows its inputs, as a word.
    pub kind: Kind,
    /// The same in sentences.
    pub kept: Vec<String>,
    /// How its files are laid out, as pairs of a label and columns.
    pub layout: Vec<(&'static str, String)>,
    /// What it reads, by name, in the order of its text.
    pub reads: Vec<String>,
    /// Its columns.
    pub columns: Vec<ColumnDescription>,
    /// What must be true of its rows.
    pub expectations: Vec<ExpectationDescription>,
    /// How old its newest row may be, as a sentence.
    pub freshness: Option<String>,
    /// Measures over its table.
    pub measures: Vec<MeasureDescription>,
    /// The query without its header.
    pub sql: String,
    /// Its file below the project's folder.
    pub path: String,
    /// Its table in the lake; `None` when it is a view, or not built.
    pub table: Option<TableFacts>,
    /// The tables of rows that it does not take.
    pub asides: Vec<AsideDescription>,
}

/// A table of rows that a model does not take.
#[derive(Debug, Clone)]
pub struct AsideDescription {
    /// Its name.
    pub name: ModelName,
    /// Why rows are there.
    pub kind: Aside,
    /// Its columns.
    pub columns: Vec<ColumnDescription>,
    /// The table in the lake, when it is there.
    pub table: Option<TableFacts>,
}

/// Why rows are put aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aside {
    /// An expectation refuses them.
    Quarantine,
    /// They came too late.
    Late,
}

/// What must be true of a model's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectationDescription {
    /// What it is called.
    pub name: String,
    /// The word for its rule, such as `not_null`.
    pub kind: &'static str,
    /// The rule in words.
    pub rule: String,
    /// The columns that it names; empty for an expression.
    pub columns: Vec<String>,
    /// What becomes of a row that breaks it, as a word: `fail`, `warn`, `quarantine`.
    pub on_failure: &'static str,
    /// The same as a sentence.
    pub consequence: String,
}

/// A measure of the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasureDescription {
    /// Its name in the catalog.
    pub name: String,
    /// What a dashboard calls it.
    pub label: String,
    /// The aggregate expression.
    pub expr: String,
    /// How it is written: `count`, `money`, `percent`.
    pub format: &'static str,
    /// What is counted and what is not.
    pub description: String,
}

/// What is made of tables of the lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExposureDescription {
    /// Its name.
    pub name: String,
    /// What it is, such as `dashboard`.
    pub kind: String,
    /// Where it is.
    pub url: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// What it is, in a sentence.
    pub description: Option<String>,
    /// The tables that it reads.
    pub reads: Vec<String>,
}

/// A table as its log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFacts {
    /// The version of its last commit.
    pub version: u64,
    /// When that was.
    pub committed_at: Option<DateTime<Utc>>,
    /// Its rows.
    pub n_rows: u64,
    /// Its data files.
    pub n_files: usize,
    /// The size of its data files.
    pub size_bytes: u64,
}
