//! A model's configuration as it is written.

use super::{
    Append, ConfigRule, Kind, Layout, Materialization, Merge, ModelConfig, Stream, Watermark,
};
use crate::duration::Span;
use crate::expectation;
use crate::model::Layer;
use crate::model::read::{self, Read};
use crate::project::Place;
use crate::yaml::{self, NotYaml};
use serde::Deserialize;
use serde_saphyr::Spanned;

/// The configuration as it is written.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Form {
    #[serde(deserialize_with = "crate::yaml::given")]
    description: Option<String>,
    #[serde(deserialize_with = "crate::yaml::given")]
    owner: Option<String>,
    #[serde(deserialize_with = "crate::yaml::given")]
    materialized: Option<Spanned<Kind>>,
    #[serde(deserialize_with = "crate::yaml::given")]
    key: Option<Spanned<Vec<String>>>,
    #[serde(deserialize_with = "crate::yaml::given")]
    input: Option<Spanned<String>>,
    #[serde(deserialize_with = "crate::yaml::given")]
    newest_by: Option<Spanned<Vec<String>>>,
    #[serde(deserialize_with = "crate::yaml::given")]
    deleted: Option<Spanned<String>>,
    #[serde(deserialize_with = "crate::yaml::given")]
    watermark: Option<Spanned<WatermarkForm>>,
    #[serde(deserialize_with = "crate::yaml::given")]
    by: Option<Spanned<Vec<String>>>,
    #[serde(deserialize_with = "crate::yaml::given")]
    valid_from: Option<Spanned<String>>,
    #[serde(deserialize_with = "crate::yaml::given")]
    stream: Option<Spanned<StreamForm>>,
    partition_by: Vec<String>,
    sort_by: Vec<String>,
    zorder_by: Vec<String>,
    #[serde(deserialize_with = "crate::yaml::given")]
    cluster_by: Option<String>,
    columns: expectation::ColumnForms,
    expectations: expectation::ExpectationForms,
    #[serde(deserialize_with = "crate::yaml::given")]
    freshness: Option<expectation::FreshnessForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WatermarkForm {
    column: String,
    #[serde(default, deserialize_with = "crate::yaml::given")]
    overlap: Option<Span>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StreamForm {
    event_time: String,
    watermark: Span,
    #[serde(default, deserialize_with = "crate::yaml::given")]
    dedupe: Option<String>,
    #[serde(default, deserialize_with = "crate::yaml::given")]
    late: Option<Spanned<String>>,
}

/// What is wrong with a configuration, and where.
#[derive(Debug)]
pub(in crate::model) enum ConfigError {
    /// It is not YAML, or has a key that does not exist.
    Syntax(Place, String),
    /// It breaks a rule.
    Rule(Place, ConfigRule),
}

/// Reads the configuration `text` of a model of `layer`.
pub(in crate::model) fn parse(layer: Layer, text: &str) -> Result<ModelConfig, ConfigError> {
    if text.trim().is_empty() {
        return Ok(ModelConfig::default());
    }
    let form: Form = yaml::parse(text)
        .map_err(|NotYaml { place, reason }| ConfigError::Syntax(place, reason))?;
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

    fn kind(&self) -> Kind {
        self.materialized.as_ref().map(|kind| kind.value).unwrap_or_default()
    }

    /// A key that the model's kind does not have is a mistake that would pass unnoticed.
    fn refuse_foreign(&self) -> Result<(), ConfigError> {
        let found = self.kind();
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
        let kind = self.kind();
        let place = self.materialized.as_ref().map(place_of).unwrap_or_default();
        let missing = |key| rule(place, ConfigRule::Missing { kind, key });
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
