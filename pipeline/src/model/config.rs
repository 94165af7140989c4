//! What a model says of its table, as YAML: how it is kept, laid out, described and checked.

mod form;

pub(super) use form::{ConfigError, parse};

use super::ModelName;
use super::read::Read;
use crate::duration::Span;
use crate::expectation::{self, Expectation, Freshness};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// Everything that a model says besides its query.
#[derive(Debug, Clone, Default)]
pub struct ModelConfig {
    /// What a row is.
    pub description: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// How its table follows its inputs.
    pub materialization: Materialization,
    /// How its files are laid out.
    pub layout: Layout,
    /// What is said of its columns, by name.
    pub columns: BTreeMap<String, String>,
    /// What must be true of its rows.
    pub expectations: Vec<Expectation>,
    /// How old its newest row may be.
    pub freshness: Option<Freshness>,
}

/// How a table's files are laid out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    /// Delta partition columns.
    pub partition_by: Vec<String>,
    /// The order of the rows, ascending, nulls last. It makes the ranges of files, row groups and
    /// pages narrow, so that a filter on the first column reads little.
    pub sort_by: Vec<String>,
    /// Columns along which upkeep orders the rows on a Z-order curve.
    pub zorder_by: Vec<String>,
    /// The column along whose order upkeep cuts files of the target size.
    pub cluster_by: Option<String>,
}

/// How a table follows its inputs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Materialization {
    /// Computed whole when something changed.
    #[default]
    Full,
    /// Not stored: its query stands for it wherever it is read.
    View,
    /// The query over the new rows of one input, added.
    Append(Append),
    /// The query over the new rows of one input, put in by key.
    Merge(Merge),
    /// The buckets that changed rows touch are computed again.
    Incremental {
        /// The column that names the bucket.
        by: String,
    },
    /// Every state that a row had, with the time in which it was valid.
    Snapshot {
        /// What names a row.
        key: Vec<String>,
        /// The column with the time since which the state is valid; without it the time of the build.
        valid_from: Option<String>,
    },
}

/// How rows are added.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Append {
    /// Whose new rows are taken; the only table that is read when it is `None`.
    pub input: Option<Read>,
    /// How new rows are known; by the input's own account when it is `None`.
    pub watermark: Option<Watermark>,
    /// What is done with late and repeated rows before the query.
    pub stream: Option<Stream>,
}

/// How rows are put in by key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Merge {
    /// Whose new rows are taken; the only table that is read when it is `None`.
    pub input: Option<Read>,
    /// How new rows are known; by the input's own account when it is `None`.
    pub watermark: Option<Watermark>,
    /// What names a row.
    pub key: Vec<String>,
    /// Of rows with one key the greatest in these columns wins, also against the table's.
    pub newest_by: Vec<String>,
    /// A boolean column of the query: true removes the key.
    pub deleted: Option<String>,
}

/// New rows are those whose column is not below the greatest value seen, less an overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watermark {
    /// A column of the input.
    pub column: String,
    /// How far behind the greatest value rows may still arrive.
    pub overlap: Option<Span>,
}

/// Rows taken in the order of their arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// When the event happened.
    pub event_time: String,
    /// How far behind the newest event a row may still arrive.
    pub watermark: Span,
    /// What names an event: a second row of one name within the watermark is dropped.
    pub dedupe: Option<String>,
    /// The table of late rows.
    pub late: Option<ModelName>,
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigRule {
    /// A word that says how a table is kept is missing or too much.
    #[error("`{key}` is for {wanted} models, this one is {found}")]
    Foreign {
        /// The key.
        key: &'static str,
        /// Which models have it.
        wanted: &'static str,
        /// What this one is.
        found: Kind,
    },
    /// A key that this kind of model needs.
    #[error("{kind} needs `{key}`")]
    Missing {
        /// What the model is.
        kind: Kind,
        /// The key.
        key: &'static str,
    },
    /// A name that is none of a table's.
    #[error("{text:?} is not {wanted}")]
    Table {
        /// What is written.
        text: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// Something is wrong with what is said of the rows.
    #[error(transparent)]
    Expectation(#[from] expectation::ExpectationRule),
}

/// The word for a materialization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// [`Materialization::Full`].
    #[default]
    Full,
    /// [`Materialization::View`].
    View,
    /// [`Materialization::Append`].
    Append,
    /// [`Materialization::Merge`].
    Merge,
    /// [`Materialization::Incremental`].
    Incremental,
    /// [`Materialization::Snapshot`].
    Snapshot,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Full => "full",
            Kind::View => "view",
            Kind::Append => "append",
            Kind::Merge => "merge",
            Kind::Incremental => "incremental",
            Kind::Snapshot => "snapshot",
        })
    }
}

impl Materialization {
    /// The word for it.
    pub fn kind(&self) -> Kind {
        match self {
            Materialization::Full => Kind::Full,
            Materialization::View => Kind::View,
            Materialization::Append(_) => Kind::Append,
            Materialization::Merge(_) => Kind::Merge,
            Materialization::Incremental { .. } => Kind::Incremental,
            Materialization::Snapshot { .. } => Kind::Snapshot,
        }
    }

    /// The input whose new rows are taken, where it is named.
    pub(crate) fn input(&self) -> Option<&Read> {
        match self {
            Materialization::Append(append) => append.input.as_ref(),
            Materialization::Merge(merge) => merge.input.as_ref(),
            _ => None,
        }
    }

    /// How new rows are known, where it is said.
    pub(crate) fn watermark(&self) -> Option<&Watermark> {
        match self {
            Materialization::Append(append) => append.watermark.as_ref(),
            Materialization::Merge(merge) => merge.watermark.as_ref(),
            _ => None,
        }
    }

    /// What is done with late and repeated rows.
    pub(crate) fn stream(&self) -> Option<&Stream> {
        match self {
            Materialization::Append(append) => append.stream.as_ref(),
            _ => None,
        }
    }
}
