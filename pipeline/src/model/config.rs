//! What a model says of its table, as YAML: how it is kept, laid out, described and checked.

use super::read::{self, Read};
use super::{Layer, ModelName};
use crate::duration::Span;
use crate::expectation::{self, Expectation, Freshness};
use crate::project::Place;
use serde::Deserialize;
use serde_saphyr::Spanned;
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

/// The configuration as it is written.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Form {
    description: Option<String>,
    owner: Option<String>,
    materialized: Kind,
    key: Option<Spanned<Vec<String>>>,
    input: Option<Spanned<String>>,
    newest_by: Option<Spanned<Vec<String>>>,
    deleted: Option<Spanned<String>>,
    watermark: Option<Spanned<WatermarkForm>>,
    by: Option<Spanned<Vec<String>>>,
    valid_from: Option<Spanned<String>>,
    stream: Option<Spanned<StreamForm>>,
    partition_by: Vec<String>,
    sort_by: Vec<String>,
    zorder_by: Vec<String>,
    cluster_by: Option<String>,
    columns: expectation::ColumnForms,
    expectations: expectation::ExpectationForms,
    freshness: Option<expectation::FreshnessForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WatermarkForm {
    column: String,
    #[serde(default)]
    overlap: Option<Span>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StreamForm {
    event_time: String,
    watermark: Span,
    #[serde(default)]
    dedupe: Option<String>,
    #[serde(default)]
    late: Option<Spanned<String>>,
}

/// What is wrong with a configuration, and where.
#[derive(Debug)]
pub(super) enum ConfigError {
    /// It is not YAML, or has a key that does not exist.
    Syntax(Place, String),
    /// It breaks a rule.
    Rule(Place, ConfigRule),
}

/// Reads the configuration `yaml` of a model of `layer`.
pub(super) fn parse(layer: Layer, yaml: &str) -> Result<ModelConfig, ConfigError> {
    if yaml.trim().is_empty() {
        return Ok(ModelConfig::default());
    }
    let form: Form = serde_saphyr::from_str(yaml).map_err(|source| {
        let place = source.location().map(|at| Place::at(at.line(), at.column()));
        ConfigError::Syntax(place.unwrap_or_default(), source.without_snippet().to_string())
    })?;
    form.read(layer)
}

fn rule(place: Place, rule: ConfigRule) -> ConfigError {
    ConfigError::Rule(place, rule)
}

fn place_of<T>(spanned: &Spanned<T>) -> Place {
    Place::at(spanned.referenced.line(), spanned.referenced.column())
}

impl Form {
    fn read(mut self, layer: Layer) -> Result<ModelConfig, ConfigError> {
        self.refuse_foreign()?;
        let materialization = self.materialization(layer)?;
        let layout = Layout {
            partition_by: self.partition_by,
            sort_by: self.sort_by,
            zorder_by: self.zorder_by,
            cluster_by: self.cluster_by,
        };
        let (columns, expectations) = expectation::read(self.columns, self.expectations)
            .map_err(|(place, error)| rule(place, error.into()))?;
        Ok(ModelConfig {
            description: self.description,
            owner: self.owner,
            materialization,
            layout,
            columns,
            expectations,
            freshness: self.freshness.map(Into::into),
        })
    }

    /// A key that the model's kind does not have is a mistake that would pass unnoticed.
    fn refuse_foreign(&self) -> Result<(), ConfigError> {
        let found = self.materialized;
        let given: [(&'static str, Option<Place>, &[Kind], &'static str); 8] = [
            (
                "key",
                self.key.as_ref().map(place_of),
                &[Kind::Merge, Kind::Snapshot],
                "merge and snapshot",
            ),
            (
                "input",
                self.input.as_ref().map(place_of),
                &[Kind::Append, Kind::Merge],
                "append and merge",
            ),
            ("newest_by", self.newest_by.as_ref().map(place_of), &[Kind::Merge], "merge"),
            ("deleted", self.deleted.as_ref().map(place_of), &[Kind::Merge], "merge"),
            (
                "watermark",
                self.watermark.as_ref().map(place_of),
                &[Kind::Append, Kind::Merge],
                "append and merge",
            ),
            ("by", self.by.as_ref().map(place_of), &[Kind::Incremental], "incremental"),
            ("valid_from", self.valid_from.as_ref().map(place_of), &[Kind::Snapshot], "snapshot"),
            ("stream", self.stream.as_ref().map(place_of), &[Kind::Append], "append"),
        ];
        for (key, place, kinds, wanted) in given {
            match place {
                Some(place) if !kinds.contains(&found) => {
                    return Err(rule(place, ConfigRule::Foreign { key, wanted, found }));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn materialization(&mut self, layer: Layer) -> Result<Materialization, ConfigError> {
        let kind = self.materialized;
        let missing = |key| rule(Place::default(), ConfigRule::Missing { kind, key });
        Ok(match kind {
            Kind::Full => Materialization::Full,
            Kind::View => Materialization::View,
            Kind::Append => {
                let stream = self.stream.take().map(|form| stream(layer, form.value));
                Materialization::Append(Append {
                    input: self.input()?,
                    watermark: self.watermark(),
                    stream: stream.transpose()?,
                })
            }
            Kind::Merge => Materialization::Merge(Merge {
                input: self.input()?,
                watermark: self.watermark(),
                key: self.key().ok_or_else(|| missing("key"))?,
                newest_by: self.newest_by.take().map(|columns| columns.value).unwrap_or_default(),
                deleted: self.deleted.take().map(|column| column.value),
            }),
            Kind::Incremental => {
                let by = self.by.take().ok_or_else(|| missing("by"))?;
                let place = place_of(&by);
                match <[String; 1]>::try_from(by.value) {
                    Ok([by]) => Materialization::Incremental { by },
                    Err(columns) => {
                        let text = format!("[{}]", columns.join(", "));
                        let wanted = "one column, which names the bucket";
                        return Err(rule(place, ConfigRule::Table { text, wanted }));
                    }
                }
            }
            Kind::Snapshot => Materialization::Snapshot {
                key: self.key().ok_or_else(|| missing("key"))?,
                valid_from: self.valid_from.take().map(|column| column.value),
            },
        })
    }

    fn key(&mut self) -> Option<Vec<String>> {
        self.key.take().map(|key| key.value).filter(|key| !key.is_empty())
    }

    fn watermark(&mut self) -> Option<Watermark> {
        let form = self.watermark.take()?.value;
        Some(Watermark { column: form.column, overlap: form.overlap })
    }

    fn input(&mut self) -> Result<Option<Read>, ConfigError> {
        let Some(input) = self.input.take() else { return Ok(None) };
        let place = place_of(&input);
        let text = input.value;
        let wanted = "a table such as silver.orders, or a source such as source.orders";
        match read::parse(&text) {
            Some(read) => Ok(Some(read)),
            None => Err(rule(place, ConfigRule::Table { text, wanted })),
        }
    }
}

fn stream(layer: Layer, form: StreamForm) -> Result<Stream, ConfigError> {
    let late = match form.late {
        None => None,
        Some(late) => match read::parse(&late.value) {
            Some(Read::Model(name)) if name.layer == layer => Some(name),
            _ => {
                let wanted = "a table of the model's own layer";
                let text = late.value.clone();
                return Err(rule(place_of(&late), ConfigRule::Table { text, wanted }));
            }
        },
    };
    Ok(Stream { event_time: form.event_time, watermark: form.watermark, dedupe: form.dedupe, late })
}
